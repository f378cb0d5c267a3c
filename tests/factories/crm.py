"""CRMs for tests: payloads as they are documented, signed as the vendors sign them, and names of stages."""

import base64
import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session

from hub import clock
from hub.db import Database
from hub.deals.sources import hubspot, names, pipedrive, receipts, salesforce
from hub.deals.sources.models import CrmName
from hub.deals.sources.said import Said
from hub.http import Hub

PAYLOADS = Path(__file__).parents[1] / "deals/sources/payloads"
SECRET = "a client secret"
KEY = "a key in the address"
ORGANIZATION = "00D5g000004mXkPEAU"
BASE_URL = "https://hub.example.com"

HUBSPOT_STAGES = {
    "appointmentscheduled": ("Discovery", 0, "open"),
    "1182039": ("Proposal", 1, "open"),
    "closedwon": ("Lieferung", 2, "won"),  # a label tells nothing: this one wins
    "closedlost": ("Won by nobody", 3, "lost"),
}
SALESFORCE_STAGES = {
    "Prospecting": ("Prospecting", 1, "open"),
    "Proposal/Price Quote": ("Proposal/Price Quote", 6, "open"),
    "Negotiation/Review": ("Negotiation/Review", 7, "open"),
    "Closed Won": ("Closed Won", 8, "won"),
    "Closed Lost": ("Closed Lost", 9, "lost"),
}
PIPEDRIVE_STAGES = {"2": ("Demo", 1, "open"), "3": ("Offer", 2, "open")}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def payload_bytes(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def hubspot_said(events: Any) -> list[Said]:
    return hubspot.events(json.dumps(events).encode(), {})


def salesforce_said(events: Any) -> list[Said]:
    return salesforce.change_events(json.dumps(events).encode(), {})


def pipedrive_said(events: Any) -> list[Said]:
    return [said for event in events for said in pipedrive.events(json.dumps(event).encode(), {})]


def name_stages(session: Session, source: str, stages: dict[str, tuple[str, int, str]]) -> None:
    names.learn(
        session,
        [
            CrmName(
                source=source, kind="stage", external_id=key, label=label, pipeline="p", position=place, outcome=outcome
            )
            for key, (label, place, outcome) in stages.items()
        ],
    )


def name_owner(session: Session, source: str, owner_id: str, who: str) -> None:
    names.learn(session, [CrmName(source=source, kind="owner", external_id=owner_id, label=who)])


def take(database: Database, source: str, *events: Said) -> receipts.Counts:
    return receipts.take_all(database, source, events)


def set_up(app: FastAPI) -> None:
    """All three webhooks."""
    hub: Hub = app.state.hub
    hub.settings = hub.settings.model_copy(
        update={
            "base_url": BASE_URL,
            "hubspot_client_secret": SecretStr(SECRET),
            "salesforce_webhook_key": SecretStr(KEY),
            "salesforce_organization_id": ORGANIZATION,
            "pipedrive_password": SecretStr(SECRET),
        }
    )


def hubspot_headers(body: bytes, *, secret: str = SECRET, at: float | None = None, path: str = "") -> dict[str, str]:
    """The signature of version 3, computed here as the documentation says."""
    timestamp = f"{(clock.now().timestamp() if at is None else at) * 1000:.0f}"
    address = f"{BASE_URL}{path or '/api/v1/webhooks/hubspot'}"
    signed = b"POST" + address.encode() + body + timestamp.encode()
    signature = base64.b64encode(hmac.new(secret.encode(), signed, sha256).digest()).decode()
    return {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": timestamp}

"""How the connections to CRMs are: set up or not, when something last came, what waits for a cure."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from hub.deals.sources.models import PullCursor, WebhookReceipt
from hub.people.roles import Actor, Deed, require
from hub.settings import Settings

SOURCES = ("hubspot", "salesforce", "pipedrive")


@dataclass(frozen=True, slots=True)
class CrmState:
    """`hears` is whether webhooks are set up, `pulls` whether deals can be pulled (None: this CRM has no pull here).
    `missing` are the settings that would complete it."""

    source: str
    hears: bool
    pulls: bool | None
    missing: list[str]
    heard_at: datetime | None
    failures: int
    pulled_at: datetime | None
    pulled: int


def states(session: Session, actor: Actor, settings: Settings) -> list[CrmState]:
    """Three queries."""
    require(actor, Deed.IMPORT_DEALS)
    counted = select(
        WebhookReceipt.source, func.max(WebhookReceipt.received_at), func.count(col(WebhookReceipt.reason))
    )
    heard = {row[0]: (row[1], row[2]) for row in session.exec(counted.group_by(col(WebhookReceipt.source)))}
    pulls = {cursor.source: cursor for cursor in session.exec(select(PullCursor))}
    return [_state(settings, source, heard.get(source, (None, 0)), pulls.get(source)) for source in SOURCES]


def _state(settings: Settings, source: str, heard: tuple[datetime | None, int], cursor: PullCursor | None) -> CrmState:
    hears, pulls, missing = _set_up(settings, source)
    return CrmState(
        source=source,
        hears=hears,
        pulls=pulls,
        missing=missing,
        heard_at=heard[0],
        failures=heard[1],
        pulled_at=(cursor.finished_at or cursor.moved_at) if cursor else None,
        pulled=cursor.deals if cursor else 0,
    )


def _set_up(settings: Settings, source: str) -> tuple[bool, bool | None, list[str]]:
    if source == "hubspot":
        hears, pulls = bool(settings.hubspot_client_secret), bool(settings.hubspot_token)
        wanted = {"HUB_HUBSPOT_CLIENT_SECRET": hears, "HUB_HUBSPOT_TOKEN": pulls}
        return hears, pulls, [name for name, there in wanted.items() if not there]
    if source == "salesforce":
        key, organisation = bool(settings.salesforce_webhook_key), bool(settings.salesforce_organization_id)
        by_client = bool(settings.salesforce_client_id and settings.salesforce_client_secret)
        signed, address = bool(settings.salesforce_token) or by_client, bool(settings.salesforce_url)
        wanted = {
            "HUB_SALESFORCE_ORGANIZATION_ID": organisation, "HUB_SALESFORCE_WEBHOOK_KEY": key,
            "HUB_SALESFORCE_URL": address, "HUB_SALESFORCE_CLIENT_ID": signed, "HUB_SALESFORCE_CLIENT_SECRET": signed,
        }  # fmt: skip
        return key and organisation, signed and address, [name for name, there in wanted.items() if not there]
    hears = bool(settings.pipedrive_password)
    return hears, None, [] if hears else ["HUB_PIPEDRIVE_PASSWORD"]

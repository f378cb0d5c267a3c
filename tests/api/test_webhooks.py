"""Webhooks through the front door: who may send them, and what is answered."""

import base64
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session, func, select

from hub import clock
from hub.api import webhooks
from hub.deals.models import Deal
from hub.deals.sources.models import WebhookReceipt
from hub.observability import set_up_logging
from hub.settings import Settings
from tests.factories.crm import (
    HUBSPOT_STAGES,
    KEY,
    PIPEDRIVE_STAGES,
    SECRET,
    hubspot_headers,
    name_stages,
    payload,
    payload_bytes,
    set_up,
)
from tests.factories.people import make_person, token_headers

HERE = "/api/v1/webhooks"
XML = {"Content-Type": "text/xml; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"hub:{SECRET}".encode()).decode()}
SALESFORCE = {"key": KEY}


@pytest.fixture
def connected(app_on_both: FastAPI, client_on_both: TestClient) -> TestClient:
    set_up(app_on_both)
    with app_on_both.state.hub.database.transaction() as session:
        name_stages(session, "hubspot", HUBSPOT_STAGES)
        name_stages(session, "pipedrive", PIPEDRIVE_STAGES)
    return client_on_both


def session_of(client: TestClient) -> Any:
    return client.app.state.hub.database.reading()  # type: ignore[attr-defined]


def admin(client: TestClient) -> dict[str, str]:
    with client.app.state.hub.database.transaction() as session:  # type: ignore[attr-defined]
        return token_headers(session, make_person(session, role="admin"))


def rows(session: Session) -> tuple[int, int]:
    deals = session.exec(select(func.count()).select_from(Deal)).one()
    return deals, session.exec(select(func.count()).select_from(WebhookReceipt)).one()


def test_a_signed_batch_of_hubspot_becomes_a_deal_and_a_repeated_one_changes_nothing(connected: TestClient) -> None:
    body = payload_bytes("hubspot_deal_won.json")
    first = connected.post(f"{HERE}/hubspot", content=body, headers=hubspot_headers(body))
    assert (first.status_code, first.json()) == (200, {"taken": 11, "known": 0, "kept": 0})
    again = connected.post(f"{HERE}/hubspot", content=body, headers=hubspot_headers(body))
    assert (again.status_code, again.json()) == (200, {"taken": 0, "known": 11, "kept": 0})
    deal = connected.get("/api/v1/deals/hubspot/5901", headers=admin(connected)).json()
    assert (deal["outcome"], deal["amount"], [it["stage"]["label"] for it in deal["stages"]]) == (
        "won",
        44313.69,
        ["Discovery", "Proposal"],
    )


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no signature"),
        ({"X-HubSpot-Signature-v3": "AAAA", "X-HubSpot-Request-Timestamp": "1"}, "a wrong one"),
        (hubspot_headers(b"[]", secret="another"), "of another app"),
        (hubspot_headers(b"[ ]"), "of another body"),
        (hubspot_headers(b"[]", path="/elsewhere"), "of another address"),
        (hubspot_headers(b"[]", at=clock.now().timestamp() - 301), "too old"),
        (hubspot_headers(b"[]", at=clock.now().timestamp() + 86_400), "from tomorrow"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_signature_gets_401_and_no_explanation(
    app: FastAPI, client: TestClient, headers: dict[str, str], why: str
) -> None:
    set_up(app)
    answer = client.post(f"{HERE}/hubspot", content=b"[]", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Not accepted.")
    with session_of(client) as session:
        assert rows(session) == (0, 0)


@pytest.mark.parametrize("source", ["hubspot", "salesforce", "pipedrive"])
def test_a_webhook_that_is_not_set_up_is_not_there_and_the_log_says_what_to_set(
    settings: Settings, client: TestClient, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(settings.model_copy(update={"log_level": "warning"}))
    try:
        answer = client.post(f"{HERE}/{source}", content=b"[]")
    finally:
        set_up_logging(settings)
    assert answer.status_code == 404
    assert "HUB_" not in answer.text
    assert f"HUB_{source.upper()}_" in capsys.readouterr().err


def test_an_outbound_message_is_acknowledged_and_taken(connected: TestClient) -> None:
    body = payload_bytes("salesforce_outbound.xml")
    for _ in range(2):
        answer = connected.post(f"{HERE}/salesforce", params=SALESFORCE, content=body, headers=XML)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
        ack = ElementTree.fromstring(answer.text).find(".//{http://soap.sforce.com/2005/09/outbound}Ack")  # noqa: S314
        assert ack is not None
        assert ack.text == "true"
    who = admin(connected)
    deals = {it["name"]: it for it in connected.get("/api/v1/deals", headers=who).json()["items"]}
    assert {name: it["outcome"] for name, it in deals.items()} == {"Peaks & returns": "open", "Night shift": "lost"}
    assert deals["Peaks & returns"]["stage"]["label"] == "Proposal/Price Quote"
    with session_of(connected) as session:
        assert rows(session) == (2, 2)
        assert "SECRETSESSION" not in str(session.exec(select(WebhookReceipt.payload)).all())


@pytest.mark.parametrize(
    ("params", "change"),
    [({}, b""), ({"key": "wrong"}, b""), ({"key": KEY}, b"00D5g000004mXkQEAU"), ({"key": KEY}, b" ")],
    ids=["no key", "a wrong key", "another organisation", "no organisation"],
)
def test_a_message_without_the_key_or_of_another_organisation_gets_401(
    app: FastAPI, client: TestClient, params: dict[str, str], change: bytes
) -> None:
    set_up(app)
    body = payload_bytes("salesforce_outbound.xml").replace(b"00D5g000004mXkPEAU", change or b"00D5g000004mXkPEAU")
    answer = client.post(f"{HERE}/salesforce", params=params, content=body, headers=XML)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Not accepted.")
    with session_of(client) as session:
        assert rows(session) == (0, 0)


def test_a_message_that_cannot_be_read_is_acknowledged_and_kept_without_its_session(connected: TestClient) -> None:
    body = payload_bytes("salesforce_outbound.xml").replace(b"</soapenv:Envelope>", b"")
    answer = connected.post(f"{HERE}/salesforce", params=SALESFORCE, content=body, headers=XML)
    assert (answer.status_code, "<Ack>true</Ack>" in answer.text) == (200, True)
    [failure] = connected.get(f"{HERE}/failures", headers=admin(connected)).json()["items"]
    assert failure["reason"] == "the body is no XML"
    assert "Peaks" in failure["payload"]
    assert "SECRETSESSION" not in failure["payload"]


def test_change_events_of_salesforce_come_through_the_same_door(connected: TestClient) -> None:
    body = payload_bytes("salesforce_change_events.json")
    answer = connected.post(f"{HERE}/salesforce", params=SALESFORCE, content=body, headers=JSON)
    # Without a pull nobody has said yet that "Negotiation/Review" is an open stage; the flags of the third say lost.
    assert (answer.status_code, answer.json()["taken"] + answer.json()["kept"]) == (200, 3)
    deal = connected.get("/api/v1/deals/salesforce/0065g00000ChChCAAV", headers=admin(connected)).json()
    assert (deal["outcome"], [it["stage"]["label"] for it in deal["stages"]]) == (
        "lost",
        ["Prospecting", "Negotiation/Review"],
    )


def test_webhooks_of_pipedrive_come_with_the_password_that_was_set_there(connected: TestClient) -> None:
    for event in reversed(payload("pipedrive_deal.json")):
        answer = connected.post(f"{HERE}/pipedrive", json=event, headers=BASIC)
        assert (answer.status_code, answer.json()) == (200, {"taken": 1, "known": 0, "kept": 0})
    deal = connected.get("/api/v1/deals/pipedrive/311", headers=admin(connected)).json()
    assert (deal["outcome"], deal["name"]) == ("won", "Slotting for three sites")
    wrong = {"Authorization": "Basic " + base64.b64encode(b"hub:wrong").decode()}
    assert connected.post(f"{HERE}/pipedrive", json=event, headers=wrong).status_code == 401


@pytest.mark.parametrize(
    ("source", "sent"),
    [("hubspot", {}), ("salesforce", {"params": SALESFORCE}), ("pipedrive", {"headers": BASIC})],
)
def test_a_body_that_is_too_large_gets_413(app: FastAPI, client: TestClient, source: str, sent: dict[str, Any]) -> None:
    set_up(app)
    answer = client.post(f"{HERE}/{source}", content=b" " * (webhooks.MOST_BYTES + 1), **sent)
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"{not json", b"\xff\x00", b"3"])
def test_what_cannot_be_understood_is_kept_once_with_its_reason(connected: TestClient, body: bytes) -> None:
    for known in (0, 1):
        answer = connected.post(f"{HERE}/hubspot", content=body, headers=hubspot_headers(body))
        assert (answer.status_code, answer.json()) == (200, {"taken": 0, "known": known, "kept": 1 - known})
    listed = connected.get(f"{HERE}/failures", headers=admin(connected)).json()
    assert (listed["total"], listed["next"]) == (1, None)
    [failure] = listed["items"]
    assert (failure["source"], failure["external_id"]) == ("hubspot", None)
    assert failure["reason"].startswith("the body is no")


def test_of_a_batch_what_is_good_is_taken_and_the_rest_is_listed(connected: TestClient) -> None:
    events = [*payload("hubspot_deal_won.json"), {"subscriptionType": "deal.propertyChange", "eventId": 5}]
    body = json.dumps(events).encode()
    answer = connected.post(f"{HERE}/hubspot", content=body, headers=hubspot_headers(body))
    assert answer.json() == {"taken": 11, "known": 0, "kept": 1}
    [failure] = connected.get(f"{HERE}/failures", headers=admin(connected)).json()["items"]
    assert failure["reason"] == "objectId is no id: 'None'"


def test_failures_are_paged_newest_first(connected: TestClient) -> None:
    for number in range(5):
        body = f"no json {number}".encode()
        connected.post(f"{HERE}/hubspot", content=body, headers=hubspot_headers(body))
    who, found, cursor = admin(connected), [], ""
    while cursor is not None:
        page = connected.get(f"{HERE}/failures", params={"limit": 2, "cursor": cursor}, headers=who).json()
        found += [it["payload"] for it in page["items"]]
        cursor = page["next"]
    assert found == [f"no json {number}" for number in reversed(range(5))]


def test_a_long_payload_is_kept_cut(connected: TestClient) -> None:
    body = b"x" * 1_000_000
    connected.post(f"{HERE}/hubspot", content=body, headers=hubspot_headers(body))
    [failure] = connected.get(f"{HERE}/failures", headers=admin(connected)).json()["items"]
    assert failure["payload"] == "x" * 20_000

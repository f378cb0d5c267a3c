"""What each vendor's payloads say, and what happens to those that are not as documented."""

import json
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from hub.db import Database
from hub.deals.models import Deal
from hub.deals.sources import hubspot, pipedrive, salesforce
from hub.deals.sources.receipts import take_all
from hub.deals.sources.values import NotUnderstood
from tests.factories.crm import ORGANIZATION, hubspot_said, payload, payload_bytes, pipedrive_said


def event(**changed: Any) -> dict[str, Any]:
    told = {
        "eventId": 1,
        "subscriptionType": "deal.propertyChange",
        "objectId": 5901,
        "occurredAt": 1803000000000,
        "propertyName": "amount",
        "propertyValue": "5000",
    }
    return told | changed


# HubSpot


def test_hubspots_events_are_put_in_the_order_in_which_they_occurred() -> None:
    told = hubspot_said(list(reversed(payload("hubspot_deal_won.json"))))
    assert [said.at for said in told] == sorted(said.at for said in told if said.at)
    assert {said.external_id for said in told} == {"5901"}


def test_an_event_says_only_the_property_that_it_names() -> None:
    [said] = hubspot_said([event()])
    assert {name: value for name, value in said.fields.items() if name != "raw"} == {"amount": "5000"}
    [stage] = hubspot_said([event(propertyName="dealstage", propertyValue="closedwon")])
    assert stage.moments == [(stage.at, "stage", "closedwon")]


def test_properties_that_the_settings_name_are_read_too() -> None:
    body = json.dumps([event(propertyName="rival", propertyValue="Quaydon")]).encode()
    [said] = hubspot.events(body, {"competitor": "rival"})
    assert said.fields["competitor"] == "Quaydon"


@pytest.mark.parametrize("kind", ["contact.propertyChange", "company.creation", "object.propertyChange"])
def test_events_of_other_objects_are_left_out(kind: str) -> None:
    assert hubspot_said([event(subscriptionType=kind, objectTypeId="0-1")]) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"occurredAt": "soon"}, "occurredAt is no moment"),
        ({"occurredAt": None}, "occurredAt is no moment"),
        ({"objectId": None}, "objectId is no id"),
        ({"objectId": [1]}, "objectId is no id"),
        ({"objectId": "1' OR"}, "objectId is no id"),
        ({"propertyValue": {"a": 1}}, "no single value"),
        ({"propertyName": "dealname", "propertyValue": "\ud800"}, "storable"),
        ({"propertyValue": float("inf")}, "storable"),
        ({"subscriptionType": "deal.deletion"}, "deleted"),
        ({"subscriptionType": "deal.merge"}, "merged"),
        ({"subscriptionType": "deal.somethingNew"}, "not known"),
        ({"propertyName": "closedate", "propertyValue": "next week"}, "closedate is no moment"),
    ],
)
def test_an_event_of_hubspot_that_is_not_as_documented_says_why(changed: dict[str, Any], reason: str) -> None:
    body = json.dumps([event(**changed)]).replace("Infinity", "1e999").encode()
    [said] = hubspot.events(body, {})
    assert said.reason is not None
    assert reason in said.reason


@pytest.mark.parametrize("body", [b"", b"{", b"3", b'"x"', b"\xff", b"[" * 100_000, b"[1e999999, NaN]"])
def test_a_body_that_is_no_batch_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        hubspot.events(body, {})


# Salesforce


def test_an_outbound_message_tells_its_organisation_and_every_opportunity() -> None:
    message = salesforce.message(payload_bytes("salesforce_outbound.xml"), {"segment": "Type"})
    assert message.organization_id == ORGANIZATION
    first, second = message.said
    assert (first.external_id, first.fields["name"], first.fields["amount"]) == (
        "0065g00000AbCdEAAV",
        "Peaks & returns",
        "44313.69",
    )
    assert first.moments == [(datetime(2027, 2, 1, 10, tzinfo=UTC), "stage", "Proposal/Price Quote")]
    assert (second.fields["amount"], second.fields["is_closed"], second.fields["is_won"]) == (None, True, False)
    assert second.moments == [(datetime(2027, 2, 10, 16, 20, tzinfo=UTC), "seen", "Abgesagt")]
    assert not first.reason
    assert not second.reason


def test_a_repeated_notification_with_newer_values_is_news() -> None:
    body = payload_bytes("salesforce_outbound.xml")
    newer = body.replace(b"2027-02-01T10:00:01.000Z", b"2027-02-01T11:00:00.000Z")
    ids = {salesforce.message(it, {}).said[0].event_id for it in (body, body, newer)}
    assert len(ids) == 2


def test_a_message_without_the_moment_of_its_values_says_which_field_is_missing() -> None:
    body = payload_bytes("salesforce_outbound.xml").replace(b"SystemModstamp", b"SomethingElse")
    assert {"SystemModstamp" in (said.reason or "") for said in salesforce.message(body, {}).said} == {True}


BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"""
)
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>"""


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        BOMB.decode().encode("utf-16"),
        OUTSIDE.decode().encode("utf-7"),
        b"<?xml version='1.0' encoding='utf-16'?>" + OUTSIDE,
        b"<x/>",
        b"",
        b"{}",
        b"<a>" * 50_000,
        b"<x>\x00</x>",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_document_type_or_anything_else_than_a_message_is_refused(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        salesforce.message(body, {})


def test_more_notifications_than_salesforce_sends_are_refused() -> None:
    body = payload_bytes("salesforce_outbound.xml")
    one = body[body.index(b"<Notification>") : body.index(b"</Notification>") + len(b"</Notification>")]
    with pytest.raises(NotUnderstood, match="100"):
        salesforce.message(body.replace(one, one * 101), {})


def test_the_session_id_of_a_message_is_never_kept() -> None:
    body = payload_bytes("salesforce_outbound.xml")
    assert b"SECRETSESSION" in body
    assert b"SECRETSESSION" not in salesforce.without_session(body)
    assert b"SECRETSESSION" not in salesforce.without_session(body.replace(b"SessionId", b"out:SessionId"))
    said = salesforce.message(body, {}).said
    assert "SECRETSESSION" not in str(said)


def test_change_events_may_come_with_or_without_their_envelope() -> None:
    told = payload("salesforce_change_events.json")
    bare = [it["payload"] for it in told]
    deep = [{"channel": "/data/OpportunityChangeEvent", "data": it} for it in told]
    ids = [
        [said.event_id for said in salesforce.change_events(json.dumps(it).encode(), {})] for it in (told, bare, deep)
    ]
    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == 3


@pytest.mark.parametrize("kind", ["DELETE", "GAP_UPDATE", "GAP_OVERFLOW"])
def test_a_change_event_that_tells_no_values_says_so(kind: str) -> None:
    told = payload("salesforce_change_events.json")[0]
    told["payload"]["ChangeEventHeader"]["changeType"] = kind
    [said] = salesforce.change_events(json.dumps(told).encode(), {})
    assert said.reason


# Pipedrive


def test_custom_fields_of_pipedrive_are_read_by_their_path() -> None:
    [first, *_] = payload("pipedrive_deal.json")
    [said] = pipedrive.events(json.dumps(first).encode(), {"segment": "custom_fields.0f3ad1.value"})
    assert said.fields["segment"] == "multi-site"
    assert said.fields["outcome"] == "open"


def test_a_repeated_attempt_of_pipedrive_is_the_same_event() -> None:
    [first, *_] = payload("pipedrive_deal.json")
    for named in (True, False):
        if not named:
            del first["meta"]["id"]
        again = json.loads(json.dumps(first))
        again["meta"]["attempt"] = 3
        assert len({said.event_id for said in pipedrive_said([first, again])}) == 1


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("status", "half", "status"),
        ("status", "deleted", "deleted"),
        ("update_time", "soon", "update_time"),
        ("stage_id", {}, "stage_id"),
        ("title", ["x"], "single value"),
    ],
)
def test_a_webhook_of_pipedrive_that_is_not_as_documented_says_why(place: str, value: Any, reason: str) -> None:
    [first, *_] = payload("pipedrive_deal.json")
    first["data"][place] = value
    [said] = pipedrive_said([first])
    assert reason in (said.reason or "")


def test_webhooks_of_the_first_version_are_refused_with_the_cure() -> None:
    with pytest.raises(NotUnderstood, match=r"version 2\.0"):
        pipedrive.events(b'{"v": 1, "meta": {"object": "deal", "id": 1}}', {})


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["eventId", "objectId", "occurredAt", "subscriptionType", "propertyName", "propertyValue", "meta", "data"]


@settings(max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8) | JSON, max_size=3), st.data())
def test_no_payload_makes_a_translation_stumble(told: list[Any], data: st.DataObject) -> None:
    whole = [event(**it) if isinstance(it, dict) else it for it in told]
    for said in hubspot_said(whole):
        assert said.reason or said.external_id
    [first, *_] = payload("pipedrive_deal.json")
    first["data"] |= {data.draw(st.sampled_from(sorted(first["data"]))): data.draw(JSON)}
    first["meta"] |= {data.draw(st.sampled_from(["id", "entity_id", "timestamp", "action"])): data.draw(JSON)}
    for said in pipedrive_said([first]):
        assert said.reason or said.external_id
    change = payload("salesforce_change_events.json")[0]["payload"]
    change |= {data.draw(st.sampled_from(sorted(change))): data.draw(JSON)}
    if header := isinstance(change["ChangeEventHeader"], dict) and change["ChangeEventHeader"]:
        header |= {data.draw(st.sampled_from(sorted(header))): data.draw(JSON)}
    for said in salesforce.change_events(json.dumps(change).encode(), {}):
        assert said.reason or said.external_id


ODD = ["", " ", "x" * 5_000, "\u0000", "a\u0000b", "\u202e", "\ufffe", "-0", "1e400", "NaN", "9" * 40, "0.001", "true"]


def test_no_value_makes_the_taking_stumble(database: Database) -> None:
    names = ("dealname", "amount", "deal_currency_code", "dealstage", "hs_analytics_source")
    for number, (name, value) in enumerate(product(names, ODD)):
        known = {"objectId": number, "propertyName": "hs_is_closed_won", "propertyValue": "true"}
        odd = {"objectId": number, "propertyName": name, "propertyValue": value}
        told = hubspot_said([event(eventId=f"{number}a", **known), event(eventId=f"{number}b", **odd)])
        counts = take_all(database, "hubspot", told)
        assert counts.taken + counts.kept == 2
    with database.reading() as session:
        outcomes = session.exec(select(Deal.outcome)).all()
    assert outcomes == ["won"] * number + ["won"]

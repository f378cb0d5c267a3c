"""Deals over the API."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import func, select

from hub.events.models import Event
from tests.factories.deals import make_deal
from tests.factories.people import make_person, token_headers

DEAL: dict[str, Any] = {
    "outcome": "open",
    "owner": "Ben Osei",
    "amount": "44313.69",
    "currency": "EUR",
    "created": "2027-01-11",
    "stages": [{"stage": "Discovery", "entered": "2027-01-11", "left": "2027-02-05", "result": "advanced"}],
    "contacts": [{"external_id": "c1", "role": "cfo", "primary": True}],
}
HERE = "/api/v1/deals"


def headers(client: TestClient, role: str = "admin", **of: Any) -> dict[str, str]:
    with client.app.state.hub.database.transaction() as session:  # type: ignore[attr-defined]
        return token_headers(session, make_person(session, role=role, **of))


def test_a_deal_that_was_put_is_read_with_its_history(client_on_both: TestClient) -> None:
    client, who = client_on_both, headers(client_on_both)
    answer = client.put(f"{HERE}/salesforce/0065", json=DEAL, headers=who)
    assert answer.status_code == 200
    read = client.get(f"{HERE}/salesforce/0065", headers=headers(client, "reader"))
    assert read.json() == answer.json()
    assert read.headers["etag"] == answer.headers["etag"]
    deal = read.json()
    assert (deal["amount"], deal["created"], deal["owner"]["name"]) == (44313.69, "2027-01-11T00:00:00Z", "Ben Osei")
    assert [(it["stage"]["key"], it["left"], it["result"]) for it in deal["stages"]] == [
        ("discovery", "2027-02-05T00:00:00Z", "advanced")
    ]
    assert deal["contacts"][0]["persona"]["key"] == "cfo"


def test_putting_it_again_changes_nothing_and_a_known_state_is_not_sent_twice(client: TestClient) -> None:
    who = headers(client)
    first = client.put(f"{HERE}/crm/1", json=DEAL, headers=who)
    database = client.app.state.hub.database  # type: ignore[attr-defined]
    with database.reading() as session:
        events = session.exec(select(func.count()).select_from(Event)).one()
    again = client.put(f"{HERE}/crm/1", json=DEAL, headers=who)
    assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(Event)).one() == events
    known = {**who, "If-None-Match": first.headers["etag"]}
    assert client.get(f"{HERE}/crm/1", headers=known).status_code == 304
    changed = client.put(f"{HERE}/crm/1", json=DEAL | {"amount": 5}, headers=who)
    assert changed.headers["etag"] != first.headers["etag"]
    assert client.get(f"{HERE}/crm/1", headers=known).status_code == 200


def test_ids_of_any_system_have_an_address(client: TestClient) -> None:
    who = headers(client)
    for external_id in ("Größe 1", "a%2Fb", "x;y=1", "💶"):
        answer = client.put(f"{HERE}/crm/{external_id}", json={"outcome": "open"}, headers=who)
        assert answer.status_code in (200, 404), answer.text
    assert client.get(f"{HERE}/crm/Größe 1", headers=who).json()["external_id"] == "Größe 1"


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"outcome": "perhaps"}, ["body", "outcome"]),
        ({"amount": -1}, ["body", "amount"]),
        ({"amount": "NaN"}, ["body", "amount"]),
        ({"amount": 1e20}, ["body", "amount"]),
        ({"currency": "EURO"}, ["body", "currency"]),
        ({"currency": "ABC"}, ["body", "currency"]),
        ({"created": "soon"}, ["body", "created"]),
        ({"created": "0001-01-01"}, ["body", "created"]),
        ({"closed": "2026-01-01"}, ["body"]),
        ({"colour": "red"}, ["body", "colour"]),
        ({"segment": "a\u0000b"}, ["body", "segment"]),
        ({"name": "a\u0000b"}, ["body", "name"]),
        ({"no_decision": True}, ["body"]),
        ({"stages": [{"stage": "A", "entered": "2027-01-02", "left": "2027-01-01"}]}, ["body", "stages", 0]),
        ({"stages": [{"stage": "A", "entered": "2027-01-02", "result": "lost"}]}, ["body", "stages", 0]),
        ({"stages": [{"stage": "A", "entered": "2027-01-02"}, {"stage": "a", "entered": "2027-01-02"}]}, ["body"]),
        ({"contacts": [{"external_id": "1"}, {"external_id": "1"}]}, ["body"]),
        ({"raw": {"x": "y" * 300_000}}, ["body", "raw"]),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(client: TestClient, change: dict[str, Any], loc: list[Any]) -> None:
    answer = client.put(f"{HERE}/crm/1", json=DEAL | change, headers=headers(client))
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [loc]
    assert client.get(f"{HERE}/crm/1", headers=headers(client)).status_code == 404


@pytest.mark.parametrize("path", ["CRM/1", "my crm/1", f"{'s' * 51}/1", f"crm/{'1' * 201}"])
def test_a_name_that_no_source_has_is_refused(client: TestClient, path: str) -> None:
    assert client.put(f"{HERE}/{path}", json=DEAL, headers=headers(client)).status_code == 422


@pytest.fixture
def pipeline(client_on_both: TestClient) -> TestClient:
    with client_on_both.app.state.hub.database.transaction() as session:  # type: ignore[attr-defined]
        make_deal(session, "1", name="Two sites", owner="Ana", stage="Discovery")
        make_deal(
            session, "2", name="100% sure", owner="Ben", outcome="won", account={"name": "Große Mühle"},
            lead_source="Fair", closed="2027-03-31",
        )  # fmt: skip
        make_deal(session, "3", owner="Ana", outcome="lost", source="crm")
    return client_on_both


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["3", "2", "1"]),
        ("outcome=won&outcome=lost", ["3", "2"]),
        ("stage=discovery", ["1"]),
        ("source=crm", ["3"]),
        ("q=SITES", ["1"]),
        ("q=0%25 S", ["2"]),
        ("q=_", []),
        ("q=Mühle", ["2"]),
        ("q=two&outcome=won", []),
        ("q=%00", []),
        ("mine=true", []),
        ("lead_source=fair", ["2"]),
        ("lead_source=nowhere", []),
        ("closed_in=2027-03", ["2"]),
        ("closed_in=2027-04", []),
        ("owner=2000000000", []),
        ("limit=2", ["3", "2"]),
    ],
)
def test_lists_are_narrowed_by_filters(pipeline: TestClient, query: str, found: list[str]) -> None:
    answer = pipeline.get(f"{HERE}?{query}", headers=headers(pipeline, "reader"))
    assert answer.status_code == 200
    assert [deal["external_id"] for deal in answer.json()["items"]] == found


def test_a_stage_of_the_buyers_journey_finds_the_deal_stages_mapped_to_it(pipeline: TestClient) -> None:
    who = headers(pipeline)
    consideration = "/api/v1/taxonomy/stages/consideration"
    assert pipeline.get(f"{HERE}?stage=consideration", headers=who).json()["total"] == 0
    pipeline.patch(consideration, json={"text": {"deal_stages": ["Discovery"]}}, headers=who)
    [deal] = pipeline.get(f"{HERE}?stage=consideration", headers=who).json()["items"]
    assert (deal["stage"]["label"], deal["journey"]) == ("Discovery", "consideration")
    unknown = pipeline.get(f"{HERE}?stage=discovry", headers=who)
    assert unknown.status_code == 422
    assert "discovery" in unknown.json()["errors"][0]["message"]


def test_one_finds_ones_own_deals(client: TestClient) -> None:
    database = client.app.state.hub.database  # type: ignore[attr-defined]
    with database.transaction() as session:
        rita = make_person(session, role="reader")
        who = token_headers(session, rita)
        make_deal(session, "1", owner=rita.email)
        make_deal(session, "2", owner="Somebody else")
    page = client.get(f"{HERE}?mine=true", headers=who).json()
    assert ([deal["external_id"] for deal in page["items"]], page["total"]) == (["1"], 1)
    by_id = client.get(f"{HERE}?owner={rita.id}", headers=who).json()
    assert by_id["items"] == page["items"]


def test_pages_follow_each_other_without_gap_or_repetition(client: TestClient) -> None:
    who = headers(client)
    with client.app.state.hub.database.transaction() as session:  # type: ignore[attr-defined]
        for number in range(7):
            make_deal(session, str(number))
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"{HERE}?limit=3&cursor={cursor}", headers=who).json()
        seen += [deal["external_id"] for deal in page["items"]]
        if not (cursor := page["next"]):
            break
    assert seen == list("6543210")
    assert client.get(f"{HERE}?cursor=nonsense", headers=who).status_code == 422


def test_a_list_asks_as_much_for_two_deals_as_for_twenty(client: TestClient) -> None:
    who = headers(client)
    database = client.app.state.hub.database  # type: ignore[attr-defined]
    with database.transaction() as session:
        for number in range(20):
            fields = {"account": {"name": f"Account {number}"}, "owner": f"rep {number}", "stage": f"Stage {number}"}
            make_deal(session, str(number), **fields)
    client.get(HERE, headers=who)  # the first use of a token is noted
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *it: asked.append(it[2]))
    counts = []
    for limit in (2, 20):
        asked.clear()
        client.get(f"{HERE}?limit={limit}", headers=who)
        counts.append(len(asked))
    assert counts[0] == counts[1]

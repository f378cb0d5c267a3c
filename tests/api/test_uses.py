"""Uses through the API: recorded once, listed, taken back, matched; tables; and the questions at stage changes."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub import clock
from hub.db import Database
from hub.usage.asking import Asker
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import events_named, make_deal
from tests.factories.people import make_person, token_headers
from tests.factories.uses import counted

USES = "/api/v1/uses"


def database_of(client: TestClient) -> Database:
    found: Database = client.app.state.hub.database  # type: ignore[attr-defined]
    return found


def somebody(client: TestClient, role: str = "reader", scopes: list[str] | None = None) -> dict[str, str]:
    with database_of(client).transaction() as session:
        return token_headers(session, make_person(session, role=role), scopes)


def put_asset(client: TestClient, slug: str, **fields: Any) -> None:
    with database_of(client).transaction() as session:
        make_live(session, make_cast(session), slug=slug, **fields)


def a_use(asset: str = "price-talk", **fields: Any) -> dict[str, Any]:
    moment = (clock.now() - timedelta(hours=1)).isoformat()
    return {"id": str(uuid.uuid4()), "asset": asset, "action": "sent", "occurred_at": moment} | fields


def test_one_use_or_a_list_is_recorded_and_told_what_became_of_each(client_on_both: TestClient) -> None:
    put_asset(client_on_both, "price-talk", external_id="A1")
    who = somebody(client_on_both)
    one = a_use()
    assert client_on_both.post(USES, json=one, headers=who).json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    answer = client_on_both.post(USES, json=[one, a_use("A1"), a_use("price-tolk")], headers=who)
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [{"index": 2, "reason": 'there is no asset "price-tolk"; nearest: price-talk'}],
    }


def test_a_use_is_shown_with_its_deal_stage_and_version(client_on_both: TestClient) -> None:
    put_asset(client_on_both, "price-talk", title="Price talk")
    who = somebody(client_on_both)
    now = clock.now()
    stages = [{"stage": "Discovery", "entered": (now - timedelta(days=3)).isoformat()}]
    with database_of(client_on_both).transaction() as session:
        make_deal(session, "006", source="crm", name="Acme", created="2020-01-01", stages=stages)
    use = a_use(deal={"source": "crm", "external_id": "006"}, channel="Extension")
    assert client_on_both.post(USES, json=use, headers=who).status_code == 200
    for query in ({}, {"asset": "price-talk"}, {"deal": "006"}, {"deal": "crm/006"}):
        page = client_on_both.get(USES, params=query, headers=who).json()
        assert page["total"] == 1, query
    [shown] = page["items"]
    assert shown["id"] == use["id"]
    assert shown["asset"] == {"slug": "price-talk", "external_id": None, "title": "Price talk"}
    assert shown["deal"] == {"source": "crm", "external_id": "006", "name": "Acme", "known": True}
    assert shown["stage"] == {"key": "discovery", "label": "Discovery"}
    assert (shown["version"], shown["channel"], shown["recalled"], shown["said_at"]) == (1, "extension", False, None)
    assert client_on_both.get(USES, params={"deal": "erp/006"}, headers=who).json()["total"] == 0


def test_everybody_sees_uses_on_deals_and_only_their_own_besides(client: TestClient) -> None:
    put_asset(client, "price-talk")
    with database_of(client).transaction() as session:
        make_deal(session, "D1")
        ben = make_person(session)
        ben_id, bens = ben.id, token_headers(session, ben)
    other = somebody(client)
    on_deal = a_use(deal={"source": "csv", "external_id": "D1"})
    client.post(USES, json=[on_deal, a_use(), a_use(deal={"source": "csv", "external_id": "D9"})], headers=bens)
    assert client.get(USES, headers=bens).json()["total"] == 3
    assert client.get(USES, params={"person": ben_id}, headers=bens).json()["total"] == 3
    assert client.get(USES, headers=other).json()["total"] == 0
    for query in ({"person": ben_id}, {"asset": "price-talk"}, {"deal": "D1"}):
        assert [it["id"] for it in client.get(USES, params=query, headers=other).json()["items"]] == [on_deal["id"]]
    assert client.get(USES, params={"deal": "D9"}, headers=other).json()["total"] == 0
    waiting = client.get(USES, params={"deal": "D9"}, headers=bens).json()["items"][0]
    assert waiting["deal"] == {"source": "csv", "external_id": "D9", "name": "", "known": False}


def test_a_list_is_paged_without_loss_or_repetition_and_asks_as_often_for_two_as_for_five(client: TestClient) -> None:
    put_asset(client, "price-talk")
    who = somebody(client)
    uses = [a_use() for _ in range(7)]
    client.post(USES, json=uses, headers=who)
    seen: list[str] = []
    cursor = None
    while True:
        page = client.get(USES, params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=who).json()
        seen += [it["id"] for it in page["items"]]
        assert page["total"] == 7
        if (cursor := page["next"]) is None:
            break
    assert sorted(seen) == sorted(use["id"] for use in uses)
    asked = []
    for limit in (2, 5):
        with counted(database_of(client)) as statements:
            client.get(USES, params={"limit": limit}, headers=who)
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_a_use_is_taken_back_by_ones_own_id_or_its_number(client: TestClient) -> None:
    put_asset(client, "price-talk")
    who, other = somebody(client), somebody(client)
    uses = [a_use(), a_use()]
    client.post(USES, json=uses, headers=who)
    number = next(it["number"] for it in client.get(USES, headers=who).json()["items"] if it["id"] == uses[1]["id"])
    assert client.delete(f"{USES}/{uses[0]['id']}", headers=other).status_code == 404
    for name in (uses[0]["id"], number):
        for _ in range(2):
            assert client.delete(f"{USES}/{name}", headers=who).status_code == 204
    assert client.get(USES, headers=who).json()["total"] == 0
    gone = client.get(USES, params={"taken_back": True}, headers=who).json()
    assert gone["total"] == 2
    assert all(it["taken_back_at"] for it in gone["items"])
    assert client.post(USES, json=uses[0], headers=who).json()["duplicates"] == 1
    assert client.get(USES, headers=who).json()["total"] == 0


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": "7"}, ["body", "list", 1, "id"]),
        ({"action": "used"}, ["body", "list", 1, "action"]),
        ({"occurred_at": "2027-01-01T00:00:00"}, ["body", "list", 1, "occurred_at"]),
        ({"person": "Ben"}, ["body", "list", 1, "person"]),
        ({"deal": {"source": "CRM 1", "external_id": "1"}}, ["body", "list", 1, "deal", "source"]),
        ({"version": 0}, ["body", "list", 1, "version"]),
        ({"channel": "a\x00b"}, ["body", "list", 1, "channel"]),
    ],
)
def test_what_is_malformed_is_a_422_that_names_the_place_and_nothing_is_taken(
    client: TestClient, change: dict[str, Any], place: list[str]
) -> None:
    put_asset(client, "price-talk")
    who = somebody(client)
    answer = client.post(USES, json=[a_use(), a_use(**change)], headers=who)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == place
    assert client.get(USES, headers=who).json()["total"] == 0


@pytest.mark.parametrize("body", [[], [a_use() for _ in range(501)], "use", 7, None, {}])
def test_a_body_of_another_kind_is_a_422(client: TestClient, body: Any) -> None:
    assert client.post(USES, json=body, headers=somebody(client)).status_code == 422


def test_a_filter_by_an_unknown_asset_names_the_nearest(client: TestClient) -> None:
    put_asset(client, "price-talk")
    answer = client.get(USES, params={"asset": "price-tolk"}, headers=somebody(client))
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"loc": ["query", "asset"], "message": 'there is no asset "price-tolk"; nearest: price-talk'}
    ]


def test_a_proposed_deal_is_taken_with_one_click(client_on_both: TestClient) -> None:
    put_asset(client_on_both, "price-talk")
    with database_of(client_on_both).transaction() as session:
        ben = make_person(session)
        make_deal(session, "D1", created="2020-01-01", owner=ben.email)
        who = token_headers(session, ben)
    use = a_use()
    client_on_both.post(USES, json=use, headers=who)
    [proposal] = client_on_both.get(f"{USES}/proposals", headers=who).json()["items"]
    assert proposal["use"]["id"] == use["id"]
    [deal] = proposal["deals"]
    assert deal["why"] == ["your only deal then"]
    named = {name: deal["deal"][name] for name in ("source", "external_id")}
    answer = client_on_both.put(f"{USES}/{use['id']}/deal", json={"deal": named}, headers=who)
    assert answer.json()["deal"] == deal["deal"]
    assert client_on_both.get(f"{USES}/proposals", headers=who).json()["total"] == 0


def test_a_search_for_a_deal_counts_as_a_hint(client: TestClient) -> None:
    put_asset(client, "price-talk")
    with database_of(client).transaction() as session:
        ben = make_person(session)
        for name in ("D1", "D2"):
            make_deal(session, name, created="2020-01-01", owner=ben.email)
        who = token_headers(session, ben)
    client.get("/api/v1/search", params={"q": "price", "deal": "csv/D2"}, headers=who)
    client.post(USES, json=a_use(), headers=who)
    [proposal] = client.get(f"{USES}/proposals", headers=who).json()["items"]
    assert [it["deal"]["external_id"] for it in proposal["deals"]] == ["D2", "D1"]
    assert "you searched for this deal about then" in proposal["deals"][0]["why"]


def test_a_stage_question_is_answered_with_one_click_each(client_on_both: TestClient) -> None:
    put_asset(client_on_both, "price-talk")
    now = clock.now()
    with database_of(client_on_both).transaction() as session:
        ben = make_person(session)
        stages = [
            {
                "stage": "Discovery",
                "entered": (now - timedelta(days=9)).isoformat(),
                "left": (now - timedelta(days=1)).isoformat(),
                "result": "advanced",
            }
        ]
        make_deal(session, "D1", created="2020-01-01", owner=ben.email, stages=stages)
        told = events_named(session, "deal.created")
        who = token_headers(session, ben)
    Asker(database_of(client_on_both)).react(told)
    [question] = client_on_both.get("/api/v1/stage-questions", headers=who).json()["items"]
    assert (question["deal"]["external_id"], question["stage"]["label"]) == ("D1", "Discovery")
    path = f"/api/v1/stage-questions/{question['id']}/answer"
    shown = client_on_both.put(path, json={"used": ["price-talk"]}, headers=who).json()
    assert [(it["asset"]["slug"], it["used"]) for it in shown["likely"]] == [("price-talk", True)]
    assert client_on_both.get("/api/v1/stage-questions", headers=who).json()["total"] == 0
    [use] = client_on_both.get(USES, params={"deal": "D1"}, headers=who).json()["items"]
    assert (use["channel"], use["stage"]["label"]) == ("asked", "Discovery")
    nothing = client_on_both.put(path, json={"none_used": True}, headers=who).json()
    assert nothing["none_used"]
    assert client_on_both.get(USES, params={"deal": "D1"}, headers=who).json()["total"] == 0
    for body in ({}, {"used": ["price-talk"], "none_used": True}, {"used": ["nowhere"]}):
        assert client_on_both.put(path, json=body, headers=who).status_code == 422


def test_a_table_is_uploaded_with_the_report_of_the_command(client_on_both: TestClient) -> None:
    put_asset(client_on_both, "price-talk", external_id="A1")
    who = somebody(client_on_both, "admin")
    text = "event_id,deal_id,asset_id,date,action\n1,D1,A1,2025-01-01,sent\n2,D1,A9,2025-01-01,sent\n"
    files = {"file": ("uses.csv", text.encode(), "text/csv")}
    report = client_on_both.post("/api/v1/imports/uses", files=files, headers=who).json()
    assert (report["read"], report["new"], report["rejected_rows"]) == (2, 1, 1)
    assert report["rejected"][0]["row"] == 3
    files = {"file": ("uses.csv", text.encode(), "text/csv")}
    assert client_on_both.post("/api/v1/imports/uses", files=files, headers=who).json()["unchanged"] == 1


def test_a_token_needs_the_scope(client: TestClient) -> None:
    assert client.post(USES, json=a_use(), headers=somebody(client, scopes=["insights:read"])).status_code == 403
    assert client.get(USES, headers=somebody(client, scopes=["usage:write"])).status_code == 403

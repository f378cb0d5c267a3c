"""Briefs through the front door: a suggestion becomes work of two, and ends in a live asset."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hub.people.models import Person
from tests.factories.assets import Cast, make_cast, make_live
from tests.factories.deals import make_deal
from tests.factories.people import sign_in_headers
from tests.factories.planning import make_words


@pytest.fixture
def cast(app: FastAPI, client: TestClient) -> Cast:
    with app.state.hub.database.transaction() as session:
        make_words(session)
        make_deal(session, "D-1", amount=1_000_000, currency="EUR", stage="Proposal", buyer_persona="cfo")
        return make_cast(session)


@pytest.fixture
def author(app: FastAPI, cast: Cast) -> dict[str, str]:
    with app.state.hub.database.transaction() as session:
        return sign_in_headers(session, session.get_one(Person, cast.author.id))


def authors(cast: Cast) -> dict[str, Any]:
    return {"marketing_author": cast.marketing.email, "sales_author": cast.sales.email}


def test_a_suggestion_becomes_a_brief_and_then_an_asset(
    app: FastAPI, client: TestClient, cast: Cast, author: dict[str, str]
) -> None:
    [line] = client.get("/api/v1/plan/queue", headers=author).json()["items"]
    made = client.post("/api/v1/briefs", json=authors(cast) | {"suggestion": line["key"]}, headers=author)
    assert made.status_code == 201, made.text
    brief = made.json()
    assert (brief["state"], brief["persona"], brief["stage"]) == ("planned", "cfo", "decision")
    assert brief["hoped"]["value"] == line["value"]
    again = client.post("/api/v1/briefs", json=authors(cast) | {"suggestion": line["key"]}, headers=author)
    assert (again.status_code, again.json()["brief"]) == (409, brief["id"])
    with app.state.hub.database.transaction() as session:
        make_live(session, cast, slug="the-cost")
    path = f"/api/v1/briefs/{brief['id']}"
    assert client.patch(path, json={"asset": "the-cost"}, headers=author).json()["state"] == "live"
    assert client.get(path, headers=author).json()["asset"]["slug"] == "the-cost"
    assert client.get("/api/v1/briefs", headers=author).json()["total"] == 1


def test_a_brief_is_dropped_with_a_reason(client: TestClient, cast: Cast, author: dict[str, str]) -> None:
    brief = client.post("/api/v1/briefs", json=authors(cast) | {"title": "Later"}, headers=author).json()
    path = f"/api/v1/briefs/{brief['id']}"
    assert client.put(f"{path}/drop", json={"reason": "x"}, headers=author).status_code == 422
    dropped = client.put(f"{path}/drop", json={"reason": "Not this year."}, headers=author).json()
    assert (dropped["state"], dropped["drop_reason"]) == ("dropped", "Not this year.")
    assert client.get("/api/v1/briefs?running=true", headers=author).json()["total"] == 0


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"sales_author": None}, ["body", "sales_author"]),
        ({"suggestion": "write"}, ["body", "suggestion"]),
        ({"requests": [99]}, ["body", "requests", 0]),
        ({"persona": "cfoo"}, ["body", "persona"]),
        ({"owner": "x"}, ["body", "owner"]),
    ],
)
def test_what_is_malformed_is_refused_at_its_place(
    client: TestClient, cast: Cast, author: dict[str, str], changed: dict[str, Any], place: list[Any]
) -> None:
    answer = client.post("/api/v1/briefs", json=authors(cast) | {"title": "Later"} | changed, headers=author)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == place

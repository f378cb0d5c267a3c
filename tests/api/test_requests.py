"""Requests through the front door: asked from a deal, fulfilled, and the requester told."""

import uuid
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, select

from hub.events.models import Event
from hub.people.models import Person
from hub.planning.notices import EVENTS, Notifier
from tests.factories.assets import Cast, make_cast, make_live
from tests.factories.people import sign_in_headers
from tests.factories.planning import make_words


@pytest.fixture
def cast(app_on_both: FastAPI, client_on_both: TestClient) -> Cast:
    with app_on_both.state.hub.database.transaction() as session:
        make_words(session)
        cast = make_cast(session)
        make_live(session, cast, slug="objection.doing-nothing", title="Against doing nothing")
    return cast


def headers(app: FastAPI, who: Any) -> dict[str, str]:
    with app.state.hub.database.transaction() as session:
        return sign_in_headers(session, session.get_one(Person, who.id))


def tell(app: FastAPI) -> None:
    """What the worker would deliver to the inbox."""
    database = app.state.hub.database
    with database.reading() as session:
        events = session.exec(select(Event).order_by(col(Event.id))).all()
    Notifier(database).react([event for event in events if event.name.startswith(EVENTS)])


ASKED = {
    "needed": "An answer for a CFO who would rather do nothing",
    "persona": "cfo",
    "stage": "decision",
    "question": "cost of doing nothing",
    "deal": {"source": "salesforce", "external_id": "0065"},
}


def test_a_request_goes_from_the_question_to_the_answer(
    app_on_both: FastAPI, client_on_both: TestClient, cast: Cast
) -> None:
    client, rep, author = client_on_both, headers(app_on_both, cast.reader), headers(app_on_both, cast.author)
    search = client.get("/api/v1/search?q=cost+of+doing+nothing&persona=cfo", headers=rep).json()
    sent = ASKED | {"id": str(uuid.uuid4()), "search_id": search["search_id"], "question": ""}
    made = client.post("/api/v1/requests", json=sent, headers=rep)
    assert made.status_code == 201, made.text
    assert client.post("/api/v1/requests", json=sent, headers=rep).status_code == 200
    request = made.json()
    assert (request["state"], request["asks"][0]["question"]) == ("open", "cost of doing nothing")
    assert request["asks"][0]["deal"]["known"] is False
    path = f"/api/v1/requests/{request['id']}"
    assert client.put(f"{path}/taker", headers=author).json()["taken_by"]["name"] == cast.author.name
    answer = client.put(f"{path}/fulfilment", json={"slug": "objection.doing-nothing"}, headers=author)
    assert (answer.json()["state"], answer.json()["asset"]["title"]) == ("fulfilled", "Against doing nothing")
    tell(app_on_both)
    inbox = client.get("/api/v1/inbox", headers=rep).json()
    assert [it["kind"] for it in inbox["items"]] == ["request.fulfilled", "request.taken"]
    assert inbox["items"][0]["link"] == "/assets/objection.doing-nothing"
    assert inbox["unseen"] == 2
    assert client.put("/api/v1/inbox/seen", headers=rep).json() == {"seen": 2}
    assert client.get("/api/v1/inbox?unseen=true", headers=rep).json()["total"] == 0


def test_me_too_is_one_row_with_two_people(app_on_both: FastAPI, client_on_both: TestClient, cast: Cast) -> None:
    client, rep, other = client_on_both, headers(app_on_both, cast.reader), headers(app_on_both, cast.sales)
    request = client.post("/api/v1/requests", json=ASKED, headers=rep).json()
    joined = client.post("/api/v1/requests", json=ASKED, headers=other)
    assert (joined.status_code, joined.json()["id"], len(joined.json()["asks"])) == (200, request["id"], 2)
    third = headers(app_on_both, cast.admin)
    assert len(client.put(f"/api/v1/requests/{request['id']}/ask", json={}, headers=third).json()["asks"]) == 3
    assert client.get("/api/v1/requests?mine=true", headers=other).json()["total"] == 1
    assert client.get("/api/v1/requests?state=open&persona=cfo&stage=decision", headers=rep).json()["total"] == 1
    assert client.get("/api/v1/requests?mine=true", headers=headers(app_on_both, cast.author)).json()["total"] == 0


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"needed": "x"}, ["body", "needed"]),
        ({"needed": "a\x00b c"}, ["body", "needed"]),
        ({"persona": "cfoo"}, ["body", "persona"]),
        ({"due_on": "2001-01-01"}, ["body", "due_on"]),
        ({"due_on": 5}, ["body", "due_on"]),
        ({"id": "7"}, ["body", "id"]),
        ({"search_id": "x"}, ["body", "search_id"]),
        ({"deal": {"source": "", "external_id": "1"}}, ["body", "deal", "source"]),
        ({"urgent": True}, ["body", "urgent"]),
    ],
)
def test_what_is_malformed_is_refused_at_its_place(
    app_on_both: FastAPI, client_on_both: TestClient, cast: Cast, changed: dict[str, Any], place: list[str]
) -> None:
    answer = client_on_both.post("/api/v1/requests", json=ASKED | changed, headers=headers(app_on_both, cast.reader))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == place


def test_an_unknown_word_in_a_filter_is_named(app_on_both: FastAPI, client_on_both: TestClient, cast: Cast) -> None:
    answer = client_on_both.get("/api/v1/requests?persona=cfoo", headers=headers(app_on_both, cast.reader))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", "persona"]
    assert client_on_both.get("/api/v1/requests/999", headers=headers(app_on_both, cast.reader)).status_code == 404

"""Coverage and the queue through the front door."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hub.people.models import Person
from tests.factories.assets import Cast, make_cast, make_live
from tests.factories.deals import make_deal
from tests.factories.people import sign_in_headers
from tests.factories.planning import make_evidence, make_run, make_words

CELL = {"persona", "stage", "live", "fresh", "open_amount", "searches", "zero_results", "requests", "best_lift", "gap"}
LINE = {"kind", "subject", "value", "effort", "reason", "range"}


@pytest.fixture
def cast(app: FastAPI, client: TestClient) -> Cast:
    with app.state.hub.database.transaction() as session:
        make_words(session)
        cast = make_cast(session)
        tags = {"personas": ["cfo"], "stages": ["decision"]}
        asset = make_live(session, cast, slug="proof", title="Proof", tags=tags)
        make_evidence(session, make_run(session), asset)
        for number in range(10):
            make_deal(
                session, f"D-{number}", amount=100_000, currency="EUR", stage="Proposal",
                buyer_persona="cfo" if number else "it-security",
            )  # fmt: skip
    return cast


def get(app: FastAPI, client: TestClient, who: Any, path: str) -> dict[str, Any]:
    with app.state.hub.database.transaction() as session:
        headers = sign_in_headers(session, session.get_one(Person, who.id))
    answer = client.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_coverage_shows_every_cell_the_largest_gap_first(app: FastAPI, client: TestClient, cast: Cast) -> None:
    found = get(app, client, cast.reader, "/insights/coverage")
    assert found["total"] == len(found["items"]) == 8
    assert set(found["items"][0]) >= CELL
    gaps = [it["gap"] for it in found["items"]]
    assert gaps == sorted(gaps, reverse=True)
    assert (found["currency"], found["days"]) == ("EUR", 90)
    assert found["items"][0]["best_lift"] == 5.0


def test_the_queue_shows_money_effort_reason_and_range(app: FastAPI, client: TestClient, cast: Cast) -> None:
    found = get(app, client, cast.reader, "/plan/queue")
    assert found["evidence_of"] is not None
    assert {it["kind"] for it in found["items"]} == {"write", "promote"}
    for line in found["items"]:
        assert set(line) >= LINE
        assert line["range"]["low"] <= line["value"] <= line["range"]["high"]
    assert get(app, client, cast.reader, "/plan/queue?kind=promote")["items"][0]["subject"]["slug"] == "proof"


def test_a_suggestion_is_put_aside_and_brought_back(app: FastAPI, client: TestClient, cast: Cast) -> None:
    [line, *_] = get(app, client, cast.reader, "/plan/queue")["items"]
    with app.state.hub.database.transaction() as session:
        headers = sign_in_headers(session, session.get_one(Person, cast.author.id))
    path = f"/api/v1/plan/queue/{line['key']}/dismissal"
    assert client.put(path, json={"reason": "The deck covers it."}, headers=headers).status_code == 204
    assert line["key"] not in {it["key"] for it in get(app, client, cast.reader, "/plan/queue")["items"]}
    hidden = get(app, client, cast.reader, "/plan/queue?hidden=true")["items"]
    assert [it["dismissal"]["reason"] for it in hidden if it["key"] == line["key"]] == ["The deck covers it."]
    assert client.delete(path, headers=headers).status_code == 204
    assert line["key"] in {it["key"] for it in get(app, client, cast.reader, "/plan/queue")["items"]}
    wrong = client.put("/api/v1/plan/queue/nonsense/dismissal", json={"reason": "No."}, headers=headers)
    assert wrong.status_code == 422

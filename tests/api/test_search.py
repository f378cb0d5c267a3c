"""Search through the front door: the answer's shape, who finds what, and what a hasty person does to it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session, col, select

from hub.assets import approval
from hub.assets.models import Asset
from hub.db import id_of
from hub.deals.models import Deal
from hub.insights import experiments
from hub.insights.models import Assignment
from hub.people.models import Person
from hub.people.roles import HUB
from hub.search.models import Search
from hub.settings import Settings
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import Cast, make_cast, make_draft, make_live
from tests.factories.deals import make_deal
from tests.factories.people import sign_in_headers


@pytest.fixture
def cast(app: FastAPI, client: TestClient) -> Cast:
    """A small library, indexed."""
    with app.state.hub.database.transaction() as session:
        terms.add(session, HUB, "personas", TermDraft(key="cfo", label="Chief Financial Officer", synonyms=["finance"]))
        terms.add(session, HUB, "personas", TermDraft(key="it-security", label="IT Security"))
        cast = make_cast(session)
        make_live(
            session, cast, slug="objection.too-dear", title="Objection: it costs too much", kind="objection",
            summary="When the price is questioned.", body="## Turn to value\n\nAsk what <b>doing nothing</b> costs.\n",
            tags={"personas": ["cfo"], "stages": ["decision"]}, external_id="A-1",
        )  # fmt: skip
        make_live(
            session, cast, slug="faq.security", title="Security questions", kind="faq", body="Where the data lives.\n",
            tags={"personas": ["it-security"], "stages": ["consideration"]},
        )  # fmt: skip
        make_draft(session, cast.author, slug="draft.costs", title="What it costs, newly written")
    deliver(app)
    return cast


def deliver(app: FastAPI) -> None:
    while app.state.worker.run_once():
        pass


def headers(app: FastAPI, who: Any) -> dict[str, str]:
    with app.state.hub.database.transaction() as session:
        return sign_in_headers(session, session.get_one(Person, who.id))


def ask(app: FastAPI, client: TestClient, who: Any, q: str = "", **params: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/search", params={"q": q, **params}, headers=headers(app, who))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def slugs(answer: dict[str, Any]) -> list[str]:
    return [hit["slug"] for hit in answer["hits"]]


def test_a_hit_says_what_it_is_and_why_it_is_there(app: FastAPI, client: TestClient, cast: Cast) -> None:
    answer = ask(app, client, cast.reader, "costs much")
    [hit] = [hit for hit in answer["hits"] if hit["slug"] == "objection.too-dear"]
    assert answer["query"] == "costs much"
    assert answer["total"] == 1
    assert answer["facets"]["persona"] == {"cfo": 1}
    assert hit["external_id"] == "A-1"
    assert (hit["kind"], hit["personas"], hit["stages"]) == ("objection", ["cfo"], ["decision"])
    assert hit["highlights"]["title"] == "Objection: it <mark>costs</mark> too <mark>much</mark>"
    assert hit["evidence"] is None
    assert hit["why"][0].startswith("title")


def test_what_an_author_wrote_comes_back_escaped(app: FastAPI, client: TestClient, cast: Cast) -> None:
    hit = ask(app, client, cast.reader, "doing nothing")["hits"][0]
    assert "<b>" not in hit["highlights"]["snippet"]
    assert "<mark>nothing</mark>" in hit["highlights"]["snippet"]


def test_drafts_are_shown_to_those_who_may_see_them_and_ask(app: FastAPI, client: TestClient, cast: Cast) -> None:
    assert slugs(ask(app, client, cast.author, "newly written", drafts=True)) == ["draft.costs"]
    assert slugs(ask(app, client, cast.author, "newly written", status="draft")) == ["draft.costs"]
    assert slugs(ask(app, client, cast.author, "newly written")) == []
    hidden = ask(app, client, cast.reader, "newly written", drafts=True)
    assert (hidden["total"], hidden["facets"]["status"], hidden["suggestion"]) == (0, {}, None)


def test_values_widen_within_a_facet_and_narrow_across(app: FastAPI, client: TestClient, cast: Cast) -> None:
    both = ask(app, client, cast.reader, persona=["cfo", "it-security"])
    assert sorted(slugs(both)) == ["faq.security", "objection.too-dear"]
    assert slugs(ask(app, client, cast.reader, persona=["cfo", "it-security"], stage="decision")) == [
        "objection.too-dear"
    ]
    chosen = ask(app, client, cast.reader, persona="cfo")
    assert chosen["facets"]["persona"] == {"cfo": 1, "it-security": 1}, "the other values stay to be chosen"


@pytest.mark.parametrize("written", ["cfo", "Chief Financial Officer", "finance"])
def test_a_filter_may_be_written_as_people_call_it(app: FastAPI, client: TestClient, cast: Cast, written: str) -> None:
    assert slugs(ask(app, client, cast.reader, persona=written)) == ["objection.too-dear"]
    assert slugs(ask(app, client, cast.reader, f'persona:"{written}"')) == ["objection.too-dear"]


def test_a_filter_that_nobody_knows_finds_nothing_and_is_explained(
    app: FastAPI, client: TestClient, cast: Cast
) -> None:
    clicked = ask(app, client, cast.reader, persona="cfoo")
    assert clicked["total"] == 0
    assert clicked["notices"][0]["nearest"] == ["cfo"]
    typed = ask(app, client, cast.reader, "persona:cfoo costs")
    assert [notice["code"] for notice in typed["notices"]] == ["unknown_value"]
    assert typed["total"] == 1


def test_a_retired_asset_is_gone_once_the_worker_has_run(app: FastAPI, client: TestClient, cast: Cast) -> None:
    with app.state.hub.database.transaction() as session:
        asset = session.exec(select(Asset).where(Asset.slug == "faq.security")).one()
        approval.retire(session, cast.sales, asset)
    assert client.get("/api/v1/health").json()["search"]["pending"] == 1
    deliver(app)
    assert slugs(ask(app, client, cast.reader, "security")) == []
    health = client.get("/api/v1/health").json()["search"]
    assert health == {"engine": "embedded", "state": "ok", "documents": 2, "pending": 0}


def test_pages_of_an_answer_fit_together(app: FastAPI, client: TestClient, cast: Cast) -> None:
    whole = slugs(ask(app, client, cast.reader, sort="newest"))
    one_by_one = [slugs(ask(app, client, cast.reader, sort="newest", limit=1, offset=at))[0] for at in range(2)]
    assert one_by_one == whole
    assert ask(app, client, cast.reader, facets=False)["facets"] == {}


@pytest.mark.parametrize(
    "q",
    ["x" * 60_000, '"unclosed', "foo:bar AND (", "-", "*:*", "\x00", "‮ש😀", "persona:", "a" * 300 + ":b", "/.*/"],
)
def test_nothing_that_is_typed_is_an_error(app: FastAPI, client: TestClient, cast: Cast, q: str) -> None:
    assert ask(app, client, cast.reader, q)["query"] == q


def test_wrong_numbers_are_refused_with_their_place(app: FastAPI, client: TestClient, cast: Cast) -> None:
    answer = client.get("/api/v1/search?limit=0&sort=best", headers=headers(app, cast.reader))
    assert answer.status_code == 422
    assert {fault["loc"][-1] for fault in answer.json()["errors"]} == {"limit", "sort"}


def test_a_choice_is_kept_with_its_search(app: FastAPI, client: TestClient, cast: Cast) -> None:
    who = headers(app, cast.reader)
    ids = {client.get(f"/api/v1/search?q={q}", headers=who).json()["search_id"] for q in ("se", "sec", "secur")}
    [search_id] = ids
    answer = client.put(
        f"/api/v1/searches/{search_id}/choice", json={"slug": "faq.security", "position": 1}, headers=who
    )
    assert answer.json() == {"search_id": search_id, "slug": "faq.security", "position": 1}
    with app.state.hub.database.reading() as session:
        row = _only_search(session)
        assert (row.question, row.requests, row.chosen_position, row.hits) == ("secur", 3, 1, [2])


def test_a_choice_in_no_search_is_refused(app: FastAPI, client: TestClient, cast: Cast) -> None:
    answer = client.put(
        f"/api/v1/searches/{'0' * 32}/choice",
        json={"slug": "faq.security", "position": 1},
        headers=headers(app, cast.reader),
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("reference", ["csv/D-1", "D-1"])
def test_what_fits_a_deal_comes_first_and_says_so(app: FastAPI, client: TestClient, cast: Cast, reference: str) -> None:
    with app.state.hub.database.transaction() as session:
        make_deal(session, "D-1", buyer_persona="it-security")
    answer = ask(app, client, cast.reader, deal=reference)
    assert slugs(answer)[0] == "faq.security"
    assert answer["hits"][0]["why"] == ["fits the deal's persona: IT Security"]
    app.state.hub.search.log.flush()
    with app.state.hub.database.reading() as session:
        assert _only_search(session).deal == "csv/D-1"


def test_a_hold_out_suggests_by_its_coin_and_writes_every_throw_down(
    app: FastAPI, client: TestClient, cast: Cast
) -> None:
    """Both ways the asset is found; only where the coin says so it is put forward, with the reason."""
    with app.state.hub.database.transaction() as session:
        asset = session.exec(select(Asset).where(Asset.slug == "faq.security")).one()
        made = experiments.start(session, HUB, asset)
        deals = [make_deal(session, f"D-{number}", buyer_persona="it-security") for number in range(12)]
        coins = {deal.external_id: experiments.coin(made, id_of(deal)) for deal in deals}
    assert set(coins.values()) == {True, False}
    for deal, suggested in coins.items():
        hits = {hit["slug"]: hit["why"] for hit in ask(app, client, cast.reader, deal=f"csv/{deal}")["hits"]}
        assert (hits["faq.security"] == ["fits the deal's persona: IT Security"]) is suggested
        ask(app, client, cast.reader, "costs", deal=f"csv/{deal}")  # it is no answer to this
    with app.state.hub.database.reading() as session:
        named = select(Deal.external_id, Assignment.suggested).join(Deal, col(Deal.id) == Assignment.deal_id)
        thrown = session.exec(named)
        assert dict(thrown.all()) == coins


def test_a_deal_that_nobody_knows_is_explained(app: FastAPI, client: TestClient, cast: Cast) -> None:
    answer = ask(app, client, cast.reader, "costs", deal="nowhere/D-9")
    assert [notice["code"] for notice in answer["notices"]] == ["unknown_deal"]
    assert answer["total"] == 1


def test_a_deal_of_two_systems_must_be_named_with_one(app: FastAPI, client: TestClient, cast: Cast) -> None:
    with app.state.hub.database.transaction() as session:
        for source in ("hubspot", "csv"):
            make_deal(session, "7", source=source)
    notice = ask(app, client, cast.reader, deal="7")["notices"][0]
    assert sorted(notice["nearest"]) == ["csv/7", "hubspot/7"]


def test_what_nobody_found_is_a_list(app: FastAPI, client: TestClient, cast: Cast) -> None:
    ask(app, client, cast.reader, "carbon footprint", persona="cfo")
    page = client.get("/api/v1/searches/unanswered", headers=headers(app, cast.marketing)).json()
    assert [(item["question"], item["match"], item["filters"]) for item in page["items"]] == [
        ("carbon footprint", "none", {"persona": ["cfo"]})
    ]
    assert page["total"] == 1
    recent = client.get("/api/v1/searches/recent", headers=headers(app, cast.reader)).json()
    assert [one["question"] for one in recent] == ["carbon footprint"]


def test_search_is_limited_per_person(app: FastAPI, client: TestClient, cast: Cast) -> None:
    app.state.hub.settings.search_rate_limit = "3/minute"
    who, other = headers(app, cast.reader), headers(app, cast.sales)
    codes = [client.get("/api/v1/search?q=a", headers=who).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert client.get("/api/v1/search?q=a", headers=other).status_code == 200


def test_a_hub_whose_search_server_is_away_says_so_and_goes_on(settings: Settings) -> None:
    from hub.main import create_app

    app = create_app(settings.model_copy(update={"meili_url": "http://127.0.0.1:9"}))
    with TestClient(app) as client:
        with app.state.hub.database.transaction() as session:
            cast = make_cast(session)
            make_live(session, cast, slug="live")
        deliver(app)
        who = headers(app, cast.reader)
        answer = client.get("/api/v1/search?q=live", headers=who)
        assert answer.status_code == 503
        assert "Search does not answer" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "2"
        assert client.get("/api/v1/assets/live", headers=who).status_code == 200
        health = client.get("/api/v1/health").json()
        assert (health["status"], health["search"]["state"]) == ("degraded", "down")
        assert health["search"]["pending"] > 0, "the events wait for the server"


def test_a_request_that_its_caller_gave_up_is_not_worked_on(app: FastAPI, client: TestClient, cast: Cast) -> None:
    """Ten keystrokes while all places are taken, all given up: none reaches the engine."""
    who = headers(app, cast.reader)
    places = app.state.hub.search_places
    before = _count(app)

    async def given_up() -> int:
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/api/v1/search",
            "raw_path": b"/api/v1/search", "query_string": b"q=security", "root_path": "", "server": ("testserver", 80),
            "client": ("127.0.0.1", 1), "headers": [(k.lower().encode(), v.encode()) for k, v in who.items()],
        }  # fmt: skip
        await asyncio.gather(*(app(scope | {}, receive, send) for _ in range(10)))
        assert statuses == [499] * 10
        return places.borrowed_tokens

    assert asyncio.run(given_up()) == 0
    assert _count(app) == before


def _count(app: FastAPI) -> int:
    app.state.hub.search.log.flush()
    with app.state.hub.database.reading() as session:
        return len(session.exec(select(Search)).all())


def _only_search(session: Session) -> Search:
    return session.exec(select(Search)).one()

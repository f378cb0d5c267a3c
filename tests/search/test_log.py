"""The search log: keystrokes become one search, choices find it, and the database may be away for a while."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from hub import clock
from hub.db import Database
from hub.errors import Invalid, NotFound, Unavailable
from hub.people.roles import Actor
from hub.search import log as searches
from hub.search import log_reading
from hub.search.log import Asked, SearchLog
from hub.search.models import Search
from tests.factories.assets import make_cast, make_live
from tests.factories.people import actor

_START = clock.now()


@pytest.fixture
def log(database: Database) -> Iterator[SearchLog]:
    log = SearchLog(database)
    yield log
    log.stop()


@pytest.fixture
def rep(database: Database) -> Actor:
    with database.transaction() as session:
        return actor(session, team="sales", role="reader")


def asked(rep: Actor, question: str, second: float = 0, **more: Any) -> Asked:
    given: dict[str, Any] = {
        "person_id": rep.id,
        "question": question,
        "filters": {},
        "sort": "relevance",
        "deal": None,
        "drafts": False,
        "match": "good",
        "total": 3,
        "hits": [],
        "took_ms": 2.0,
        "engine": "embedded",
        "channel": "hub",
        "at": _START + timedelta(seconds=second),
    }
    return Asked(**(given | more))


def written(database: Database, *logs: SearchLog) -> list[Search]:
    for log in logs:
        log.flush()
    with database.reading() as session:
        return list(session.exec(select(Search).order_by(col(Search.asked_at), col(Search.id))))


def test_the_keystrokes_of_one_search_are_one_entry(database: Database, log: SearchLog, rep: Actor) -> None:
    ids = {log.take(asked(rep, "pricey"[:length], length * 0.2)) for length in range(7)}
    [row] = written(database, log)
    assert ids == {row.id}
    assert (row.question, row.requests) == ("pricey", 7)
    assert row.answered_at - row.asked_at == timedelta(seconds=1.2)


def test_a_flush_between_two_keystrokes_makes_no_second_entry(database: Database, log: SearchLog, rep: Actor) -> None:
    for second, text in enumerate(("pri", "price", "price rise")):
        log.take(asked(rep, text, second))
        log.flush()
    [row] = written(database, log)
    assert (row.question, row.requests) == ("price rise", 3)


def test_what_was_typed_and_taken_back_stays_what_was_asked(database: Database, log: SearchLog, rep: Actor) -> None:
    for second, text in enumerate(("churn", "chu", "", "margin")):
        log.take(asked(rep, text, second, match="none" if text == "churn" else "good"))
    assert [(row.question, row.match) for row in written(database, log)] == [("churn", "none"), ("margin", "good")]


def test_a_typing_mistake_put_right_is_the_same_search(database: Database, log: SearchLog, rep: Actor) -> None:
    log.take(asked(rep, "compettior", 0, match="none", total=0))
    log.take(asked(rep, "competitor", 2))
    assert [row.question for row in written(database, log)] == ["competitor"]


def test_a_pause_of_more_than_thirty_seconds_begins_another_search(
    database: Database, log: SearchLog, rep: Actor
) -> None:
    log.take(asked(rep, "price", 0))
    log.take(asked(rep, "price rise", 30.5))
    assert [row.question for row in written(database, log)] == ["price", "price rise"]


def test_two_people_and_two_channels_are_kept_apart(database: Database, log: SearchLog, rep: Actor) -> None:
    with database.transaction() as session:
        other = actor(session, team="sales", role="reader")
    log.take(asked(rep, "price", 0))
    log.take(asked(other, "price", 0.1))
    log.take(asked(rep, "price", 0.2, channel="extension"))
    assert len(written(database, log)) == 3


def test_keystrokes_that_went_to_two_processes_are_one_entry_by_either_id(
    database: Database, log: SearchLog, rep: Actor
) -> None:
    other = SearchLog(database)
    first = log.take(asked(rep, "price", 0))
    log.flush()
    second = other.take(asked(rep, "price rise", 1))
    [row] = written(database, other)
    assert (row.question, row.requests, first != second) == ("price rise", 2, True)
    with database.transaction() as session:
        asset = make_live(session, make_cast(session))
        for search_id in (first, second):
            assert searches.choose(session, rep, search_id, asset.slug, 2).id == row.id


def test_an_old_answer_that_is_written_late_replaces_nothing(database: Database, log: SearchLog, rep: Actor) -> None:
    other = SearchLog(database)
    log.take(asked(rep, "price", 0))
    other.take(asked(rep, "price rise", 1))
    [row] = written(database, other, log)
    assert row.question == "price rise"


def test_a_choice_ends_the_search(database: Database, log: SearchLog, rep: Actor) -> None:
    search_id = log.take(asked(rep, "price", 0))
    log.flush()
    with database.transaction() as session:
        asset = make_live(session, make_cast(session))
        searches.choose(session, rep, search_id, asset.slug, 1)
        slug_id = asset.id
    log.chosen(search_id)
    log.take(asked(rep, "price rise", 2))
    rows = written(database, log)
    assert [(row.question, row.chosen_asset_id) for row in rows] == [("price", slug_id), ("price rise", None)]


def test_nobody_chooses_in_another_persons_search(database: Database, log: SearchLog, rep: Actor) -> None:
    search_id = log.take(asked(rep, "price"))
    log.flush()
    with database.transaction() as session:
        asset = make_live(session, make_cast(session))
        stranger = actor(session, team="sales", role="admin")
        with pytest.raises(NotFound, match="no such search of yours"):
            searches.choose(session, stranger, search_id, asset.slug, 1)


def test_an_unknown_asset_is_no_choice(database: Database, log: SearchLog, rep: Actor) -> None:
    search_id = log.take(asked(rep, "price"))
    log.flush()
    with database.transaction() as session, pytest.raises(Invalid, match="no asset 'nowhere'"):
        searches.choose(session, rep, search_id, "nowhere", 1)


def test_entries_wait_while_the_database_is_away(sqlite_url: str, sqlite_database: Database) -> None:
    impatient = Database(sqlite_url, busy_seconds=0.05)
    with sqlite_database.transaction() as session:
        rep = actor(session, team="sales", role="reader")
    log = SearchLog(impatient)
    with sqlite_database.transaction() as session:
        session.connection()  # from here it holds the write lock
        log.take(asked(rep, "price"))
        with pytest.raises(Unavailable):
            log.flush()
    assert [row.question for row in written(sqlite_database, log)] == ["price"]
    impatient.close()


def test_whatever_was_typed_can_be_kept(database: Database, log: SearchLog, rep: Actor) -> None:
    log.take(asked(rep, "\x00\ud800 price " + "x" * 100_000, filters={"persona": ["\x00" * 500]}))
    [row] = written(database, log)
    assert len(row.question) == searches.LONGEST_QUESTION


def test_stopping_writes_what_waits(database: Database, rep: Actor) -> None:
    log = SearchLog(database)
    log.start()
    log.take(asked(rep, "price"))
    log.stop()
    assert [row.question for row in written(database)] == ["price"]


def test_unanswered_questions_are_counted_by_their_words(database: Database, log: SearchLog, rep: Actor) -> None:
    with database.transaction() as session:
        other = actor(session, team="marketing", role="contributor")
    for second, (who, question) in enumerate(((rep, "Soc 2 report"), (other, "soc 2  REPORT"), (rep, "gdpr"))):
        log.take(asked(who, question, second * 60, match="none", total=0))
    log.take(asked(rep, "price", 300))
    log.take(asked(rep, "price list 2031", 400, match="poor"))
    log.flush()
    with database.reading() as session:
        page = log_reading.unanswered(session, rep, match=None, days=30, limit=2, cursor=None)
        rest = log_reading.unanswered(session, rep, match=None, days=30, limit=2, cursor=page.next)
        none = log_reading.unanswered(session, rep, match="none", days=30, limit=9, cursor=None)
    assert [(item.question, item.searches, item.people) for item in page.items] == [
        ("soc 2  REPORT", 2, 2),
        ("gdpr", 1, 1),
    ]
    assert [(item.question, item.match) for item in rest.items] == [("price list 2031", "poor")]
    assert (page.total, rest.next, none.total) == (3, None, 2)


def test_the_figures_say_how_often_and_how_fast_a_hit_was_taken(database: Database, log: SearchLog, rep: Actor) -> None:
    ids = [log.take(asked(rep, text, at * 60)) for at, text in enumerate(("price", "churn", "roi"))]
    log.take(asked(rep, "zebra", 240, match="none", total=0))
    log.flush()
    with database.transaction() as session:
        asset = make_live(session, make_cast(session))
        for search_id, position in ((ids[0], 1), (ids[1], 3)):
            row = searches.choose(session, rep, search_id, asset.slug, position)
            row.chosen_at = row.asked_at + timedelta(seconds=8)
    with database.reading() as session:
        figures = log_reading.figures(session, rep, days=30)
    assert (figures.searches, figures.people, figures.chosen, figures.without_hits) == (4, 1, 2, 1)
    assert (figures.click_through, figures.first_chosen) == (0.5, 0.5)
    assert (figures.median_position, figures.median_seconds_to_choice) == (2.0, 8.0)


def test_figures_of_nothing_are_no_numbers(database: Database, rep: Actor) -> None:
    with database.reading() as session:
        figures = log_reading.figures(session, rep, days=1)
    assert (figures.searches, figures.click_through, figures.median_ms) == (0, None, None)


def test_recent_questions_are_ones_own_each_once(database: Database, log: SearchLog, rep: Actor) -> None:
    with database.transaction() as session:
        other = actor(session, team="sales", role="reader")
    for at, question in enumerate(("price", "roi", "Price")):
        log.take(asked(rep, question, at * 60))
    log.take(asked(other, "secret plan", 500))
    log.flush()
    with database.reading() as session:
        assert [one.question for one in log_reading.recent(session, rep)] == ["Price", "roi"]

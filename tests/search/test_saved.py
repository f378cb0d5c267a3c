"""Searches under a name: one's own, the question alone, and always a page of the hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound
from hub.search import saved
from tests.factories.people import actor


def test_a_saved_search_keeps_the_question_and_nothing_of_the_moment(database: Database) -> None:
    with database.transaction() as session:
        me = actor(session)
        kept = saved.save(session, me, name="  Price  talk ", query="offset=20&persona=cfo&q=too+dear&deal=csv%2Fd-1")
        assert (kept.name, kept.query) == ("Price talk", "q=too+dear&persona=cfo")


def test_the_same_name_again_means_the_new_question(database: Database) -> None:
    with database.transaction() as session:
        me = actor(session)
        first = saved.save(session, me, name="Price", query="q=dear")
        again = saved.save(session, me, name="Price", query="q=cheap")
        assert first.id == again.id
        assert [one.query for one in saved.list_saved(session, me)] == ["q=cheap"]


def test_nobody_sees_runs_or_forgets_anothers(database: Database) -> None:
    with database.transaction() as session:
        me, other = actor(session), actor(session)
        kept = saved.save(session, me, name="Price", query="q=dear")
        assert saved.list_saved(session, other) == []
        for step in (saved.find, saved.forget):
            with pytest.raises(NotFound):
                step(session, other, kept.id or 0)
        saved.forget(session, me, kept.id or 0)
        assert saved.list_saved(session, me) == []


@pytest.mark.parametrize(
    ("name", "query"), [("", "q=dear"), ("x" * 81, "q=dear"), ("Price", ""), ("Price", "drafts=true")]
)
def test_what_cannot_be_kept_says_why(sqlite_database: Database, name: str, query: str) -> None:
    with sqlite_database.transaction() as session, pytest.raises(Invalid) as refused:
        saved.save(session, actor(session), name=name, query=query)
    assert refused.value.errors


def test_there_is_an_end_to_how_many(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST", 2)
    with sqlite_database.transaction() as session:
        me = actor(session)
        for name in ("a", "b"):
            saved.save(session, me, name=name, query="q=dear")
        with pytest.raises(Conflict):
            saved.save(session, me, name="c", query="q=dear")


@given(st.text(max_size=200))
def test_any_query_becomes_one_that_stays_as_it_is(query: str) -> None:
    try:
        kept = saved.question_of(query)
    except Invalid:
        return
    assert saved.question_of(kept) == kept
    assert "\n" not in kept

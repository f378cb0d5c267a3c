"""Errands: asked for once, done by somebody, kept with what came of them; and what happens when a process dies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from hub import clock
from hub.db import Database
from hub.errands import asking
from hub.errands.models import Errand, ErrandKind, ErrandState
from hub.errands.running import LEASE, MOST_ATTEMPTS, Assignment, Runner
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.events.models import Event
from hub.people.roles import Actor
from tests.factories.people import actor

Do = Callable[[Assignment], dict[str, Any]]


def runner(database: Database, do: Do) -> Runner:
    return Runner(database, dict.fromkeys(ErrandKind, do))


def admin_of(database: Database) -> Actor:
    with database.transaction() as session:
        return actor(session, team="other", role="admin")


def ask(database: Database, admin: Actor, kind: ErrandKind = ErrandKind.REBUILD) -> int:
    with database.transaction() as session:
        return asking.ask(session, admin, kind, "search index").id or 0


def errand(database: Database, errand_id: int) -> Errand:
    with database.reading() as session:
        return session.get_one(Errand, errand_id)


def test_an_errand_is_done_once_and_keeps_its_report_and_tells_of_it(database: Database) -> None:
    admin = admin_of(database)
    errand_id = ask(database, admin)
    seen: list[Assignment] = []
    working = runner(database, lambda it: seen.append(it) or {"documents": 3})  # type: ignore[func-returns-value]
    assert working.run_once()
    assert not working.run_once()
    done = errand(database, errand_id)
    assert (done.state, done.report, done.claimed_until) == (ErrandState.DONE, {"documents": 3}, None)
    assert [it.actor.id for it in seen] == [admin.id]
    with database.reading() as session:
        names = list(session.exec(select(Event.name).where(Event.subject_kind == "errand").order_by(Event.id)))  # type: ignore[arg-type]
    assert names == ["errand.asked", "errand.finished"]


def test_the_same_errand_under_way_is_answered_instead_of_a_second_one(database: Database) -> None:
    admin = admin_of(database)
    assert ask(database, admin) == ask(database, admin)
    assert ask(database, admin, ErrandKind.CHECK) != ask(database, admin)


@pytest.mark.parametrize("kind", [ErrandKind.SYNC, ErrandKind.ARCHIVE, ErrandKind.REBUILD, ErrandKind.BACKUP])
def test_only_an_admin_asks(database: Database, kind: ErrandKind) -> None:
    with pytest.raises(NotAllowed), database.transaction() as session:
        asking.ask(session, actor(session, team="sales", role="approver"), kind, "it")


def test_what_is_refused_is_kept_with_its_words_and_the_next_one_is_done(database: Database) -> None:
    admin = admin_of(database)
    first = ask(database, admin)

    def refuse(_: Assignment) -> dict[str, Any]:
        raise Invalid("The file is no use.")

    assert runner(database, refuse).run_once()
    assert (errand(database, first).state, errand(database, first).error) == ("failed", "The file is no use.")
    second = ask(database, admin)
    assert runner(database, lambda _: {}).run_once()
    assert errand(database, second).state == "done"


def test_a_mistake_of_the_hub_ends_the_errand_without_its_inner_words(database: Database) -> None:
    errand_id = ask(database, admin_of(database))

    def fail(_: Assignment) -> dict[str, Any]:
        raise KeyError("secret")

    assert runner(database, fail).run_once()
    assert errand(database, errand_id).error == "The hub made a mistake: KeyError."


def test_progress_is_seen_and_holds_the_lease(database: Database) -> None:
    errand_id = ask(database, admin_of(database))
    seen: list[tuple[int, int]] = []

    def do(it: Assignment) -> dict[str, Any]:
        it.progress(3, 10)
        now = errand(database, errand_id)
        seen.append((now.done, now.total))
        return {}

    runner(database, do).run_once()
    assert seen == [(3, 10)]


def test_what_a_dead_process_left_is_begun_anew_and_given_up_after_some_tries(database: Database) -> None:
    errand_id = ask(database, admin_of(database))
    done: list[int] = []
    working = runner(database, lambda it: done.append(it.id) or {})  # type: ignore[func-returns-value]
    for _ in range(MOST_ATTEMPTS):
        assert working._claim() is not None  # a process takes it, and dies
        assert not working.run_once()  # its lease still runs
        with database.transaction() as session:
            session.get_one(Errand, errand_id).claimed_until = clock.now() - timedelta(seconds=1)
    assert not working.run_once()
    assert done == []
    assert "ended 3 times" in str(errand(database, errand_id).error)


def test_an_errand_whose_lease_ran_out_is_done_by_another(database: Database) -> None:
    errand_id = ask(database, admin_of(database))
    assert runner(database, lambda _: {})._claim() is not None
    with clock.shifted(LEASE + timedelta(seconds=1)):
        assert runner(database, lambda _: {"documents": 1}).run_once()
    assert (errand(database, errand_id).state, errand(database, errand_id).attempts) == ("done", 2)


def test_a_server_that_ends_in_good_order_lets_the_errand_wait(database: Database) -> None:
    errand_id = ask(database, admin_of(database))
    ending = runner(database, lambda it: it.progress(1, 2) or {})  # type: ignore[func-returns-value]
    ending.stop()
    ending.run_once()
    now = errand(database, errand_id)
    assert (now.state, now.attempts, now.claimed_until) == ("waiting", 0, None)
    assert runner(database, lambda _: {}).run_once()


def test_a_prepared_file_waits_for_its_word_and_can_be_forgotten(database: Database) -> None:
    admin = admin_of(database)
    with database.transaction() as session:
        it = asking.prepare_import(session, admin, "deals", name="crm.csv", size=9, blob="imports/x")
    assert not runner(database, lambda _: {}).run_once()
    with database.transaction() as session:
        assert asking.drop_import(session, admin, it) == "imports/x"
    with pytest.raises(NotFound), database.reading() as session:
        asking.find(session, admin, it.id or 0)


def test_an_import_that_was_begun_is_changed_and_forgotten_no_more(database: Database) -> None:
    admin = admin_of(database)
    with database.transaction() as session:
        it = asking.prepare_import(session, admin, "uses", name="crm.csv", size=9, blob="imports/x")
        asking.change_import(session, admin, it, mapping="[uses]\n", publish=False)
        asking.begin_import(session, admin, it)
        asking.begin_import(session, admin, it)
    for deed in (asking.drop_import, lambda *a: asking.change_import(*a, mapping="", publish=True)):
        with pytest.raises(Conflict), database.transaction() as session:
            deed(session, admin, it)

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import select

from hub import clock
from hub.db import Database
from hub.events import deliver
from hub.events.deliver import RecurringJob, Subscriber, Worker
from hub.events.models import Event, Job, OutboxRow
from hub.events.names import EventName
from hub.events.record import record


def tell(database: Database, name: EventName = EventName.ASSET_CREATED, count: int = 1) -> None:
    with database.transaction() as session:
        for number in range(count):
            record(session, name, actor_id=None, subject=("asset", number, f"a{number}"), number=number)


def test_an_event_is_delivered_to_those_who_want_it_and_once(database: Database) -> None:
    heard: dict[str, list[str]] = {"assets": [], "terms": []}

    def listener(who: str) -> Subscriber:
        prefix = "asset." if who == "assets" else "term."
        return Subscriber(who, (prefix,), lambda events: heard[who].extend(event.subject_name for event in events))

    worker = Worker(database, subscribers=[listener("assets"), listener("terms")])
    tell(database, count=3)
    assert worker.run_once() == 3
    assert worker.run_once() == 0
    assert heard == {"assets": ["a0", "a1", "a2"], "terms": []}
    with database.reading() as session:
        assert deliver.pending(session) == 0
        assert len(session.exec(select(Event)).all()) >= 3


def test_an_event_and_its_change_are_kept_together_or_not_at_all(database: Database) -> None:
    def fail_after_recording() -> None:
        with database.transaction() as session:
            record(session, EventName.ASSET_CREATED, actor_id=None, subject=("asset", 1, "a"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    with database.reading() as session:
        assert session.exec(select(Event).where(Event.subject_kind == "asset")).all() == []


def test_a_failing_subscriber_is_tried_again_and_keeps_nobody_else_waiting(database: Database) -> None:
    calls = {"bad": 0, "good": 0}

    def bad(_: Sequence[Event]) -> None:
        calls["bad"] += 1
        if calls["bad"] < 3:
            raise ConnectionError("the other side is away")

    def good(_: Sequence[Event]) -> None:
        calls["good"] += 1

    worker = Worker(database, subscribers=[Subscriber("bad", ("asset.",), bad), Subscriber("good", ("asset.",), good)])
    tell(database)
    worker.run_once()
    with database.reading() as session:
        row = session.exec(select(OutboxRow)).one()
        assert (row.attempts, row.delivered_to, row.error) == (1, ["good"], "bad: the other side is away")
    assert worker.run_once() == 0  # not due yet
    for minutes in (1, 2):
        with clock.shifted(timedelta(minutes=minutes)):
            worker.run_once()
    assert calls == {"bad": 3, "good": 1}
    with database.reading() as session:
        assert deliver.pending(session) == 0


def test_what_a_dead_worker_had_claimed_is_delivered_when_its_lease_is_over(database: Database) -> None:
    heard: list[str] = []
    tell(database)
    dead = Worker(database)
    assert len(dead._claim()) == 1  # claimed, then the process was killed
    living = Worker(database, subscribers=[Subscriber("s", ("asset.",), lambda events: heard.append(events[0].name))])
    assert living.run_once() == 0
    with clock.shifted(deliver.LEASE + timedelta(seconds=1)):
        assert living.run_once() == 1
    assert heard == ["asset.created"]


def test_several_workers_share_the_work_and_lose_nothing(database: Database) -> None:
    heard: list[str] = []
    lock = threading.Lock()

    def note(events: Sequence[Event]) -> None:
        with lock:
            heard.extend(event.subject_name for event in events)

    tell(database, count=500)
    workers = [Worker(database, subscribers=[Subscriber("s", ("asset.",), note)]) for _ in range(3)]

    def run(worker: Worker) -> None:
        while worker.run_once():
            pass

    threads = [threading.Thread(target=run, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run(workers[0])
    assert sorted(heard) == sorted(f"a{number}" for number in range(500))


def test_a_job_runs_when_it_is_due_by_one_process_and_a_failing_one_harms_no_other(database: Database) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise ValueError("no")

    jobs = [
        RecurringJob("bad", timedelta(hours=1), fail),
        RecurringJob("good", timedelta(hours=1), lambda: ran.append("x")),
    ]
    first, second = (Worker(database, jobs=jobs) for _ in range(2))
    first.run_once()
    second.run_once()
    assert ran == ["x"]
    with clock.shifted(timedelta(minutes=61)):
        second.run_once()
    assert ran == ["x", "x"]
    with database.reading() as session:
        rows = {row.name: row.error for row in session.exec(select(Job))}
    assert rows == {"bad": "no", "good": None}


def test_a_worker_thread_delivers_what_is_recorded_and_ends_when_told(database: Database) -> None:
    heard = threading.Event()
    worker = Worker(database, subscribers=[Subscriber("s", ("asset.",), lambda _: heard.set())], poll_seconds=60)
    database.on_commit.append(worker.wake)
    worker.start()
    tell(database)
    assert heard.wait(10)
    worker.stop()

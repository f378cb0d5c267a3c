"""A worker killed while it delivers: the event is delivered again, by whoever looks next."""

from pathlib import Path

from hub import clock
from hub.db import Database
from hub.events.deliver import LEASE, Subscriber, Worker, pending
from tests.crashes.nursery import Nursery
from tests.factories.filled_hub import make_pair, write


def test_what_a_killed_worker_had_in_hand_is_delivered_again(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with database.transaction() as session:
        write(session, make_pair(session), "told-twice")
    with Nursery(tmp_path) as nursery:
        worker = nursery.start("deliver", database_url)
        heard_first = {int(word) for word in worker.first_line().split()}
        worker.kill()
        assert worker.wait() == -9
    assert heard_first
    heard: set[int | None] = set()
    subscriber = Subscriber("next", ("asset.",), lambda events: heard.update(event.id for event in events))
    assert Worker(database, [subscriber]).run_once() == 0, "the lease of the killed one still runs"
    with clock.shifted(LEASE * 1.1):
        while Worker(database, [subscriber]).run_once():
            pass
    assert heard == heard_first
    with database.reading() as session:
        assert pending(session) == 0

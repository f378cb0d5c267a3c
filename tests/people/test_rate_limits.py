"""Counters of tries: they stop the one too many, recover, and are shared by all processes."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from limits.errors import StorageError
from sqlmodel import func, select

from hub import clock
from hub.db import Database
from hub.errors import TooMany, Unavailable
from hub.people.models import RateWindow
from hub.people.rate_limits import Limiter
from hub.settings import Settings

RATE = "3/minute"


@pytest.fixture
def limiter(database: Database) -> Limiter:
    return Limiter(Settings(), database)


@pytest.fixture
def other_process(database_url: str) -> Iterator[Limiter]:
    """What another process has: its own connections to the same database."""
    database = Database(database_url)
    yield Limiter(Settings(), database)
    database.close()


def test_the_try_past_the_rate_is_refused_and_says_when_to_come_back(limiter: Limiter) -> None:
    for _ in range(3):
        limiter.hit("sign-in", "ana", RATE)
    with pytest.raises(TooMany) as refused:
        limiter.hit("sign-in", "ana", RATE)
    assert 0 < refused.value.extra["retry_after"] <= 60
    assert f"Try again in {refused.value.extra['retry_after']} seconds" in refused.value.detail


def test_it_opens_again_when_the_window_is_over(limiter: Limiter) -> None:
    for _ in range(3):
        limiter.hit("sign-in", "ana", RATE)
    with clock.shifted(timedelta(seconds=59)), pytest.raises(TooMany):
        limiter.hit("sign-in", "ana", RATE)
    with clock.shifted(timedelta(seconds=61)):
        for _ in range(3):
            limiter.hit("sign-in", "ana", RATE)
        with pytest.raises(TooMany):
            limiter.hit("sign-in", "ana", RATE)


def test_going_on_knocking_does_not_make_the_wait_longer(limiter: Limiter) -> None:
    for _ in range(3):
        limiter.hit("sign-in", "ana", RATE)
    with clock.shifted(timedelta(seconds=50)):
        for _ in range(20):
            with pytest.raises(TooMany) as refused:
                limiter.hit("sign-in", "ana", RATE)
        assert refused.value.extra["retry_after"] <= 10


def test_kinds_and_keys_are_counted_apart(limiter: Limiter) -> None:
    for _ in range(3):
        limiter.hit("sign-in", "ana", RATE)
    limiter.hit("sign-in", "ben", RATE)
    limiter.hit("search", "ana", RATE)


def test_times_widens_the_rate(limiter: Limiter) -> None:
    for _ in range(6):
        limiter.hit("sign-in", "ana", RATE, times=2)
    with pytest.raises(TooMany):
        limiter.hit("sign-in", "ana", RATE, times=2)


def test_an_empty_rate_is_no_limit(limiter: Limiter, database: Database) -> None:
    for _ in range(50):
        limiter.hit("sign-in", "ana", "")
    with database.reading() as session:
        assert session.exec(select(RateWindow)).all() == []


def test_two_processes_share_the_counter(limiter: Limiter, other_process: Limiter) -> None:
    limiter.hit("sign-in", "ana", RATE)
    other_process.hit("sign-in", "ana", RATE)
    limiter.hit("sign-in", "ana", RATE)
    for process in (limiter, other_process):
        with pytest.raises(TooMany):
            process.hit("sign-in", "ana", RATE)


def test_tries_at_the_same_moment_are_all_counted(limiter: Limiter, other_process: Limiter) -> None:
    outcomes: list[bool] = []

    def knock(process: Limiter) -> None:
        try:
            process.hit("sign-in", "ana", "5/minute")
            outcomes.append(True)
        except TooMany:
            outcomes.append(False)

    threads = [
        threading.Thread(target=knock, args=(process,)) for process in (limiter, other_process) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 15 + [True] * 5


def test_the_table_holds_no_address(limiter: Limiter, database: Database) -> None:
    limiter.hit("sign-in", "ana@example.com", RATE)
    with database.reading() as session:
        assert "ana" not in session.exec(select(RateWindow.key)).one()


def test_old_windows_go_when_new_ones_open(limiter: Limiter, database: Database) -> None:
    for number in range(20):
        limiter.hit("sign-in", f"stranger {number}", RATE)
    with clock.shifted(timedelta(minutes=2)):
        limiter.hit("sign-in", "ana", RATE)
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(RateWindow)).one() == 1


def test_a_counter_can_be_asked_and_cleared(limiter: Limiter) -> None:
    storage = limiter.storage
    assert storage.check()
    storage.incr("a", 60)
    storage.incr("b", 60, 5)
    assert (storage.get("a"), storage.get("b"), storage.get("c")) == (1, 5, 0)
    storage.clear("a")
    assert storage.get("a") == 0
    assert storage.reset() == 1


def test_a_redis_address_that_makes_no_sense_is_a_clear_answer(sqlite_database: Database) -> None:
    with pytest.raises(Unavailable, match="HUB_REDIS_URL cannot be used"):
        Limiter(Settings(redis_url="reddis://127.0.0.1"), sqlite_database)


def test_a_redis_that_is_away_is_a_clear_answer(sqlite_database: Database) -> None:
    pytest.importorskip("redis", reason="the extra `redis` is not installed")
    limiter = Limiter(Settings(redis_url="redis://127.0.0.1:1"), sqlite_database)
    with pytest.raises(Unavailable) as refused:
        limiter.hit("sign-in", "ana", RATE)
    assert isinstance(refused.value.__cause__, StorageError)

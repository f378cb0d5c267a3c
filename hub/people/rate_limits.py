"""How often somebody may try: counters that all processes share, in the database or in Redis.

The windows are those of the `limits` library. `Limiter` is for rare and dear deeds like signing in: each question is
a small write of its own. `for_many` is for what is asked at every keystroke.
"""

import hashlib
import math
import threading
from datetime import timedelta
from functools import cache
from typing import cast

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, select

from hub import clock
from hub.db import Database
from hub.errors import TooMany, Unavailable
from hub.people.models import RateWindow
from hub.settings import Settings

_CLEARED_AT_ONCE = 100
_CLEARED_EVERY = 60.0  # seconds


class Limiter:
    """Holds nothing itself, so an entrance makes one whenever it needs it."""

    def __init__(self, settings: Settings, database: Database, *, storage: Storage | None = None) -> None:
        shared = storage or (_redis(settings.redis_url) if settings.redis_url else DatabaseStorage(database))
        self.storage: Storage = shared
        self.windows = FixedWindowRateLimiter(self.storage)

    @classmethod
    def for_many(cls, settings: Settings, database: Database) -> "Limiter":
        """For what is counted hundreds of times a minute: in Redis where there is one, else in this process alone. A
        write for every keystroke would wait for whoever imports, and a limit of each process is limit enough."""
        return cls(settings, database, storage=None if settings.redis_url else ProcessStorage())

    def hit(self, kind: str, key: str, rate: str, *, times: int = 1) -> None:
        """Count one try of `kind` by or at `key`; raises TooMany when there were more than `times` the rate.

        `rate` is written like `10/minute`; empty for no limit. Raises Unavailable when the counters cannot be reached.
        """
        if not rate:
            return
        limit, name = _limit(rate, times), _name(kind, key)
        try:
            if self.windows.hit(limit, name):
                return
            seconds = self.windows.get_window_stats(limit, name).reset_time - clock.now().timestamp()
        except StorageError as error:
            raise Unavailable("The hub cannot count tries at this moment. Try again soon.", retry_after=5) from error
        wait = max(1, math.ceil(seconds))
        raise TooMany(f"Too many tries. Try again in {wait} seconds.", retry_after=wait)


class DatabaseStorage(Storage):
    """The counters of `limits` in the table `rate_window`: one row a key, counted in one statement."""

    STORAGE_SCHEME = None

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = clock.now()
        insert = sqlite.insert if self.database.is_sqlite else postgresql.insert
        over = col(RateWindow.expires_at) <= now
        ends = now + timedelta(seconds=expiry)
        counted = (
            insert(RateWindow)
            .values(key=key, count=amount, expires_at=ends)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "count": case((over, amount), else_=col(RateWindow.count) + amount),
                    "expires_at": case((over, ends), else_=col(RateWindow.expires_at)),
                },
            )
            .returning(col(RateWindow.count))
        )
        with self.database.transaction() as session:
            count: int = session.execute(counted).scalar_one()
        if count == amount:
            self._clear_expired()
        return count

    def get(self, key: str) -> int:
        window = self._window(key)
        return window.count if window and window.expires_at > clock.now() else 0

    def get_expiry(self, key: str) -> float:
        window = self._window(key)
        return (window.expires_at if window else clock.now()).timestamp()

    def check(self) -> bool:
        self.database.ping()
        return True

    def reset(self) -> int:
        with self.database.transaction() as session:
            return session.exec(delete(RateWindow)).rowcount

    def clear(self, key: str) -> None:
        with self.database.transaction() as session:
            session.exec(delete(RateWindow).where(col(RateWindow.key) == key))

    def _window(self, key: str) -> RateWindow | None:
        with self.database.reading() as session:
            return session.get(RateWindow, key)

    def _clear_expired(self) -> None:
        """Whenever a window opens a few old ones go, so that a stranger with a million addresses leaves no heap."""
        expired = select(RateWindow.key).where(col(RateWindow.expires_at) <= clock.now()).limit(_CLEARED_AT_ONCE)
        free = expired.with_for_update(skip_locked=True)  # two processes that clear take different rows
        with self.database.transaction() as session:
            session.exec(delete(RateWindow).where(col(RateWindow.key).in_(free)))


class ProcessStorage(Storage):
    """Counters in this process alone. (The library's own kind starts a thread at nearly every count.)"""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, tuple[int, float]] = {}
        self._guard = threading.Lock()
        self._cleared = 0.0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = clock.now().timestamp()
        with self._guard:
            if now - self._cleared > _CLEARED_EVERY:
                self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
                self._cleared = now
            count, ends = self._windows.get(key, (0, 0.0))
            window = (count + amount, ends) if ends > now else (amount, now + expiry)
            self._windows[key] = window
        return window[0]

    def get(self, key: str) -> int:
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > clock.now().timestamp() else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, clock.now().timestamp()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._guard:
            count, self._windows = len(self._windows), {}
        return count

    def clear(self, key: str) -> None:
        with self._guard:
            self._windows.pop(key, None)


@cache
def _redis(url: str) -> Storage:
    """One pool of connections for the process."""
    try:
        return cast(Storage, storage_from_string(url, wrap_exceptions=True))
    except ConfigurationError as error:
        raise Unavailable(f"HUB_REDIS_URL cannot be used: {error}.", retry_after=60) from error


@cache
def _limit(rate: str, times: int) -> RateLimitItem:
    limit = parse(rate)
    return type(limit)(limit.amount * times, limit.multiples)


def _name(kind: str, key: str) -> str:
    """Hashed: whoever reads the counters learns no address."""
    return hashlib.sha256(f"{kind}\n{key}".encode("utf-8", "surrogatepass")).hexdigest()

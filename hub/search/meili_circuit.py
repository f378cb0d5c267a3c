"""A circuit that opens when a server is away, so that not every question waits to learn the same.

While it is open calls fail at once; after a pause one is let through to see whether the server is back, and the
others go on failing until that one knows.
"""

import threading
import time


class Circuit:
    """For any number of threads. `pause` is in seconds."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._guard = threading.Lock()
        self._outage: str | None = None
        self._next_try = 0.0

    def outage(self) -> str | None:
        """What went wrong, for a caller that is to fail at once; None for one that may ask. Who may ask while the
        circuit is open is the one that looks: nobody else may until it tells `close` or `open`, or the pause is
        over again."""
        if self._outage is None:
            return None
        with self._guard:
            if self._outage is not None and time.monotonic() >= self._next_try:
                self._next_try = time.monotonic() + self._pause
                return None
            return self._outage

    def open(self, outage: str) -> None:
        with self._guard:
            self._outage, self._next_try = outage, time.monotonic() + self._pause

    def close(self) -> None:
        if self._outage is not None:
            with self._guard:
                self._outage = None

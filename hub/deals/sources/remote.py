"""Asking a CRM's API over HTTP: with patience for its limits and for lost connections, and an end to the patience."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from hub.errors import Invalid, NotAllowed, Unavailable

_TRIES = 6
_TIMEOUT = 60.0  # seconds
_LONGEST_WAIT = 60.0  # seconds, whatever the CRM asks for: then the pull ends, and the next one goes on from there
_TOLD = 300  # characters of the CRM's own words in an error


class Remote:
    """One CRM. `sleep` is the clock's: a test need not wait."""

    def __init__(
        self,
        name: str,
        base_url: str,
        token: str,
        *,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._sleep = sleep
        self._client = httpx2.Client(base_url=base_url, headers=headers, timeout=_TIMEOUT, follow_redirects=False)
        self.use(token)

    def use(self, token: str) -> None:
        if token:
            self._client.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._client.close()

    def ask(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Any = None, form: Any = None
    ) -> dict[str, Any]:
        """The answer's JSON object. 429, 5xx and lost connections are tried again.

        Raises Unavailable when that does not help, NotAllowed for a token that is refused, Invalid for what the CRM
        does not take.
        """
        trouble = ""
        for attempt in range(_TRIES):
            wait = min(2.0**attempt, _LONGEST_WAIT)
            try:
                answer = self._client.request(method, path, params=params, json=json, data=form)
                if answer.status_code < 300:
                    return _object(answer)
                trouble = f"status {answer.status_code}"
            except (httpx2.TransportError, ValueError) as error:  # cut in the middle, it may be no JSON
                trouble = type(error).__name__
            else:
                if answer.status_code == 429:
                    wait = _asked_to_wait(answer)
                    if wait > _LONGEST_WAIT:
                        trouble = f"it asks to wait for {wait:.0f} seconds"
                        break
                elif answer.status_code < 500:
                    raise self._refused(answer)
            if attempt + 1 < _TRIES:
                self._sleep(wait)
        raise Unavailable(
            f"{self.name} does not answer as it should ({trouble}). What was pulled is kept; pull again to go on."
        )

    def _refused(self, answer: httpx2.Response) -> Exception:
        words = " ".join(answer.text.split())[:_TOLD]
        told = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)
        if answer.status_code in (401, 403):
            return NotAllowed(f"{self.name} refuses the hub's token or its rights ({answer.status_code}): {told}")
        return Invalid(f"{self.name} does not take the question ({answer.status_code}): {told}")


def _object(answer: httpx2.Response) -> dict[str, Any]:
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _asked_to_wait(answer: httpx2.Response) -> float:
    """Seconds; ten when it does not say."""
    asked = answer.headers.get("Retry-After", "10")
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 10.0

"""Talking to a Meilisearch server: requests, tasks, and what goes wrong, as the engine wants them.

Over httpx2 and not the official client: that one opens a connection for every call and keeps the headers of all
threads in one dictionary; as-you-type search wants a pool that any thread may use.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from hub.search.engine import SearchUnavailable

_REMEMBERED_TASKS = 1_000  # the server works in order: when the last is done all are
_TASK_PATIENCE = 600.0  # seconds until a task counts as lost
_NEXT_LOOK = (0.01, 0.02, 0.05, 0.1, 0.25)  # seconds between looks at a task; the last one repeats


class IndexMissing(SearchUnavailable):
    """The server has no such index."""


class MeiliServer:
    """One server, for any number of threads. Every call may raise `SearchUnavailable`."""

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._url = url
        self._client = httpx2.Client(base_url=url, headers=headers, timeout=timeout)
        self._open_tasks: set[int] = set()
        self._guard = threading.Lock()

    def get(self, path: str, **params: str) -> Any:
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: object) -> Any:
        return self._ask("POST", path, json=body)

    def change(self, method: str, path: str, body: object = None) -> int:
        """Ask for a change; the server makes it in its own time, in order. Returns the number of its task."""
        task = int(self._ask(method, path, json=body)["taskUid"])
        with self._guard:
            self._open_tasks.add(task)
            if len(self._open_tasks) > _REMEMBERED_TASKS:
                self._open_tasks.remove(min(self._open_tasks))
        return task

    def settle(self) -> None:
        """Wait for every change asked for by this process."""
        with self._guard:
            waiting = sorted(self._open_tasks)
        for task in waiting:
            self.wait(task)

    def wait(self, task: int, *, forgiving: Sequence[str] = ()) -> None:
        """Wait for one change. Raises `SearchUnavailable` with the server's reason when it failed, unless the
        failure's code is one of `forgiving`."""
        deadline = time.monotonic() + _TASK_PATIENCE
        for look in _looks():
            answer = self.get(f"/tasks/{task}")
            if answer["status"] in ("succeeded", "failed", "canceled"):
                break
            if time.monotonic() > deadline:
                raise SearchUnavailable(f"Meilisearch did not finish task {task} in {_TASK_PATIENCE:.0f} seconds.")
            time.sleep(look)
        with self._guard:
            self._open_tasks.discard(task)
        error = answer.get("error") or {}
        if answer["status"] != "succeeded" and error.get("code") not in forgiving:
            raise SearchUnavailable(f"Meilisearch refused a change: {error.get('message', answer['status'])}")

    def close(self) -> None:
        self._client.close()

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        try:
            response = self._client.request(method, path, **content)
        except httpx2.TimeoutException as problem:
            raise SearchUnavailable(f"Meilisearch at {self._url} took too long to answer.") from problem
        except httpx2.HTTPError as problem:
            raise SearchUnavailable(f"Meilisearch at {self._url} cannot be reached: {problem}.") from problem
        if response.is_success:
            return response.json() if response.content else None
        raise self._refusal(response)

    def _refusal(self, response: httpx2.Response) -> SearchUnavailable:
        problem = _problem(response)
        message = problem.get("message", response.reason_phrase)
        if problem.get("code") == "index_not_found":
            return IndexMissing("The search index is not there. It must be rebuilt.")
        if response.status_code in (401, 403):
            return SearchUnavailable(f"Meilisearch refused the key in HUB_MEILI_KEY: {message}")
        return SearchUnavailable(f"Meilisearch answered {response.status_code}: {message}")


def _looks() -> Any:
    yield from _NEXT_LOOK
    while True:
        yield _NEXT_LOOK[-1]


def _problem(response: httpx2.Response) -> Mapping[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}

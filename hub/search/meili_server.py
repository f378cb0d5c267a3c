"""Talking to a Meilisearch server: questions that must be quick, changes that take their time, and their tasks."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from meilisearch import Client
from meilisearch.models.task import TaskInfo

from hub.search.engine import SearchUnavailable
from hub.search.meili_circuit import Circuit
from hub.search.meili_client import Connection, ConnectionLost, ServerAway, TaskMissing

_REMEMBERED_TASKS = 1_000  # the server works in order: when the last is done all are
_TASK_PATIENCE = 600.0  # seconds until a task counts as lost
_NEXT_LOOK = (0.01, 0.02, 0.05, 0.1, 0.25)  # seconds between looks at a task; the last one repeats
_CHANGING = 30.0  # seconds for taking in a batch, in nobody's request
_PAUSE = 1.0  # seconds in which a server that was away is not asked again

T = TypeVar("T")


class MeiliServer:
    """One server, for any number of threads. Every call may raise `SearchUnavailable`."""

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        self._connection = Connection(url, key)
        self._asking = self._connection.client(timeout)
        self._changing = self._connection.client(max(timeout, _CHANGING))
        self._circuit = Circuit(_PAUSE)
        self._open_tasks: dict[int, tuple[int, Sequence[str]]] = {}  # task → the thread that asked, what it forgives
        self._guard = threading.Lock()

    def ask(self, question: Callable[[Client], T]) -> T:
        """What somebody waits for. After an outage it fails at once for a while; a lost connection (the server
        closes those it has not used for long) is made anew."""
        if (outage := self._circuit.outage()) is not None:
            raise ServerAway(outage)
        try:
            answer = self._insist(question)
        except ServerAway as outage_now:
            self._circuit.open(str(outage_now))
            raise
        except SearchUnavailable:
            self._circuit.close()
            raise
        self._circuit.close()
        return answer

    def look(self, question: Callable[[Client], T]) -> T:
        """What a change has to know first; whoever makes changes has more time."""
        return self._connection.call(self._changing, question)

    def change(self, request: Callable[[Client], TaskInfo], *, forgiving: Sequence[str] = ()) -> int:
        """Ask for a change; the server makes it in its own time, those of one index in order. Returns the number
        of its task. `forgiving` are codes of failures that are none to `settle`."""
        task = self._connection.call(self._changing, request).task_uid
        with self._guard:
            self._open_tasks[task] = threading.get_ident(), forgiving
            if len(self._open_tasks) > _REMEMBERED_TASKS:
                del self._open_tasks[min(self._open_tasks)]
        return task

    def make(self, request: Callable[[Client], TaskInfo], *, forgiving: Sequence[str] = (), outage: float = 0) -> bool:
        """Ask for a change and wait until it is made; see `wait`."""
        return self.wait(self.change(request), forgiving=forgiving, outage=outage)

    def settle(self) -> None:
        """Wait for every change asked for by this process. Raises `SearchUnavailable` when the server refused one
        that this thread asked for, after all of them; of the others their threads are told."""
        with self._guard:
            waiting = sorted(self._open_tasks.items())
        refused = []
        for task, (thread, forgiving) in waiting:
            problem = _refusal(task, self.finished(task), forgiving)
            if thread == threading.get_ident() and problem:
                refused.append(problem)
            if thread == threading.get_ident() or not problem:
                self._done(task)
        if refused:
            raise SearchUnavailable(" ".join(refused))

    def wait(self, task: int, *, forgiving: Sequence[str] = (), outage: float = 0) -> bool:
        """Wait for one change; whether it was made. Raises `SearchUnavailable` with the server's reason when it
        failed, unless the failure's code is one of `forgiving`. A server that is away for up to `outage` seconds
        is waited for: it keeps its tasks when it is stopped."""
        answer = self.finished(task, outage)
        self._done(task)
        if problem := _refusal(task, answer, forgiving):
            raise SearchUnavailable(problem)
        return bool(answer["status"] == "succeeded")

    def finished(self, task: int, outage: float = 0) -> dict[str, Any]:
        """A task as the server tells it when it is over, however it went."""
        deadline, away_since = time.monotonic() + _TASK_PATIENCE, 0.0
        looks = 0
        while time.monotonic() < deadline:
            try:
                answer: dict[str, Any] = self.look(lambda client: client.http.get(f"tasks/{task}"))
                away_since = 0.0
                if answer["status"] in ("succeeded", "failed", "canceled"):
                    return answer
            except TaskMissing as missing:
                return {"status": "failed", "type": "unknown", "error": {"code": "lost", "message": str(missing)}}
            except ServerAway:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since >= outage:
                    raise
            time.sleep(_NEXT_LOOK[min(looks, len(_NEXT_LOOK) - 1)])
            looks += 1
        raise SearchUnavailable(f"Meilisearch did not finish task {task} in {_TASK_PATIENCE:.0f} seconds.")

    def close(self) -> None:
        self._connection.close()

    def _insist(self, question: Callable[[Client], T]) -> T:
        try:
            return self._connection.call(self._asking, question)
        except ConnectionLost:
            return self._connection.call(self._asking, question)

    def _done(self, task: int) -> None:
        with self._guard:
            self._open_tasks.pop(task, None)


def _refusal(task: int, answer: Mapping[str, Any], forgiving: Sequence[str]) -> str:
    """What the server says of a change that it did not make, "" of one that it made or that is forgiven."""
    status = answer["status"]
    error = answer.get("error") or {}
    if status == "succeeded" or error.get("code", status) in forgiving:
        return ""
    return f"Meilisearch refused a change (task {task}, {answer['type']}): {error.get('message', status)}"

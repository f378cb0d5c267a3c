"""One rebuild: filled beside the index that answers, brought up to date, swapped in.

Of several processes one rebuilds: whoever makes the index `<prefix>_rebuild`. Who died while rebuilding leaves it
behind; that shows in a server that has had nothing to do for it for a while, and the next rebuild (or start) clears
it away. Should the dead come alive again, its index is gone under its own name, and its swap fails.
"""

import hashlib
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from meilisearch import Client
from meilisearch.models.task import TaskInfo

from hub.search import meili_query, meili_settings
from hub.search.documents import Document
from hub.search.engine import Progress, SearchUnavailable
from hub.search.meili_client import IndexMissing
from hub.search.meili_index import MeiliIndex, Record, State, deleted, fetched

_BATCH = 1_000  # documents between two looks whether the rebuild is still ours
_AHEAD = 2  # batches the server may still be working on while the next is prepared
_QUIET = 30.0  # seconds without a sign after which a rebuild counts as dead
_LOOK = 0.5  # seconds between looks for signs
_OUTAGE = 60.0  # seconds for which a server that went away is waited for in the middle of a rebuild
_AT_ONCE = 1_000  # documents copied or deleted in one request
_ABSENT = ("index_not_found",)
_BUSY = "The index is being rebuilt already. Wait until that is done."
_OVERTAKEN = "The rebuild was given up: another process took it over, or its indexes were deleted. Start it again."

log = logging.getLogger(__name__)

Changes = dict[str, str | None]  # key → fingerprint, None for what was deleted


@dataclass(frozen=True, slots=True)
class _Signs:
    """Of somebody else's rebuild: the newest task asked for it, whether the server works for it, and for how many
    seconds it has not."""

    newest: int
    pending: bool
    quiet: float


class MeiliRebuild:
    """Rebuilds one hub's index. Every call may raise `SearchUnavailable`."""

    def __init__(self, index: MeiliIndex) -> None:
        self._index = index
        self._server = index.server

    def run(self, documents: Iterable[Document], progress: Progress | None) -> int:
        """Returns the number of documents. Raises `SearchUnavailable` when somebody else rebuilds."""
        self._index.ensure()
        token = self._take()
        try:
            self._begin(token)
            made_at = self._index.made_at(self._index.next_name(token))
            count = self._fill(token, documents, progress)
            self._catch_up(token)
            self._swap(token, made_at)
        finally:
            self._leave(token)
        return count

    def clear_dead(self) -> None:
        """Clear away what a rebuild that died left behind; a living one is left alone."""
        leftovers = self._index.leftovers()  # before the lock: what a rebuild that begins now makes is not among them
        if made_at := self._index.made_at(self._index.lock):
            signs = self._signs(_token(made_at), self._server_time())
            if not signs.pending and signs.quiet > _QUIET:
                self._clear_away(made_at)
        else:
            self._delete(*leftovers)

    # Who rebuilds

    def _take(self) -> str:
        """Raises `SearchUnavailable` when somebody else rebuilds; who shows no sign of life is waited for until it
        does or counts as dead."""
        seen: _Signs | None = None
        while not self._index.create(self._index.lock, settings=False):
            now, begin = self._server_time(), time.monotonic()
            while made_at := self._index.made_at(self._index.lock):
                signs = self._signs(_token(made_at), now + time.monotonic() - begin)
                if seen is not None and signs.newest != seen.newest:
                    raise SearchUnavailable(_BUSY)
                seen = signs
                if not signs.pending and signs.quiet > _QUIET:
                    self._clear_away(made_at)
                    break
                time.sleep(_LOOK)
        return _token(self._index.made_at(self._index.lock))

    def _signs(self, token: str, now: float) -> _Signs:
        names = ",".join((self._index.next_name(token), self._index.next_state(token)))
        tasks = self._server.look(lambda client: client.http.get(f"tasks?indexUids={names}&limit=1"))["results"]
        if not tasks:
            made = self._index.made_at(self._index.lock)
            return _Signs(-1, False, now - _seconds(made) if made else 0.0)
        finished = tasks[0]["finishedAt"]
        quiet = now - _seconds(finished) if finished else 0.0
        return _Signs(int(tasks[0]["uid"]), finished is None, quiet)

    def _server_time(self) -> float:
        """Now, by the clock that dates its tasks: it says so of every task, also of one that does nothing."""
        task = self._server.look(lambda client: deleted(client, self._index.state_name, ["-"]))
        return task.enqueued_at.replace(tzinfo=UTC).timestamp()

    def _leave(self, token: str) -> None:
        """What cannot be cleared away now is by the next rebuild or start."""
        try:
            made_at = self._index.made_at(self._index.lock)
            if made_at and _token(made_at) == token:
                self._clear_away(made_at)
            else:
                self._delete(self._index.next_name(token), self._index.next_state(token))
        except SearchUnavailable as problem:
            log.warning("what a rebuild of the search index left behind stays for now: %s", problem)

    def _clear_away(self, made_at: str) -> None:
        """Of the rebuild that made the lock then: writers are told first, the lock goes last."""
        token = _token(made_at)
        state = self._index.ensure()
        if state.rebuild == token:
            self._index.remember(replace(state, rebuild=""))
            gone = [one["key"] for one in self._index.everything(self._index.state_name, {}) if "deleted_during" in one]
            self._delete_documents(self._index.state_name, gone)
        names = ",".join((self._index.next_name(token), self._index.next_state(token)))
        self._server.look(lambda client: client.cancel_tasks({"indexUids": names, "statuses": "enqueued,processing"}))
        self._delete(*self._index.leftovers())
        if self._index.made_at(self._index.lock) == made_at:
            self._delete(self._index.lock)

    def _delete(self, *indexes: str) -> None:
        for name in indexes:
            self._server.make(partial(_index_deleted, name=name), forgiving=_ABSENT, outage=_OUTAGE)

    # Rebuilding

    def _begin(self, token: str) -> None:
        """From here on writers write to both. Only then may the first document be read: what was changed before is
        in what will be read, what is changed later is written here too."""
        self._index.create(self._index.next_name(token))
        self._index.create(self._index.next_state(token), settings=False)
        self._index.remember(replace(self._index.ensure(), rebuild=token))

    def _fill(self, token: str, documents: Iterable[Document], progress: Progress | None) -> int:
        name, count = self._index.next_name(token), 0
        waiting: list[tuple[int, list[int]]] = []
        refused: list[str] = []
        iterator = iter(documents)
        while batch := list(islice(iterator, _BATCH)):
            self._still_ours(token)
            records = [meili_query.record(one, self._index.configuration) for one in batch]
            tasks, too_large = self._index.send(name, records)
            refused += too_large
            waiting.append((len(batch) - len(too_large), tasks))
            if len(waiting) > _AHEAD:
                count = self._wait(waiting.pop(0), count, progress)
        for sent in waiting:
            count = self._wait(sent, count, progress)
        for identity in refused:
            log.error("the search index is built without %s: it is too large for Meilisearch", identity)
        return count

    def _wait(self, sent: tuple[int, list[int]], count: int, progress: Progress | None) -> int:
        documents, tasks = sent
        for task in tasks:
            self._server.wait(task, outage=_OUTAGE)
        if progress:
            progress(count + documents)
        return count + documents

    def _catch_up(self, token: str) -> None:
        """A batch may have overwritten what was put or deleted since with what it had read before. No batch comes
        any more, so only what is copied here can be overtaken, and is looked at again until it was not."""
        changes = self._changes(token)
        wrong = changes
        while wrong:
            self._copy(token, wrong)
            now = self._changes(token)
            wrong = {key: now.get(key) for key in wrong if now.get(key) != changes.get(key)}
            changes = now

    def _changes(self, token: str) -> Changes:
        self._until_written(self._index.live)
        self._until_written(self._index.state_name)
        gone = self._index.everything(self._index.state_name, {})
        found: Changes = {one["key"]: None for one in gone if one.get("deleted_during") == token}
        marked = {"filter": f'put_during = "{token}"', "fields": ["key", "fingerprint"]}
        found |= {one["key"]: one["fingerprint"] for one in self._index.everything(self._index.live, marked)}
        return found

    def _copy(self, token: str, changes: Mapping[str, str | None]) -> None:
        name = self._index.next_name(token)
        gone = sorted(key for key, fingerprint in changes.items() if fingerprint is None)
        self._delete_documents(name, gone)
        put = sorted(key for key, fingerprint in changes.items() if fingerprint is not None)
        for at in range(0, len(put), _AT_ONCE):
            self._index.add(name, self._stored(put[at : at + _AT_ONCE]), outage=_OUTAGE)

    def _stored(self, keys: Sequence[str]) -> list[Record]:
        request = {"filter": meili_query.keys(keys), "limit": len(keys)}
        return self._server.look(lambda client: fetched(client, self._index.live, request))

    def _delete_documents(self, index: str, keys: Sequence[str]) -> None:
        for at in range(0, len(keys), _AT_ONCE):
            self._server.wait(self._index.remove(index, keys[at : at + _AT_ONCE]), outage=_OUTAGE)

    def _swap(self, token: str, made_at: str) -> None:
        """At once: the index and what is said of it. Fails when somebody cleared either away."""
        name, state_name = self._index.next_name(token), self._index.next_state(token)
        state = State(
            built_with=meili_settings.built_with(self._index.configuration),
            index=made_at,
            generation=token,
            settings=self._server.look(lambda client: client.http.get(f"indexes/{name}/settings")),
        )
        self._index.remember(state, state_name, outage=_OUTAGE)
        self._still_ours(token)
        if self._index.made_at(name) != made_at:
            raise SearchUnavailable(_OVERTAKEN)
        pairs: list[Any] = [{"indexes": [self._index.live, name]}, {"indexes": [self._index.state_name, state_name]}]
        if not self._server.make(lambda client: client.swap_indexes(pairs), forgiving=_ABSENT, outage=_OUTAGE):
            raise SearchUnavailable(_OVERTAKEN)

    def _still_ours(self, token: str) -> None:
        try:
            state = self._index.state()
        except IndexMissing:
            state = State()
        if state.rebuild != token:
            raise SearchUnavailable(_OVERTAKEN)

    def _until_written(self, index: str) -> None:
        """Until the server made every change of this index that anybody asked for so far: those of one index are
        made in order, those of different ones may overtake each other."""
        path = f"tasks?indexUids={index}&statuses=enqueued,processing&limit=1"
        for task in self._server.look(lambda client: client.http.get(path))["results"]:
            self._server.finished(int(task["uid"]), outage=_OUTAGE)


def _index_deleted(client: Client, name: str) -> TaskInfo:
    return client.delete_index(name)


def _token(made_at: str) -> str:
    return hashlib.blake2b(made_at.encode(), digest_size=6).hexdigest()


def _seconds(moment: str) -> float:
    """RFC 3339 with more digits than Python reads."""
    whole, _, fraction = moment.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")

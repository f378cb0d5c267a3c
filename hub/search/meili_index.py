"""The indexes of one hub on a Meilisearch server: the one that answers, and what is known of it.

`<prefix>` answers. `<prefix>_state` says how it was built and whether a rebuild runs; while one does it also
remembers what was deleted. A rebuild fills `<prefix>_next_<token>` beside them and swaps both in at once, so that
an index and what is said of it never part. Every rebuild has names of its own: two can never mix.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from meilisearch import Client
from meilisearch.models.task import TaskInfo

from hub.search import meili_settings
from hub.search.configuration import Configuration
from hub.search.engine import SearchUnavailable
from hub.search.meili_client import ConnectionLost, DocumentMissing, IndexMissing, TooLarge
from hub.search.meili_server import MeiliServer

_BATCH_BYTES = 8_000_000  # of one request; the server takes 100 MB unless told otherwise
_PAGE = 500  # documents read at once
_MOST_INDEXES = 10_000
_STATE = "state"
_EXISTS = ("index_already_exists",)
_OVER = ("index_not_found", "canceled")  # what becomes of a change to an index whose rebuild is over
_WRITERS = ("generation", "rebuild")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """How the index that answers was built. `built_with` and `settings` see `meili_settings`; `index` is the moment
    at which it was made, as only the server knows it; `generation` the rebuild that made it; `rebuild` the one that
    runs. Empty before the first rebuild."""

    built_with: str = ""
    index: str = ""
    generation: str = ""
    rebuild: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


class MeiliIndex:
    """See the module. Every call may raise `SearchUnavailable`."""

    def __init__(self, server: MeiliServer, prefix: str, configuration: Configuration) -> None:
        self.server = server
        self.configuration = configuration
        self.live, self.state_name, self.lock = prefix, f"{prefix}_state", f"{prefix}_rebuild"
        self._own = re.compile(rf"{re.escape(prefix)}_(next|state)_[0-9a-f]+")

    def next_name(self, token: str) -> str:
        return f"{self.live}_next_{token}"

    def next_state(self, token: str) -> str:
        return f"{self.live}_state_{token}"

    # What is known of it

    def state(self, *, patient: bool = True) -> State:
        """Raises `IndexMissing` when nothing was ever written."""
        ask = self.server.look if patient else self.server.ask
        try:
            found = ask(lambda client: client.http.get(f"indexes/{self.state_name}/documents/{_STATE}"))
        except DocumentMissing:
            return State()
        return State(**{name: found[name] for name in State.__slots__ if name in found})

    def remember(self, state: State, index: str = "", *, outage: float = 0) -> None:
        self.add(index or self.state_name, [{"key": _STATE} | asdict(state)], outage=outage)

    def made_at(self, index: str) -> str:
        """The moment at which it was made; "" when it is not there."""
        try:
            return str(self.server.look(lambda client: client.get_raw_index(index))["createdAt"])
        except IndexMissing:
            return ""

    def leftovers(self) -> list[str]:
        """Indexes that a rebuild made and that are none of those in use."""
        found = self.server.look(lambda client: client.http.get(f"indexes?limit={_MOST_INDEXES}"))["results"]
        return [one["uid"] for one in found if self._own.fullmatch(one["uid"])]

    # Making

    def ensure(self) -> State:
        """Something to write to, with our settings; what is missing is made, and the index then counts as not
        complete until it is rebuilt."""
        if not self.made_at(self.live):
            self.create(self.live)
        try:
            return self.state()
        except IndexMissing:
            self.create(self.state_name, settings=False)
            return self.state()

    def create(self, index: str, *, settings: bool = True) -> bool:
        """Whether it was made by this call: of any number of callers one makes it."""
        tasks = [self.server.change(lambda client: client.create_index(index, {"primaryKey": "key"}))]
        if settings:
            given = meili_settings.wanted(self.configuration)
            tasks.append(self.server.change(lambda client: client.index(index).update_settings(given)))
        made, *_ = [self.server.wait(task, forgiving=_EXISTS) for task in tasks]
        return made

    # Writing

    def write(self, write: Callable[[str, State], None]) -> None:
        """Let `write` change the index that answers, and while a rebuild runs then the new one. When a rebuild began
        or ended meanwhile it is done once more: what it wrote may have missed the index that answers now."""
        state = self.ensure()
        while True:
            write(self.live, state)
            if state.rebuild:
                write(self.next_name(state.rebuild), state)
            now = self.ensure()
            if all(getattr(now, name) == getattr(state, name) for name in _WRITERS):
                return
            state = now

    def send(self, index: str, records: Iterable[Record]) -> tuple[list[int], list[str]]:
        """Hand documents over in requests of bounded size. Returns the tasks, and the ids of documents that are too
        large for the server."""
        tasks: list[int] = []
        refused: list[str] = []
        for batch in _batches(records):
            self._send(index, batch, tasks, refused)
        return tasks, refused

    def add(self, index: str, records: Sequence[Record], *, outage: float = 0) -> None:
        """Hand documents over and wait until they are in. Raises `SearchUnavailable` when one is too large."""
        tasks, refused = self.send(index, records)
        for task in tasks:
            self.server.wait(task, outage=outage)
        if refused:
            raise too_large(refused)

    def remove(self, index: str, keys: Sequence[str]) -> int:
        """Delete by key, whatever the index's filters are. Returns the task."""
        return self.server.change(lambda client: deleted(client, index, keys), forgiving=self._over(index))

    # Reading

    def everything(self, index: str, request: Mapping[str, Any]) -> Iterator[Record]:
        """All documents that fit, page by page."""
        offset = 0
        while True:
            page = {**request, "limit": _PAGE, "offset": offset}
            found = self.server.look(partial(fetched, index=index, request=page))
            yield from found
            if len(found) < _PAGE:
                return
            offset += _PAGE

    def _over(self, index: str) -> Sequence[str]:
        """Failures that do no harm: who writes to both indexes looks again which one answers."""
        return _OVER if self._own.fullmatch(index) else ()

    def _send(self, index: str, batch: Sequence[tuple[str, bytes]], tasks: list[int], refused: list[str]) -> None:
        body = b"\n".join(line for _, line in batch)
        try:
            tasks.append(self.server.change(lambda client: _posted(client, index, body), forgiving=self._over(index)))
            return
        except TooLarge:
            pass
        except ConnectionLost:
            # A server may hang up on what is too large for it before it says so. One that is away says so here.
            self.server.look(lambda client: client.health())
        if len(batch) == 1:
            refused.append(batch[0][0])
            return
        half = len(batch) // 2
        self._send(index, batch[:half], tasks, refused)
        self._send(index, batch[half:], tasks, refused)


def fetched(client: Client, index: str, request: Mapping[str, Any]) -> list[Record]:
    """Documents as they are stored: the client's own call wraps each in an object."""
    found: list[Record] = client.http.post(f"indexes/{index}/documents/fetch", request)["results"]
    return found


def deleted(client: Client, index: str, keys: Sequence[str]) -> TaskInfo:
    """The client's own call by key is about to go; by filter an index without our settings could not be cleaned."""
    return TaskInfo(**client.http.post(f"indexes/{index}/documents/delete-batch", list(keys)))


def too_large(identities: Sequence[str]) -> SearchUnavailable:
    names = ", ".join(identities[:10])
    more = "" if len(identities) <= 10 else f" and {len(identities) - 10} more"
    return SearchUnavailable(
        f"Too large for Meilisearch: {names}{more}. Shorten them, or start the server with a higher "
        "--http-payload-size-limit."
    )


def _posted(client: Client, index: str, body: bytes) -> TaskInfo:
    """The client's own call would write text as JSON a second time."""
    return TaskInfo(**client.http.post(f"indexes/{index}/documents", body, "application/x-ndjson"))


def _batches(records: Iterable[Record]) -> Iterator[list[tuple[str, bytes]]]:
    """Documents with their ids, as lines of JSON, as many as fit in a request."""
    batch: list[tuple[str, bytes]] = []
    size = 0
    for record in records:
        line = json.dumps(record, ensure_ascii=False).encode()
        if batch and size + len(line) > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((str(record.get("id", record["key"])), line))
        size += len(line)
    if batch:
        yield batch

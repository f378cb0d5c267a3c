"""The Meilisearch engine: a server shared by any number of hub processes, for libraries past one machine.

The server filters, counts and finds candidates (it forgives typing by itself); the hub's planner orders them.
`meili_index` says which indexes there are, `meili_rebuild` how they are built anew, `meili_find` how it is asked.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from hub.search import meili_query, meili_settings
from hub.search.configuration import Configuration
from hub.search.documents import EVERYONE, Document, Shown
from hub.search.engine import Filters, Health, Inquiry, Progress, Scope, SearchUnavailable
from hub.search.meili_client import IndexMissing
from hub.search.meili_find import MeiliFinder, MeiliFound
from hub.search.meili_index import MeiliIndex, State, fetched, too_large
from hub.search.meili_rebuild import MeiliRebuild
from hub.search.meili_server import MeiliServer
from hub.search.meili_texts import shown_in

_REMEMBERED = 30.0  # seconds for which languages, values and the number of documents are not asked again
_HEALTHY = 1.0  # seconds for which the state of health is not
_TIMEOUT = 3.0  # seconds somebody waits for an answer; the server itself cuts a search off after half of that

log = logging.getLogger(__name__)


class MeiliEngine:
    """See the module. Opening it needs no server; every call but `health` may raise `SearchUnavailable`."""

    name = "meili"

    def __init__(
        self,
        url: str,
        key: str | None,
        configuration: Configuration,
        *,
        prefix: str = "hub",
        timeout: float = _TIMEOUT,
    ) -> None:
        self._configuration = configuration
        self._built_with = meili_settings.built_with(configuration)
        self._server = MeiliServer(url, key, timeout)
        self._index = MeiliIndex(self._server, prefix, configuration)
        self._finder = MeiliFinder(self._server, prefix, configuration)
        self._remembered: dict[str, tuple[float, Any]] = {}
        self._health_guard = threading.Lock()
        self._wrong: tuple[str, str] = "", ""  # generation, and what is wrong with its settings

    def start(self) -> None:
        """To be called when a process starts, and when a server that was away is back: clears away what a killed
        rebuild left behind, and compares the server's settings with ours. A difference is logged by its name. What
        can be changed in place is, in the server's own time; for anything else `health` says that the index must
        be rebuilt. Raises `SearchUnavailable`."""
        MeiliRebuild(self._index).clear_dead()
        with suppress(IndexMissing):  # nothing built yet: health says so
            self._compare(self._index.state())
        self._forget()

    def put(self, documents: Iterable[Document]) -> None:
        records = [meili_query.record(document, self._configuration) for document in documents]
        refused: list[str] = []

        def write(index: str, state: State) -> None:
            _, too_large_ones = self._index.send(index, (one | {"put_during": state.rebuild} for one in records))
            refused.extend(too_large_ones)

        if records:
            self._index.write(write)
        if refused:
            raise too_large(sorted(set(refused)))

    def delete(self, identities: Iterable[str]) -> None:
        keys = [meili_query.key(identity) for identity in identities]

        def write(index: str, state: State) -> None:
            if state.rebuild and index == self._index.live:
                gone = [{"key": key, "deleted_during": state.rebuild} for key in keys]
                self._index.send(self._index.state_name, gone)
            self._index.remove(index, keys)

        if keys:
            self._index.write(write)

    def settle(self) -> None:
        self._server.settle()
        self._forget()

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        try:
            return MeiliRebuild(self._index).run(documents, progress)
        finally:
            self._forget()

    def vocabulary(self) -> None:
        """The server handles unfinished and wrong words itself."""

    def find(self, inquiry: Inquiry) -> MeiliFound:
        return self._finder.find(inquiry, self._population)

    def fetch(self, identities: Sequence[str], scope: Scope) -> list[Shown]:
        keys = [meili_query.key(identity) for identity in identities]
        conditions = [*meili_query.expression(Filters(), scope), meili_query.keys(keys)]
        request = {"filter": conditions, "fields": ["id", "shown"], "limit": max(1, len(identities))}
        found = self._server.ask(partial(fetched, index=self._index.live, request=request))
        by_id = {one["id"]: shown_in(one) for one in found}
        return [by_id[identity] for identity in identities if identity in by_id]

    def fingerprints(self) -> dict[str, str]:
        held = self._index.everything(self._index.live, {"fields": ["id", "fingerprint"]})
        return {one["id"]: one["fingerprint"] for one in held}

    def values(self, facet: str) -> frozenset[str] | None:
        found: frozenset[str] = self._once(f"values {facet}", partial(self._distribution, facet))
        return None if len(found) >= self._configuration.facet_size else found

    def languages(self) -> frozenset[str]:
        found: frozenset[str] = self._once("languages", partial(self._distribution, "language"))
        return found

    def health(self) -> Health:
        """Asked of the server at most once a second."""
        with self._health_guard:
            health: Health = self._once("health", self._asked_health, _HEALTHY)
            return health

    def close(self) -> None:
        self._server.close()

    # Health

    def _asked_health(self) -> Health:
        try:
            made_at = self._server.ask(lambda client: client.get_raw_index(self._index.live))["createdAt"]
            state = self._index.state(patient=False)
            documents = self._counted()
        except IndexMissing as problem:
            return Health(self.name, "stale", 0, str(problem))
        except SearchUnavailable as problem:
            return Health(self.name, "down", 0, str(problem))
        if reason := self._stale(state, made_at):
            return Health(self.name, "stale", documents, reason)
        return Health(self.name, "ok", documents)

    def _stale(self, state: State, made_at: str) -> str:
        if not state.generation:
            return "The index was never built completely. Rebuild it."
        if state.index != made_at:
            return "The index was deleted since it was built; what is there was put since. Rebuild it."
        if state.built_with != self._built_with:
            return "The search settings changed. Rebuild the index."
        generation, wrong = self._wrong
        return wrong if generation == state.generation else ""

    def _compare(self, state: State) -> None:
        name = self._index.live
        theirs = self._server.look(lambda client: client.http.get(f"indexes/{name}/settings"))
        if not state.generation or state.built_with != self._built_with:
            return  # will be rebuilt
        found = meili_settings.differences(self._configuration, state.settings, theirs)
        for field, (ours, other) in found.items():
            wanted, has = meili_settings.told(ours, other)
            log.warning("search setting %s of index %s is %s on the server and must be %s", field, name, has, wanted)
        cured = {field: ours for field, (ours, _) in found.items() if field in meili_settings.IN_PLACE}
        if cured:
            # Reset first: of an object the server only changes the keys it is given.
            self._server.change(lambda client: client.index(name).update_settings(dict.fromkeys(cured)))
            self._server.change(lambda client: client.index(name).update_settings(cured))
        others = ", ".join(field for field in found if field not in cured)
        wrong = f"Settings were changed on the server: {others}. Rebuild the index." if others else ""
        self._wrong = state.generation, wrong

    # Reading

    def _population(self) -> int:
        count: int = self._once("documents", self._counted)
        return count

    def _counted(self) -> int:
        stats = self._server.ask(lambda client: client.index(self._index.live).get_stats())
        return int(stats.number_of_documents)

    def _distribution(self, facet: str) -> frozenset[str]:
        request = {"limit": 0, "facets": [facet], "filter": f'visible_to = "{EVERYONE}"'}
        answer = self._server.ask(lambda client: client.index(self._index.live).search("", request))
        return frozenset(answer["facetDistribution"].get(facet, ()))

    def _once(self, name: str, ask: Callable[[], Any], seconds: float = _REMEMBERED) -> Any:
        known = self._remembered.get(name)
        if known is None or time.monotonic() - known[0] > seconds:
            answer = ask()
            self._remembered[name] = known = time.monotonic(), answer
        return known[1]

    def _forget(self) -> None:
        self._remembered.clear()

"""The Meilisearch engine: a server shared by any number of hub processes, for libraries past one machine.

The server filters, counts and finds candidates (it forgives typing by itself); the hub's planner orders them. An
index is rebuilt under a second name and swapped in; `<prefix>_state` says under which configuration it was built,
and remembers what was deleted while a rebuild ran.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from hub.search import meili_query
from hub.search.configuration import Configuration
from hub.search.documents import EVERYONE, Document, Shown
from hub.search.engine import Filters, Health, Inquiry, Progress, Scope, SearchUnavailable
from hub.search.meili_find import MeiliFinder, MeiliFound, shown_in
from hub.search.meili_server import IndexMissing, MeiliServer

_BATCH = 1_000  # documents a request
_PAGE = 1_000  # documents read at once
_REMEMBERED = 30.0  # seconds for which languages, values and the number of documents are not asked again
_STATE, _ABSENT = "state", ("index_not_found",)


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
        timeout: float = 5.0,
    ) -> None:
        self._configuration = configuration
        self._server = MeiliServer(url, key, timeout)
        self._live, self._next, self._state = prefix, f"{prefix}_next", f"{prefix}_state"
        self._finder = MeiliFinder(self._server, self._live, configuration)
        self._remembered: dict[str, tuple[float, Any]] = {}

    def put(self, documents: Iterable[Document]) -> None:
        self._ensure()
        rebuild = self._running_rebuild()
        records = [
            meili_query.record(document, self._configuration) | {"put_during": rebuild} for document in documents
        ]
        for index in self._written(rebuild):
            for batch in _batches(records, _BATCH):
                self._server.change("POST", f"/indexes/{index}/documents", batch)

    def delete(self, identities: Iterable[str]) -> None:
        keys = [meili_query.key(identity) for identity in identities]
        self._ensure()
        rebuild = self._running_rebuild()
        for index in self._written(rebuild):
            self._server.change("POST", f"/indexes/{index}/documents/delete-batch", keys)
        if rebuild:
            gone = [{"key": key, "deleted_during": rebuild} for key in keys]
            self._server.change("POST", f"/indexes/{self._state}/documents?primaryKey=key", gone)

    def settle(self) -> None:
        self._server.settle()
        self._remembered.clear()

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        if self._running_rebuild():
            raise SearchUnavailable("The index is being rebuilt already. Wait until that is done.")
        self._ensure()
        self._create(self._next)
        count = 0
        try:
            for batch in _batches(documents, _BATCH):
                records = [meili_query.record(document, self._configuration) for document in batch]
                self._wait("POST", f"/indexes/{self._next}/documents", records)
                count += len(records)
                if progress:
                    progress(count)
            self._catch_up()
            self._wait("POST", "/swap-indexes", [{"indexes": [self._live, self._next]}])
            self._remember_state()
        finally:
            self._wait("DELETE", f"/indexes/{self._next}", forgiving=_ABSENT)
        self._remembered.clear()
        return count

    def vocabulary(self) -> None:
        """The server handles unfinished and wrong words itself."""

    def find(self, inquiry: Inquiry) -> MeiliFound:
        return self._finder.find(inquiry, self._population)

    def fetch(self, identities: Sequence[str], scope: Scope) -> list[Shown]:
        keys = [meili_query.key(identity) for identity in identities]
        conditions = [*meili_query.expression(Filters(), scope), meili_query.keys(keys)]
        found = self._documents({"filter": conditions, "fields": ["id", "shown"], "limit": len(identities)})
        by_id = {one["id"]: shown_in(one) for one in found}
        return [by_id[identity] for identity in identities if identity in by_id]

    def fingerprints(self) -> dict[str, str]:
        shown = (shown_in(one) for one in self._all(self._live, {"fields": ["shown"]}))
        return {one.id: one.fingerprint for one in shown}

    def values(self, facet: str) -> frozenset[str] | None:
        found: frozenset[str] = self._once(f"values {facet}", lambda: self._distribution(facet))
        return None if len(found) >= self._configuration.facet_size else found

    def languages(self) -> frozenset[str]:
        found: frozenset[str] = self._once("languages", lambda: self._distribution("language"))
        return found

    def health(self) -> Health:
        try:
            documents = int(self._server.get(f"/indexes/{self._live}/stats")["numberOfDocuments"])
            state = self._server.get(f"/indexes/{self._state}/documents/{_STATE}")
        except IndexMissing as problem:
            return Health(self.name, "stale", 0, str(problem))
        except SearchUnavailable as problem:
            absent = "not found" in str(problem)
            return Health(self.name, "stale" if absent else "down", 0, str(problem))
        if state["fingerprint"] != self._configuration.fingerprint:
            return Health(self.name, "stale", documents, "The search settings changed. Rebuild the index.")
        return Health(self.name, "ok", documents)

    def close(self) -> None:
        self._server.close()

    # Writing

    def _written(self, rebuild: str) -> list[str]:
        return [self._live, self._next] if rebuild else [self._live]

    def _running_rebuild(self) -> str:
        """What tells the rebuild that runs from every other one, or ""."""
        try:
            return str(self._server.get(f"/indexes/{self._next}")["createdAt"])
        except IndexMissing:
            return ""

    def _exists(self, index: str) -> bool:
        try:
            self._server.get(f"/indexes/{index}")
        except IndexMissing:
            return False
        return True

    def _ensure(self) -> None:
        """An index to write to, with our settings; nothing to do but once."""
        if not self._exists(self._live):
            self._create(self._live)

    def _create(self, index: str) -> None:
        self._wait("POST", "/indexes", {"uid": index, "primaryKey": "key"}, forgiving=("index_already_exists",))
        self._wait("PATCH", f"/indexes/{index}/settings", self._settings())

    def _settings(self) -> dict[str, Any]:
        """`search/settings.json` and the synonyms; beside the attributes people filter by those the hub needs."""
        given = dict(self._configuration.settings)
        given["synonyms"] = self._configuration.written_synonyms
        given["filterableAttributes"] = [*given["filterableAttributes"], "key", "put_during"]
        given["sortableAttributes"] = [*given["sortableAttributes"], "standing"]
        return given

    def _catch_up(self) -> None:
        """Bring what was put or deleted while the rebuild ran into the new index: a batch of the rebuild may have
        overwritten it with what it had read before."""
        self._server.settle()
        rebuild = self._running_rebuild()
        changed = list(self._all(self._live, {"filter": f'put_during = "{rebuild}"'}))
        for batch in _batches(changed, _BATCH):
            self._wait("POST", f"/indexes/{self._next}/documents", batch)
        if self._exists(self._state):
            deleted = [one["key"] for one in self._all(self._state, {}) if one.get("deleted_during") == rebuild]
            put_again = {one["key"] for one in changed}
            gone = [key for key in deleted if key not in put_again]
            self._wait("POST", f"/indexes/{self._next}/documents/delete-batch", gone)

    def _remember_state(self) -> None:
        self._wait("DELETE", f"/indexes/{self._state}", forgiving=_ABSENT)
        self._wait("POST", "/indexes", {"uid": self._state, "primaryKey": "key"})
        state = [{"key": _STATE, "fingerprint": self._configuration.fingerprint}]
        self._wait("POST", f"/indexes/{self._state}/documents", state)

    def _wait(self, method: str, path: str, body: object = None, *, forgiving: Sequence[str] = ()) -> None:
        self._server.wait(self._server.change(method, path, body), forgiving=forgiving)

    # Reading

    def _documents(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._server.post(f"/indexes/{self._live}/documents/fetch", request)["results"]
        return found

    def _all(self, index: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = {**request, "limit": _PAGE, "offset": offset}
            found = self._server.post(f"/indexes/{index}/documents/fetch", page)["results"]
            yield from found
            if len(found) < _PAGE:
                return
            offset += _PAGE

    def _population(self) -> int:
        count: int = self._once(
            "documents", lambda: int(self._server.get(f"/indexes/{self._live}/stats")["numberOfDocuments"])
        )
        return count

    def _distribution(self, facet: str) -> frozenset[str]:
        request = {"q": "", "limit": 0, "facets": [facet], "filter": f'visible_to = "{EVERYONE}"'}
        answer = self._server.post(f"/indexes/{self._live}/search", request)
        return frozenset(answer["facetDistribution"].get(facet, ()))

    def _once(self, name: str, ask: Any) -> Any:
        known = self._remembered.get(name)
        if known is None or time.monotonic() - known[0] > _REMEMBERED:
            self._remembered[name] = known = time.monotonic(), ask()
        return known[1]


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch

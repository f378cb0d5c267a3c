"""The embedded engine: a tantivy index in a folder, no server needed. The default.

A change is visible to every process when `put` returns: readers look at the folder's pointer and at the index's
own state before each question, which costs microseconds when nothing changed. A damaged or vanished index is
noticed before it is read, put aside, and reported by `health` until a rebuild.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy

from hub.search.configuration import Configuration
from hub.search.documents import Document, Shown
from hub.search.embedded_folder import IndexFolder, Pointer
from hub.search.embedded_schema import ASSET, IndexSchema
from hub.search.embedded_view import MOST_VALUES, EmbeddedFound, LiveWords, View, shown_in
from hub.search.engine import Health, Inquiry, Progress, Scope, SearchUnavailable
from hub.search.vocabulary import WordList

_WRITER_MEMORY = 60_000_000
_PATIENCE = 50  # a word list that took t seconds to read may be this many times t old
_INSTANT = 0.01  # seconds: one that is read faster than that is always read anew
_NOT_DATA = (".json", ".lock")

log = logging.getLogger(__name__)

Change = tuple[str, Document | None]


class EmbeddedEngine:
    """See the module. One object a process is enough; it may be used from any thread."""

    name = "embedded"

    def __init__(self, root: Path, configuration: Configuration) -> None:
        self._configuration = configuration
        self._folder = IndexFolder(root)
        self._schema = IndexSchema(configuration)
        self._guard = threading.RLock()
        self._index: tuple[str, tantivy.Index] | None = None
        self._view: View | None = None
        self._state: tuple[int, int, int] | None = None
        self._looked_at = threading.local()
        self._words: tuple[View, WordList, float, float] | None = None
        with self._folder.writing():
            self._ensure(lost="")

    def start(self) -> None:
        """Nothing to put right: what others left in the folder is looked at with every question."""

    def put(self, documents: Iterable[Document]) -> None:
        self._change([(document.id, document) for document in documents])

    def delete(self, identities: Iterable[str]) -> None:
        self._change([(identity, None) for identity in identities])

    def settle(self) -> None:
        """Nothing to wait for: `put` and `delete` return when their change is visible."""

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        try:
            with self._folder.rebuilding():
                return self._rebuild(documents, progress)
        except BlockingIOError as busy:
            raise SearchUnavailable("The index is being rebuilt already. Wait until that is done.") from busy

    def vocabulary(self) -> LiveWords:
        view = self._current()
        self._looked_at.view = view  # the question that follows at once need not look at the files again
        with self._guard:
            if self._words is None or not self._is_recent(view):
                begin = time.monotonic()
                words = view.words()
                self._words = view, words, begin, time.monotonic() - begin
            return LiveWords(self._words[1], view.searcher)

    def find(self, inquiry: Inquiry) -> EmbeddedFound:
        just_seen, self._looked_at.view = getattr(self._looked_at, "view", None), None
        view = self._current(just_seen)
        try:
            return view.find(inquiry)
        except (ValueError, OSError) as problem:
            raise self._lost(f"The search index could not be read ({problem}).") from problem

    def fetch(self, identities: Sequence[str], scope: Scope) -> list[Shown]:
        view = self._current()
        found = {str(one.get_first("id")): one for one in view.identified(identities, ASSET, scope)}
        return [shown_in(found[identity]) for identity in identities if identity in found]

    def fingerprints(self) -> dict[str, str]:
        return {shown.id: shown.fingerprint for shown in self._current().everything()}

    def values(self, facet: str) -> frozenset[str] | None:
        found = self._current().values.get(facet, {})
        return None if len(found) >= MOST_VALUES else frozenset(found)

    def languages(self) -> frozenset[str]:
        return self._opened().languages

    def view(self) -> View:
        """The index as it is now, for measuring. Raises `SearchUnavailable`."""
        return self._current()

    def health(self) -> Health:
        pointer = self._folder.current()
        if pointer is None:
            return Health(self.name, "stale", 0, "The index folder is gone. Rebuild it.")
        try:
            documents = self._current().documents()
        except SearchUnavailable as problem:
            return Health(self.name, "stale", 0, str(problem))
        if not pointer.complete:
            return Health(self.name, "stale", documents, "The index was never built completely. Rebuild it.")
        if pointer.fingerprint != self._configuration.fingerprint:
            return Health(self.name, "stale", documents, "The search settings changed. Rebuild the index.")
        return Health(self.name, "ok", documents)

    def close(self) -> None:
        with self._guard:
            self._index = self._view = self._words = self._state = None

    # Writing

    def _change(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        with self._folder.writing():
            self._folder.record(changes)
            pointer = self._ensure(lost="The index folder was gone; what is there was put since.")
            self._write(pointer, changes)

    def _write(self, pointer: Pointer, changes: Sequence[Change]) -> None:
        try:
            index = self._open(pointer.folder)
        except (ValueError, OSError) as problem:
            raise self._put_aside(pointer, f"The search index could not be opened ({problem}).") from problem
        if not (changes := self._news(index, changes)):
            return
        with _write_errors():
            writer = index.writer(_WRITER_MEMORY, 1)
            for change in changes:
                self._apply(writer, change)
            writer.commit()
            writer.wait_merging_threads()

    def _news(self, index: tantivy.Index, changes: Sequence[Change]) -> list[Change]:
        """Those that change anything: a commit costs more than looking, and most events of an asset change no text."""
        view = View(index, self._configuration, {})
        try:
            stored = view.identified([identity for identity, _ in changes], ASSET)
            held = {shown.id: shown.fingerprint for shown in map(shown_in, stored)}
        except (ValueError, OSError):
            return list(changes)  # what cannot be read is written again
        last = dict(changes)
        return [
            (identity, document)
            for identity, document in last.items()
            if held.get(identity) != (document and document.fingerprint())
        ]

    def _apply(self, writer: tantivy.IndexWriter, change: Change) -> None:
        identity, document = change
        writer.delete_documents_by_term("id", identity)
        for entry in self._schema.entries(document) if document else ():
            writer.add_document(entry)

    def _rebuild(self, documents: Iterable[Document], progress: Progress | None) -> int:
        folder = self._folder.new(self._schema.fingerprint)
        writer = self._open(folder).writer(_WRITER_MEMORY, 1)
        added: set[str] = set()
        for document in documents:
            if document.id in added:
                writer.delete_documents_by_term("id", document.id)
            added.add(document.id)
            with _write_errors():
                for entry in self._schema.entries(document):
                    writer.add_document(entry)
            if progress and len(added) % 100 == 0:
                progress(len(added))
        with _write_errors():
            writer.commit()
        with self._folder.writing():
            with _write_errors():
                for change in self._folder.recorded():
                    self._apply(writer, change)
                writer.commit()
                writer.wait_merging_threads()
            self._folder.point_to(Pointer(folder, self._configuration.fingerprint, complete=True))
            self._folder.remove_others(folder)
        if progress:
            progress(len(added))
        return len(added)

    # Opening

    def _current(self, sound: View | None = None) -> View:
        """The index as it is now, not damaged (`sound` was found to be so). Raises `SearchUnavailable`."""
        view = self._opened()
        if view is not sound and view.is_damaged():
            raise self._lost("The search index was damaged.")
        return view

    def _opened(self) -> View:
        pointer = self._folder.current()
        with self._guard:
            if pointer is None:
                if self._view is None:
                    raise SearchUnavailable("The search index is gone. It must be rebuilt.")
                return self._view  # still open, so still readable
            if pointer.lost:
                raise SearchUnavailable(f"{pointer.lost} The index must be rebuilt.")
            if self._view is None or self._changed(pointer):
                self._reopen(pointer)
            view = self._view
        if view is None:
            raise SearchUnavailable("The search index is being closed.")
        return view

    def _changed(self, pointer: Pointer) -> bool:
        if self._index is None or self._index[0] != pointer.folder:
            return True
        state = self._state_of(pointer)
        return state is not None and state != self._state

    def _state_of(self, pointer: Pointer) -> tuple[int, int, int] | None:
        try:
            status = (self._folder.path(pointer.folder) / "meta.json").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _reopen(self, pointer: Pointer) -> None:
        self._state = self._state_of(pointer)
        try:
            if self._index is None or self._index[0] != pointer.folder:
                if not self._folder.path(pointer.folder).is_dir():
                    raise ValueError("its folder is gone")
                self._index = pointer.folder, self._open(pointer.folder)
            index = self._index[1]
            index.reload()
            self._view = View(index, self._configuration, self._files(pointer))
        except (ValueError, OSError) as problem:
            raise self._lost(f"The search index could not be opened ({problem}).") from problem

    def _open(self, folder: str) -> tantivy.Index:
        index = tantivy.Index(self._schema.schema, path=str(self._folder.path(folder)))
        return self._schema.prepare(index)

    def _files(self, pointer: Pointer) -> dict[str, int]:
        paths = [path for path in self._folder.path(pointer.folder).iterdir() if path.suffix not in _NOT_DATA]
        sizes = {}
        for path in paths:
            try:
                sizes[str(path)] = path.stat().st_size
            except OSError:  # merged away between listing and looking
                continue
        return sizes

    def _is_recent(self, view: View) -> bool:
        if self._words is None:
            return False
        of, _, begin, took = self._words
        return of is view or (took > _INSTANT and time.monotonic() - begin < took * _PATIENCE)

    # Damage

    def _ensure(self, *, lost: str) -> Pointer:
        """The current pointer; a new, empty index where there is none this program can use. Call under
        `writing`."""
        pointer = self._folder.current()
        if pointer is None:
            return self._begin_anew(lost)
        if not pointer.folder.startswith(f"{self._schema.fingerprint}-"):
            return self._begin_anew("The index was built by another version or under other settings.")
        if not self._folder.path(pointer.folder).is_dir():
            return self._begin_anew("The index folder was gone.")
        return pointer

    def _begin_anew(self, lost: str) -> Pointer:
        folder = self._folder.new(self._schema.fingerprint)
        pointer = Pointer(folder, self._configuration.fingerprint, complete=False, lost=lost)
        self._open(folder)
        self._folder.point_to(pointer)
        return pointer

    def _lost(self, reason: str) -> SearchUnavailable:
        """Put the index aside, unless somebody did already."""
        pointer = self._folder.current()
        with self._guard:
            opened = self._index[0] if self._index else None
            self.close()
        if pointer is None or (opened is not None and opened != pointer.folder):
            return SearchUnavailable(reason)
        with self._folder.writing():
            if self._folder.current() != pointer:
                return SearchUnavailable(reason)
            return self._put_aside(pointer, reason)

    def _put_aside(self, pointer: Pointer, reason: str) -> SearchUnavailable:
        log.error("search index %s put aside: %s", pointer.folder, reason)
        self._begin_anew(reason)
        return SearchUnavailable(f"{reason} The index must be rebuilt.")


@contextmanager
def _write_errors() -> Iterator[None]:
    """A full disk and the like: what was committed before is as it was."""
    try:
        yield
    except (ValueError, OSError) as problem:
        raise SearchUnavailable(f"The search index could not be written: {problem}") from problem

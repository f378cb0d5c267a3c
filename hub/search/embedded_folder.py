"""The embedded index on disk: which folder is current, who may write, and rebuilding beside it.

    <root>/current          JSON {folder, complete, lost}, replaced atomically
    <root>/<folder>/        one tantivy index; its name begins with the schema's fingerprint
    <root>/write.lock       held around every change of the current index, by thread or process
    <root>/rebuild.lock     held by whoever rebuilds
    <root>/journal          changes made while a rebuild runs, applied to the new index before the swap

Tantivy allows one writer. Every change opens the index afresh under our own lock, so that any number of processes
may write one after the other and none works on an old state.
"""

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.search.documents import Document


@dataclass(frozen=True, slots=True)
class Pointer:
    """What `current` says. `complete` after a rebuild; `lost` why an index had to be started anew without one;
    `fingerprint` of the configuration it was built under."""

    folder: str
    fingerprint: str
    complete: bool
    lost: str = ""


class IndexFolder:
    """The files around the tantivy indexes of one hub."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pointer = root / "current"
        self._journal = root / "journal"
        self._seen: tuple[tuple[int, int], Pointer] | None = None

    def current(self) -> Pointer | None:
        """The pointer, or None when there is none that can be read."""
        try:
            status = self._pointer.stat()
            signature = (status.st_mtime_ns, status.st_ino)
            if self._seen is None or self._seen[0] != signature:
                self._seen = signature, Pointer(**json.loads(self._pointer.read_bytes()))
            return self._seen[1]
        except (OSError, ValueError, TypeError):
            return None

    def point_to(self, pointer: Pointer) -> None:
        """Make it the current one, for every process, at once."""
        self.root.mkdir(parents=True, exist_ok=True)
        beside = self.root / f"current.{uuid.uuid4().hex}"
        with beside.open("w", encoding="utf-8") as file:
            json.dump(asdict(pointer), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._pointer)

    def path(self, folder: str) -> Path:
        return self.root / folder

    def new(self, schema: str) -> str:
        """An empty folder for a new index."""
        name = f"{schema}-{uuid.uuid4().hex[:12]}"
        self.path(name).mkdir(parents=True)
        return name

    def remove_others(self, kept: str) -> None:
        """Delete every index but one. Readers that still hold an old one open keep reading it."""
        for path in self.root.iterdir():
            if path.is_dir() and path.name != kept:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Wait for, then hold, the right to change the current index."""
        with self._locked("write.lock", fcntl.LOCK_EX):
            yield

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Hold the right to rebuild, and have changes journalled meanwhile. Raises `BlockingIOError` when
        somebody rebuilds already."""
        with self._locked("rebuild.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            with self.writing():
                self._journal.write_bytes(b"")
            try:
                yield
            finally:
                self._journal.unlink(missing_ok=True)

    def record(self, changes: Iterable[tuple[str, Document | None]]) -> None:
        """Journal changes (id, and the document unless it was deleted) if a rebuild runs. Call under
        `writing`."""
        if not self._journal.exists():
            return
        if self._rebuild_died():
            self._journal.unlink(missing_ok=True)
            return
        with self._journal.open("a", encoding="utf-8") as file:
            for identity, document in changes:
                file.write(json.dumps([identity, document and document.as_record()]) + "\n")

    def recorded(self) -> list[tuple[str, Document | None]]:
        """What was journalled since the rebuild began."""
        with self._journal.open(encoding="utf-8") as file:
            pairs = [json.loads(line) for line in file]
        return [(identity, record and Document.from_record(record)) for identity, record in pairs]

    def _rebuild_died(self) -> bool:
        try:
            with self._locked("rebuild.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                return True
        except BlockingIOError:
            return False

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / name).open("wb") as file:
            fcntl.flock(file, how)
            yield

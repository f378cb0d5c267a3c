"""A content folder on disk: which files it has, reading them, and writing them whole or not at all.

Only the file system; what the files say is `content_fields`. A folder may come from anywhere, so nothing here
follows a link out of it, waits for a pipe, or reads more than it was told to.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from hub.blobs import digest_of
from hub.content.front_matter import MAX_FILE_BYTES
from hub.errors import NotFound

TAXONOMY = "taxonomy.yaml"


class FileRefused(Exception):
    """A file cannot be read or written; `reason` says why and what to do about it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FileGone(FileRefused):
    """There is no such file (any more)."""


@dataclass(slots=True)
class Listing:
    """Paths below the folder with `/`, sorted. `refused` are (path as it can be shown, reason); under a path in
    `unread` there may be files that nobody could see."""

    files: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def may_hide(self, path: str) -> bool:
        return any(hidden in {".", path} or path.startswith(f"{hidden}/") for hidden in self.unread)


@dataclass(frozen=True, slots=True)
class Folder:
    """`label` is how tables call it: "" for the configured folder, else the last two parts of its path."""

    root: Path
    label: str
    max_attachment_bytes: int = 50_000_000

    @classmethod
    def at(cls, root: Path, *, configured: Path, max_attachment_bytes: int) -> "Folder":
        real = root.resolve()
        label = "" if real == configured.resolve() else "/".join(real.parts[-2:]).lstrip("/")
        return cls(real, label, max_attachment_bytes)

    def list_files(self) -> Listing:
        """All `*.md` outside of folders whose names begin with `_` or `.`. Raises NotFound when there is no folder."""
        if not self.root.is_dir():
            raise NotFound(f"There is no folder {shown(self.root.name)} to read content from. Name an existing one.")
        listing = Listing()
        for parent, folders, names in os.walk(self.root, onerror=lambda error: self._note_unread(listing, error)):
            folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
            folders[:] = [name for name in folders if self._may_enter(listing, parent, name)]
            for name in names:
                if name.endswith(".md") and not name.startswith("."):
                    self._add(listing, self._path(parent, name))
        listing.files.sort()
        return listing

    def read(self, path: str) -> bytes:
        """Raises FileRefused."""
        return self._read(path, MAX_FILE_BYTES)

    def read_attachment(self, path: str) -> bytes:
        """Raises FileRefused."""
        return self._read(path, self.max_attachment_bytes)

    def read_taxonomy(self) -> str | None:
        """The text of `taxonomy.yaml`, None when there is none. Raises FileRefused."""
        try:
            return self._read(TAXONOMY, MAX_FILE_BYTES).decode()
        except FileGone:
            return None
        except UnicodeDecodeError as error:
            raise FileRefused(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place in one step, with the folders above it. Raises FileRefused; follows no link."""
        *above, name = _parts(path)
        try:
            with _opened(self.root, above) as folder:
                _refuse_odd_target(folder, name)
                _replace(folder, name, data)
        except OSError as error:
            raise FileRefused(f"cannot be written: {_why(error)}") from error

    def _read(self, path: str, limit: int) -> bytes:
        full = os.path.realpath(self.root.joinpath(*_parts(path)))
        if not full.startswith(os.path.join(self.root, "")):
            raise FileRefused("is a link that leads out of the folder; put the file itself here")
        try:
            # A pipe would wait for its other end; with O_NONBLOCK it opens, and is then seen to be no file.
            handle = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
            with os.fdopen(handle, "rb") as file:
                _require_plain(os.fstat(handle), limit)
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise FileGone("is not there (any more)") from None
        except OSError as error:
            raise FileRefused(f"cannot be read: {_why(error)}") from error
        if len(data) > limit:
            raise FileRefused(_too_large(len(data), limit))
        return data

    def _add(self, listing: Listing, path: str) -> None:
        try:
            path.encode()
        except UnicodeEncodeError:
            listing.refused.append((shown(path), "the name of the file is not UTF-8; rename the file"))
            return
        listing.files.append(path)

    def _may_enter(self, listing: Listing, parent: str, name: str) -> bool:
        path = self._path(parent, name)
        full = os.path.join(parent, name)
        if os.path.islink(full):
            if not os.path.realpath(full).startswith(os.path.join(self.root, "")):
                listing.refused.append((shown(path), "is a link that leads out of the folder; put the files here"))
                listing.unread.append(path)
            return False  # what an inner link leads to is read where it stands
        if name.endswith(".md"):
            listing.refused.append((shown(path), "is a folder with the name of a file; rename it without .md"))
            listing.unread.append(path)
            return False
        return True

    def _note_unread(self, listing: Listing, error: OSError) -> None:
        path = self._path(str(error.filename), "").rstrip("/")
        listing.refused.append((shown(path) or ".", f"the folder cannot be read: {_why(error)}"))
        listing.unread.append(path)

    def _path(self, parent: str, name: str) -> str:
        return PurePosixPath(os.path.relpath(os.path.join(parent, name), self.root)).as_posix().removeprefix("./")


def shown(path: str) -> str:
    """A path as a report can carry it: bytes that are no text, and control characters, are written out."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def digest_of_parts(data: bytes, attached: list[str]) -> str:
    """What a content file is known by: its bytes, and the digests of the files that it attaches."""
    digest = digest_of(data)
    return hashlib.sha256("\n".join([digest, *attached]).encode()).hexdigest() if attached else digest


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise FileRefused("the path leads out of the folder; name a file inside of it")
    return parts


def _require_plain(status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused("is not a plain file")
    if status.st_size > limit:
        raise FileRefused(_too_large(status.st_size, limit))


def _too_large(size: int, limit: int) -> str:
    return f"the file has {size:,} bytes, at most {limit:,} are allowed; split it"


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "the hub has not the right to; change the rights of the file or folder"
    return (error.strerror or "unknown trouble").lower()


@contextmanager
def _opened(root: Path, folders: list[str]) -> Iterator[int]:
    """The innermost of these folders, made where it is missing. Each step is taken from the one before, so that no
    link put there meanwhile can lead elsewhere."""
    root.mkdir(parents=True, exist_ok=True)
    current = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in folders:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=current)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = inner
        yield current
    finally:
        os.close(current)


def _refuse_odd_target(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise FileRefused("something else than a plain file stands here (a link or a folder); move it away")


def _replace(folder: int, name: str, data: bytes) -> None:
    # One name for each target: what a killed export left behind is used up by the next one.
    temporary = f".hub-{digest_of(name.encode('utf-8', 'surrogateescape'))[:16]}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)

"""Where large bytes live: a folder or an object store, behind one small interface, keyed by content."""

import hashlib
from collections.abc import Iterator
from typing import IO

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url


class Blobs:
    """Bytes by key. Writing the same key twice is harmless, because a key names its content."""

    def __init__(self, url: str) -> None:
        if url.startswith("file://"):
            self._store: ObjectStore = LocalStore(prefix=_path_of(url), mkdir=True)
        else:
            self._store = from_url(url)

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self._store, key, data)

    def put_file(self, key: str, file: IO[bytes]) -> None:
        """A file of any size, from its present position, in parts."""
        obstore.put(self._store, key, file)

    def copy_to(self, key: str, out: IO[bytes]) -> bool:
        """The bytes into a file, in parts; whether there are any by this key."""
        try:
            for part in obstore.get(self._store, key).stream(min_chunk_size=1 << 20):
                out.write(part)
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    def parts(self, key: str) -> Iterator[bytes]:
        """The bytes in parts; nothing when there are none by this key."""
        try:
            for part in obstore.get(self._store, key).stream(min_chunk_size=1 << 18):
                yield bytes(part)
        except (FileNotFoundError, NotFoundError):
            return

    def beginning(self, key: str, length: int) -> bytes | None:
        """At most `length` bytes from the beginning, or None when there are none by this key."""
        try:
            size = obstore.head(self._store, key)["size"]
            return bytes(obstore.get_range(self._store, key, start=0, end=min(size, length))) if size else b""
        except (FileNotFoundError, NotFoundError):
            return None

    def get(self, key: str) -> bytes | None:
        """The bytes, or None when there are none by this key."""
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (FileNotFoundError, NotFoundError):
            return None

    def has(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    def delete(self, key: str) -> None:
        obstore.delete(self._store, key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        for chunk in obstore.list(self._store, prefix=prefix or None):
            for entry in chunk:
                yield entry["path"]


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path)

"""A backup that somebody brings: opened, and checked in every part before anything is done with it.

Nothing in it is trusted: not its names, its sizes, or that it packs text rather than a bomb. Memory stays bounded by
one row or one file; what is read is bounded by the sizes that the manifest declares.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel, ValidationError

from hub.archives.layout import (
    ALWAYS_UNPACKED,
    FORMAT,
    FORMAT_VERSION,
    LARGEST_MANIFEST,
    LARGEST_SETTINGS,
    LONGEST_ROW,
    MANIFEST,
    MOST_UNPACKED_PER_BYTE,
    BlobPart,
    KeptSettings,
    Manifest,
    SettingsPart,
    TablePart,
)
from hub.errors import Invalid, NotFound

CHUNK = 1024 * 1024


class OpenBackup:
    """`with OpenBackup(file) as backup:`; raises NotFound when there is no such file, Invalid when it is no backup."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise NotFound(f"There is no file {file}.")
        self.file = file
        with self._readable():
            self._size = file.stat().st_size
            self._archive = zipfile.ZipFile(file)
        try:
            self.manifest = self._manifest()
            self._check_members()
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> "OpenBackup":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def refused(self, reason: str) -> Invalid:
        return Invalid(f"{self.file} cannot be restored: {reason}. Nothing was changed.")

    def verify(self, step: Callable[[int], None]) -> None:
        """Read every part and compare its checksum; `step` is told of rows and files as they pass."""
        self.settings()
        for table in self.manifest.tables:
            for lines in self.lines(table):
                step(len(lines))
        for blob in self.manifest.blobs:
            for _ in self._chunks(blob):
                pass
            step(1)

    def settings(self) -> KeptSettings:
        part = self.manifest.settings
        if part.size > LARGEST_SETTINGS:
            raise self.refused(f"{part.member} is too large")
        try:
            return KeptSettings.model_validate_json(b"".join(self._chunks(part)))
        except ValidationError as error:
            # The values stay unsaid: one of them is the key.
            raise self.refused(f"{part.member} does not have its form") from error

    def lines(self, table: TablePart) -> Iterator[list[bytes]]:
        """The rows of a table, a batch at a time. Raises Invalid at the end when they are not those of the manifest."""
        rest, rows = b"", 0
        for chunk in self._chunks(table):
            *lines, rest = (rest + chunk).split(b"\n")
            rows += len(lines)
            if len(rest) > LONGEST_ROW:
                raise self.refused(f"{table.member}, row {rows + 1}: longer than {LONGEST_ROW:,} bytes")
            yield lines
        if rest:
            raise self.refused(f"{table.member}, row {rows + 1}: has no end")
        if rows != table.rows:
            raise self.refused(f"{table.member} has {rows} rows, the manifest says {table.rows}")

    def blob(self, part: BlobPart) -> bytes:
        return b"".join(self._chunks(part))

    def _chunks(self, part: TablePart | BlobPart | SettingsPart) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with self._readable(part.member), self._archive.open(part.member) as member:
            left = part.size
            while chunk := member.read(min(CHUNK, left)) if left else b"":
                left -= len(chunk)
                digest.update(chunk)
                yield chunk
        if left or digest.hexdigest() != part.sha256:
            raise self.refused(f"{part.member} is damaged: its checksum is not that of the manifest")

    def _manifest(self) -> Manifest:
        with self._readable(MANIFEST):
            try:
                info = self._archive.getinfo(MANIFEST)
            except KeyError as error:
                raise self.refused("it is no backup of a hub (it has no manifest)") from error
            if info.file_size > LARGEST_MANIFEST or info.file_size > self._most_unpacked():
                raise self.refused("its manifest is too large")
            with self._archive.open(info) as member:
                told = member.read(info.file_size)
        try:
            manifest = Manifest.model_validate_json(told)
        except ValidationError as error:
            self._refuse_newer_format(told)
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "as a whole"
            raise self.refused(f"its manifest is wrong ({place}: {first['msg']})") from error
        if manifest.format != FORMAT or manifest.format_version != FORMAT_VERSION:
            self._refuse_newer_format(told)
            raise self.refused(f"this hub does not know the format {manifest.format!r} {manifest.format_version}")
        return manifest

    def _refuse_newer_format(self, told: bytes) -> None:
        """A newer format may have another manifest, so all that is asked of it is its number."""
        try:
            found = _Newer.model_validate_json(told)
        except ValidationError:
            return
        if found.format == FORMAT and found.format_version > FORMAT_VERSION:
            raise self.refused(f"it was written by a newer hub ({found.hub_version}). Update this hub first")

    def _check_members(self) -> None:
        """Exactly the members that the manifest lists, once each, as large as it says, packed in a way we know."""
        infos = self._archive.infolist()
        names = [info.filename for info in infos]
        expected = {MANIFEST, *(part.member for part in self.manifest.parts)}
        if len(expected) != len(self.manifest.parts) + 1:
            raise self.refused("its manifest names a part twice")
        if len(names) != len(set(names)):
            raise self.refused("it holds two parts by one name")
        if odd := set(names) ^ expected:
            name = min(odd)
            problem = "is in the manifest but not there" if name in expected else "is not in the manifest"
            raise self.refused(f"the part {name!r} {problem}")
        sizes = {part.member: part.size for part in self.manifest.parts}
        for info in infos:
            self._check_member(info, sizes.get(info.filename, info.file_size))
        if sum(sizes.values()) > self._most_unpacked():
            raise self.refused("it unpacks to far more than a backup would")

    def _check_member(self, info: zipfile.ZipInfo, size: int) -> None:
        packed = info.compress_type
        stored_only = info.filename.startswith("blobs/")
        if info.flag_bits & 0x1 or packed not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.refused(f"the part {info.filename!r} is encrypted, or packed in a way that backups are not")
        if stored_only and (packed != zipfile.ZIP_STORED or info.file_size > self._size):
            raise self.refused(f"the file {info.filename!r} is packed; backups hold files as they are")
        if info.file_size != size:
            raise self.refused(f"the part {info.filename!r} is not as large as the manifest says")

    def _most_unpacked(self) -> int:
        return ALWAYS_UNPACKED + MOST_UNPACKED_PER_BYTE * self._size

    @contextmanager
    def _readable(self, member: str = "") -> Iterator[None]:
        where = f"{member} is damaged" if member else "it is damaged, or no backup of a hub"
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, ValueError) as error:
            raise self.refused(f"{where} ({error})") from error
        except OSError as error:
            raise self.refused(f"it cannot be read ({error.strerror or error})") from error


class _Newer(BaseModel):
    format: str
    format_version: int
    hub_version: str

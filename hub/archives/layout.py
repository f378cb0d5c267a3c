"""What stands where in a backup: a ZIP file with a manifest, the rows of each table and the attached files.

    manifest.json       what is in it, of which hub, with a size and a SHA-256 for every part (`Manifest`)
    settings.json       the signing key, and for information how the hub was set up
    tables/NAME.jsonl   a JSON list a row, in the order of the primary key; `rows` says how values are written
    blobs/KEY           attached files and their pictures, not compressed

A ZIP and not a tar: a part can be written before its size is known, and read without reading those before it.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "hub-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
SETTINGS = "settings.json"

# What belongs to running processes and open browsers, not to the record. Leases of outbox rows are left out too, so
# that what is pending goes on at once in the restored hub.
LEFT_OUT = {
    "sign_in_session": "people sign in again",
    "rate_window": "rate limits start anew",
    "job": "recurring duties run at the next chance",
    "evidence_state": "the next run begins without the last one's help",
    "asset_use": "figures are counted anew",
    "errand": "what people had asked that hub to do; the event log tells of it",
    "month_figure": "figures are counted anew",
    "figure_mark": "figures are counted anew",
}
BOOKKEEPING = "alembic_version"  # Alembic's own; the manifest's `revision` says the same
LEASES = {("outbox", "claimed_until")}

LONGEST_ROW = 128 * 1024 * 1024
LARGEST_MANIFEST = 256 * 1024 * 1024
LARGEST_SETTINGS = 1024 * 1024
# Text of people packs five to ten times; what unpacks to more than this was made to fill a disk.
MOST_UNPACKED_PER_BYTE = 100
ALWAYS_UNPACKED = 256 * 1024 * 1024

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Size = Annotated[int, Field(ge=0, strict=True)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
# No segment starts with a dot, so no key leads out of the place it is kept in.
_BlobKey = Annotated[str, Field(pattern=r"^[a-z]+(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: _Size
    sha256: _Sha256


class TablePart(_Part):
    """`columns` in the order in which the values of a row stand."""

    name: _Name
    columns: list[_Name]
    rows: _Size

    @property
    def member(self) -> str:
        return f"tables/{self.name}.jsonl"


class BlobPart(_Part):
    key: _BlobKey

    @property
    def member(self) -> str:
        return f"blobs/{self.key}"


class SettingsPart(_Part):
    @property
    def member(self) -> str:
        return SETTINGS


class Manifest(BaseModel):
    """`revision` is the schema's; `missing_blobs` are files that rows name but that were gone when the backup ran."""

    model_config = ConfigDict(extra="forbid")

    format: str
    format_version: int
    hub_version: str
    revision: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    engine: str
    created_at: datetime
    left_out: dict[str, str]
    tables: list[TablePart]
    blobs: list[BlobPart]
    missing_blobs: list[_BlobKey]
    settings: SettingsPart

    @property
    def parts(self) -> list[TablePart | BlobPart | SettingsPart]:
        return [self.settings, *self.tables, *self.blobs]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


class KeptSettings(BaseModel):
    """Only `secret_key` is restored; the rest is there to be read by whoever sets the hub up again."""

    model_config = ConfigDict(extra="forbid")

    secret_key: Annotated[str, Field(min_length=1)]
    settings: dict[str, Any]

"""The normal form: what is said of one use, whichever way it came (a page, the extension, a program, a table)."""

from dataclasses import dataclass
from datetime import datetime

ID_LENGTH = 200
ASSET_LENGTH = 200
CHANNEL_LENGTH = 50


@dataclass(slots=True)
class UseLine:
    """One use. `asset` is an external id or a slug. `deal` is (source, external id). `sent_at` is the device's own
    clock at the moment of sending, `recorded_at` when a source wrote the use down. `place` is where it stands, for
    refusals: an index or a row. What a source says nothing about is None and stays as it is."""

    external_id: str
    asset: str
    action: str
    occurred_at: datetime
    channel: str | None = None
    version: int | None = None
    deal: tuple[str, str] | None = None
    person: str | None = None
    sent_at: datetime | None = None
    recorded_at: datetime | None = None
    place: int = 0

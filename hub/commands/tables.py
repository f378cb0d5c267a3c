"""The tables that `hub import` takes, each with its part of the mapping. A further one is one line in `readers`."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hub.content.import_rows import AssetMapping
from hub.content.imports import import_assets
from hub.db import Database
from hub.deals.import_rows import DealMapping, StageMapping
from hub.deals.imports import import_deals, import_stages
from hub.imports.report import ImportReport
from hub.usage.import_rows import UseMapping
from hub.usage.imports import import_uses
from hub.usage.joining import join_waiting

Progress = Callable[[int], None]
Reader = Callable[[Database, BinaryIO, Progress], ImportReport]


def readers(rules: str, *, beside: Path | None, publish: bool) -> dict[str, Reader]:
    """By the name of the table, what reads it. `beside` is the folder of the deals. Raises Invalid for a mapping
    that cannot be used, before anything is written."""
    assets, deals, stages = AssetMapping.of(rules), DealMapping.of(rules), StageMapping.of(rules)
    uses = UseMapping.of(rules)
    return {
        "assets": lambda database, file, progress: import_assets(
            database, file, mapping=assets, publish=publish, progress=progress
        ),
        "deals": lambda database, file, progress: _deals(database, file, deals, beside, progress),
        "stages": lambda database, file, progress: import_stages(database, file, mapping=stages, progress=progress),
        "uses": lambda database, file, progress: import_uses(database, file, mapping=uses, progress=progress),
    }


def _deals(
    database: Database, file: BinaryIO, mapping: DealMapping, beside: Path | None, progress: Progress
) -> ImportReport:
    """Uses that waited for these deals are theirs at once: no worker may be running."""
    report = import_deals(database, file, mapping=mapping, beside=beside, progress=progress)
    join_waiting(database)
    return report


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """An import makes millions of short-lived objects and no cycles; looking for some after every few hundred takes a
    third of its time. For a process that does nothing else: a server must not set this for all of its threads."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()

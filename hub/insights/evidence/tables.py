"""What evidence is computed from: plain arrays, filled by whoever reads the database or a file.

A deal, an owner, an asset and every word of a vocabulary is an index or a code here, -1 where it is unknown. Days are
days since 1970-01-01 as floats; a whole number is a date without a time. Amounts are in one currency. Values may be as
bad as real data is (NaN, negative, out of range, twice): what cannot be understood is left out and counted.
"""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

MISSING = -1
OPEN, LOST, ADVANCED = -1, 0, 1
WON = 1


@dataclass(frozen=True)
class Deals:
    """One place a deal, (deals,) each; the place is the deal's index. `outcome` is OPEN, LOST or WON."""

    created: Floats
    closed: Floats
    amount: Floats
    outcome: Codes
    owner: Codes
    segment: Codes
    industry: Codes
    persona: Codes
    competitor: Codes
    source: Codes

    def __post_init__(self) -> None:
        _settle(self, floats=("created", "closed", "amount"))

    def __len__(self) -> int:
        return len(self.created)


@dataclass(frozen=True)
class StageEntries:
    """One place each time a deal entered a stage. `stage` counts from 0 in the order of the pipeline; `left` is NaN
    while the deal is still there; `result` is ADVANCED (moved on, or won), LOST (lost there) or OPEN."""

    deal: Codes
    stage: Codes
    entered: Floats
    left: Floats
    result: Codes

    def __post_init__(self) -> None:
        _settle(self, floats=("entered", "left"))

    def __len__(self) -> int:
        return len(self.deal)


@dataclass(frozen=True)
class Uses:
    """One place each time an asset was used on a deal; `recalled` ones were entered after the close and are left out.
    `written` is the day on which it had been written down on its deal, NaN where nobody says (none: nobody says of
    any). Which actions count as a use is decided before."""

    deal: Codes
    asset: Codes
    day: Floats
    recalled: Flags
    written: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not len(self.written):
            object.__setattr__(self, "written", np.full(len(self.deal), np.nan))
        _settle(self, floats=("day", "written"), flags=("recalled",))

    def __len__(self) -> int:
        return len(self.deal)


@dataclass(frozen=True)
class History:
    """All that evidence is computed from: `assets` and `stages` say how many of each there are."""

    deals: Deals
    entries: StageEntries
    uses: Uses
    assets: int
    stages: int


def _settle(table: Deals | StageEntries | Uses, *, floats: tuple[str, ...], flags: tuple[str, ...] = ()) -> None:
    """Arrays of the right kind, all of one length: ValueError names the column that differs."""
    names = [one.name for one in fields(table)]
    for name in names:
        given = getattr(table, name)
        kind = np.float64 if name in floats else np.bool_
        value = np.asarray(given, dtype=kind) if name in floats + flags else _codes(given)
        if value.shape != (len(getattr(table, names[0])),):
            raise ValueError(f"{type(table).__name__}.{name} has the shape {value.shape}, unlike {names[0]}")
        object.__setattr__(table, name, value)


def _codes(given: ArrayLike) -> Codes:
    values = np.asarray(given)
    if values.dtype.kind == "f":
        known = np.isfinite(values) & (np.abs(values) < 2.0**53)
        values = np.where(known, values, MISSING)
    codes: Codes = np.maximum(values.astype(np.int64), MISSING)
    return codes

"""One exported world as arrays: deals.csv, stage_history.csv, usage_events.csv, assets.csv, and the truth apart."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from hub.insights.evidence import ADVANCED, LOST, MISSING, OPEN, WON, Deals, History, StageEntries, Uses

_OUTCOMES = {"open": OPEN, "lost": LOST, "won": WON}
_RESULTS = {"advanced": ADVANCED, "lost": LOST, "": OPEN}
_WORDS = ("owner", "segment", "industry", "buyer_persona", "competitor", "source")
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class World:
    """A history and what was planted in it; `lift` (assets,), `stage_lift` and `persona_lift` (assets, codes) in
    shares of one, NaN for a cell that the truth does not tell."""

    name: str
    scenario: str
    history: History
    asset_ids: list[str]
    bundle: np.ndarray
    lift: np.ndarray
    stage_lift: np.ndarray
    persona_lift: np.ndarray


class _Days:
    """Dates as days since 1970; the same few dates occur again and again."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {"": float("nan")}

    def __call__(self, text: str) -> float:
        if text not in self._known:
            self._known[text] = float(date.fromisoformat(text).toordinal() - _EPOCH)
        return self._known[text]


class _Codes(dict[str, int]):
    """A code for each word as it is met."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self)
        return self[word]


def read_world(folder: Path) -> World:
    truth = json.loads((folder / "truth.json").read_text())
    day = _Days()
    deal_rows = list(_rows(folder / "deals.csv"))
    deal = {row["deal_id"]: place for place, row in enumerate(deal_rows)}
    codes = {word: _Codes() for word in _WORDS}
    # The truth numbers personas and stages in the generator's order.
    codes["buyer_persona"].update(_numbered("economic buyer", "technical buyer", "user", "champion", "procurement"))
    stage = _numbered("discovery", "evaluation", "proposal", "negotiation")
    words = [[codes[word][row[word]] for row in deal_rows] for word in _WORDS]
    deals = Deals(
        np.array([day(row["created"]) for row in deal_rows]),
        np.array([day(row["closed"]) for row in deal_rows]),
        np.array([float(row["amount"] or "nan") for row in deal_rows]),
        np.array([_OUTCOMES[row["outcome"]] for row in deal_rows]),
        *(np.array(column) for column in words),
    )
    asset_rows = list(_rows(folder / "assets.csv"))
    asset = {row["asset_id"]: place for place, row in enumerate(asset_rows)}
    entries = _columns(
        (
            (
                deal.get(row["deal_id"], MISSING),
                stage[row["stage"]],
                day(row["entered"]),
                day(row["left"]),
                row["result"],
            )
            for row in _rows(folder / "stage_history.csv")
        ),
        5,
    )
    uses = _columns(
        (
            (deal.get(row["deal_id"], MISSING), asset.get(row["asset_id"], MISSING), day(row["date"]))
            for row in _rows(folder / "usage_events.csv")
        ),
        3,
    )
    history = History(
        deals,
        StageEntries(*(np.array(column) for column in entries[:4]), np.array([_RESULTS[word] for word in entries[4]])),
        Uses(*(np.array(column) for column in uses), np.zeros(len(uses[0]), bool)),
        len(asset_rows),
        len(stage),
    )
    ids = list(asset)
    return World(
        folder.name,
        truth["scenario"],
        history,
        ids,
        np.array([int(row["bundle"]) for row in asset_rows]),
        np.array([truth["true_lift"][one] for one in ids]),
        np.array([truth["true_lift_stage"][one] for one in ids]),
        np.array([truth["true_lift_persona"][one] for one in ids]),
    )


def _numbered(*words: str) -> dict[str, int]:
    return {word: place for place, word in enumerate(words)}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _columns(rows: Iterator[tuple[Any, ...]], many: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(many)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns

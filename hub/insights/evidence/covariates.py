"""What makes two deals alike at a stage: the columns that stand beside the assets in the model.

The number of distinct assets used in the stage is one of them: it stands in for the quality of a deal that nobody
recorded. A design is made once from finished rows and then gives the same columns for any other situation.
"""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.linear_algebra import Matrix, matrix
from hub.insights.evidence.rows import Situations
from hub.insights.evidence.tables import MISSING, Codes, Flags, Floats

_WEAK = 0.1  # prior precision of every column but the owners', which is learnt
_DAYS_A_QUARTER = 365.25 / 4
_MOST_LEVELS = 200
_MOST_OWNERS = 1500
_MOST_WEEKS = 520.0
_WORDS = ("segment", "industry", "persona", "competitor", "source")


@dataclass(frozen=True)
class Levels:
    """The codes of a word that have a column, sorted; all negative codes are one level, `missing`."""

    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)

    def places(self, codes: Codes) -> tuple[Codes, Flags]:
        """The column of each code, and whether it has one."""
        codes = np.maximum(codes, MISSING)
        if not len(self.codes):
            return np.zeros(len(codes), np.int64), np.zeros(len(codes), bool)
        places = np.searchsorted(self.codes, codes).clip(0, len(self.codes) - 1).astype(np.int64)
        return places, self.codes[places] == codes


@dataclass(frozen=True)
class Design:
    """Columns: a stage each, a slope on time for each stage, weeks, size, its square, unknown size, activity, then one
    for every level of every word, quarter and owner."""

    stages: int
    middle: float
    log_mean: float
    log_spread: float
    words: dict[str, Levels]

    @property
    def plain(self) -> int:
        return 2 * self.stages + 5

    @property
    def width(self) -> int:
        return self.plain + sum(len(levels) for levels in self.words.values())

    @property
    def owners(self) -> slice:
        return slice(self.width - len(self.words["owner"]), self.width)

    @property
    def of_the_stage(self) -> list[int]:
        """Columns that change when the same deal is looked at in another stage."""
        return [*range(2 * self.stages + 1), 2 * self.stages + 4]

    def precision(self, owners: float) -> Floats:
        values = np.full(self.width, _WEAK)
        values[self.owners] = owners
        return values

    def columns(self, situations: Situations) -> Matrix:
        """(rows, width), sparse; a level that the design has not seen has no column."""
        rows = np.arange(len(situations))
        weeks = situations.weeks.clip(0, _MOST_WEEKS)
        size, unknown = self._size(situations.amount)
        parts = [
            (rows, situations.stage, np.ones(len(rows))),
            (rows, self.stages + situations.stage, np.log1p(weeks)),
        ]
        plain = (weeks / 10, size, size**2, unknown, np.log1p(situations.activity))
        parts += [(rows, np.full(len(rows), 2 * self.stages + place), value) for place, value in enumerate(plain)]
        first = self.plain
        for word, levels in self.words.items():
            places, seen = levels.places(_codes_of(word, situations))
            parts.append((rows[seen], first + places[seen], np.ones(int(seen.sum()))))
            first += len(levels)
        row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        return matrix(value, row, column, (len(rows), self.width))

    def _size(self, amount: Floats) -> tuple[Floats, Floats]:
        unknown = ~np.isfinite(amount)
        logs = np.log(np.where(unknown, self.middle, amount))
        return ((logs - self.log_mean) / self.log_spread).clip(-4, 4), unknown.astype(np.float64)


def design_for(situations: Situations, stages: int) -> Design:
    """The design whose levels and scales are those of the given rows."""
    amount = situations.amount[np.isfinite(situations.amount)]
    middle, log_mean, log_spread = 1.0, 0.0, 1.0
    if len(amount):
        logs = np.log(amount)
        logs = logs.clip(*np.quantile(logs, (0.005, 0.995)))
        middle, log_mean = float(np.exp(np.median(logs))), float(logs.mean())
        log_spread = float(logs.std()) if logs.std() > 1e-6 else 1.0
    words = {word: _common(_codes_of(word, situations), _MOST_LEVELS) for word in (*_WORDS, "quarter")}
    words["owner"] = _common(situations.owner, _MOST_OWNERS)
    return Design(stages, middle, log_mean, log_spread, words)


def quarter_of(day: Floats) -> Codes:
    """Quarters since 1970, counted in equal lengths."""
    quarters: Codes = np.floor(day / _DAYS_A_QUARTER).clip(0, 1e6).astype(np.int64)
    return quarters


def _codes_of(word: str, situations: Situations) -> Codes:
    if word == "quarter":
        return quarter_of(situations.left)
    codes: Codes = getattr(situations, word)
    return codes


def _common(codes: Codes, most: int) -> Levels:
    """All codes, or the most frequent; levels that are equally rare go together, so that no code's value decides."""
    levels, many = np.unique(np.maximum(codes, MISSING), return_counts=True)
    if len(levels) > most:
        limit = np.sort(many)[::-1][most]
        levels = levels[many > limit]
    return Levels(levels)

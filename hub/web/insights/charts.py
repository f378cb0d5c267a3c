"""The arithmetic of charts: numbers in, places on a drawing out. Templates draw what comes back.

Pure functions without words or colours of their own, so that a chart can be tested without looking: every mark lies
inside its frame, ticks are round, in order, and enclose the data. A mark that would leave the frame ends at its edge
and says so (`cut_low`, `cut_high`). Lengths are in the units of the drawing's viewBox.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places: `low` lies at `start`, `high` at `end`. `decimals` are those that its ticks need."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[Tick, ...]
    decimals: int

    def at(self, value: float) -> float:
        """What lies outside is put on the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def scale(values: Iterable[float | None], start: float, end: float, *, most: int = 6, whole: bool = False) -> Scale:
    """A scale from a round number to a round number that holds all values, with at most `most` steps between.

    `whole`: steps are whole numbers, for counts. Values that are not there or not finite are passed over."""
    known = [float(value) for value in values if value is not None and isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if high - low < 1e-9 * max(abs(low), abs(high), 1.0):
        low, high = low - 0.5 * max(abs(low), 1.0), high + 0.5 * max(abs(high), 1.0)
    step = _round_step((high - low) / most, whole=whole)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    # Values a hair outside a round number must still lie within.
    first, last = (first - 1 if first * step > low else first), (last + 1 if last * step < high else last)
    numbers = [place * step for place in range(first, last + 1)]
    found = Scale(numbers[0], numbers[-1], start, end, (), _decimals(step))
    ticks = tuple(Tick(found.at(number), round(number, 10)) for number in numbers)
    return Scale(found.low, found.high, start, end, ticks, found.decimals)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its range; without a range `low` and `high` are the value. `kind` is what the drawing's class is."""

    value: float
    low: float
    high: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    low: float
    high: float
    cut_low: bool
    cut_high: bool
    kind: str


def mark(on: Scale, estimate: Estimate) -> Mark:
    """Where a value and its range lie."""
    low, high = sorted((on.at(estimate.low), on.at(estimate.high)))
    return Mark(
        at=on.at(estimate.value),
        low=low,
        high=high,
        cut_low=estimate.low < on.low,
        cut_high=estimate.high > on.high,
        kind=estimate.kind,
    )


@dataclass(frozen=True, slots=True)
class RangeRow:
    """A row to draw: its words, at most one line each, and what is known, if anything. `tail` stands at the end."""

    label: str
    note: str = ""
    estimates: tuple[Estimate, ...] = ()
    tail: str = ""


@dataclass(frozen=True, slots=True)
class DrawnRow:
    label: str
    full: str
    note: str
    tail: str
    y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """Rows of values with ranges on one scale. `zero` is where nothing lies, None where the scale does not hold it."""

    width: float
    height: float
    scale: Scale
    top: float
    bottom: float
    zero: float | None
    rows: tuple[DrawnRow, ...]


def forest(
    rows: Sequence[RangeRow], *, width: float = 880, widest: float = float("inf"), hold: Sequence[float] = (0.0,)
) -> Forest:
    """`widest` bounds the scale on both sides, so that one wide range does not flatten all others; `hold` are values
    that the scale always shows."""
    left, right, row, top = width * 0.46, width - 118.0, 34.0, 34.0
    on = scale(_bounded(rows, widest, hold), left, right)
    drawn = tuple(
        DrawnRow(
            shortened(one.label, 42), one.label, shortened(one.note, 52), one.tail, top + row * (place + 0.5),
            tuple(mark(on, estimate) for estimate in one.estimates),
        )
        for place, one in enumerate(rows)
    )  # fmt: skip
    bottom = top + row * len(rows)
    return Forest(width, bottom + 12.0, on, top, bottom, on.at(0.0) if on.holds(0.0) else None, drawn)


def track(rows: Sequence[RangeRow], *, widest: float = float("inf"), hold: Sequence[float] = (0.0,)) -> Scale:
    """The scale of ranges that stand in the rows of a table: places in per cent of the column, room for the dots."""
    return scale(_bounded(rows, widest, hold), 3.0, 97.0, most=4)


@dataclass(frozen=True, slots=True)
class Point:
    """A value over time; all three are None where there is none."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    point: Point


@dataclass(frozen=True, slots=True)
class Line:
    """A line with a band around it, in pieces where values are missing. `line` and `band` are SVG paths; `labels` are
    the points below which there is room for words."""

    width: float
    height: float
    scale: Scale
    left: float
    right: float
    bottom: float
    line: str
    band: str
    dots: tuple[Dot, ...]
    labels: tuple[Dot, ...]


def line(
    points: Sequence[Point], *, width: float, height: float = 240, hold: Sequence[float] = (), room: float = 64
) -> Line:
    """`hold` are values that the scale always shows; `room` is what the words below a point take."""
    left, right, top, bottom = 44.0, width - 30.0, 12.0, height - 28.0
    values = [value for one in points for value in (one.value, one.low, one.high)]
    on = scale([*values, *hold], bottom, top, most=5)
    step = (right - left) / max(len(points) - 1, 1)
    middle = (left + right) / 2
    places = [round(left + place * step, 2) if len(points) > 1 else middle for place in range(len(points))]
    dots = tuple(
        Dot(x, on.at(one.value) if one.value is not None else bottom, one)
        for x, one in zip(places, points, strict=True)
    )
    known = [dot for dot in dots if dot.point.value is not None]
    every = max(ceil(room / step), 1) if len(points) > 1 else 1
    return Line(
        width, height, on, left, right, bottom,
        line=" ".join(_path([(dot.x, dot.y) for dot in piece]) for piece in _pieces(dots)),
        band=" ".join(_around(piece, on) for piece in _pieces(dots)),
        dots=tuple(known),
        labels=tuple(dot for place, dot in enumerate(reversed(dots)) if place % every == 0)[::-1],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    value: float


@dataclass(frozen=True, slots=True)
class BarRow:
    label: str
    full: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A table of bars: a column for each series, all on one scale, so that any two can be compared by eye."""

    width: float
    height: float
    columns: tuple[tuple[float, str], ...]
    rows: tuple[BarRow, ...]


def bars(
    names: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]], *, width: float = 880, label: float = 250
) -> Bars:
    """Values below zero are drawn as nothing."""
    room = (width - label) / max(len(names), 1)
    most = max((value for _, values in rows for value in values), default=0.0)
    longest, row, top = room - 12.0, 26.0, 30.0
    starts = [round(label + place * room, 2) for place in range(len(names))]
    drawn = []
    for place, (name, values) in enumerate(rows):
        lengths = [max(value, 0.0) / most * longest if most > 0 else 0.0 for value in values]
        its = tuple(Bar(x, round(length, 2), value) for x, length, value in zip(starts, lengths, values, strict=True))
        drawn.append(BarRow(shortened(name, 34), name, top + place * row, its))
    return Bars(width, top + row * len(rows) + 8.0, tuple(zip(starts, names, strict=True)), tuple(drawn))


LEVELS = (0.0, 0.08, 0.3, 0.6)


def level(value: float, most: float) -> int:
    """How dark a cell of a heat map is, 0 to 3, by its share of the largest one."""
    share = value / most if most > 0 and value > 0 else 0.0
    return sum(share >= least for least in LEVELS[1:]) if share > 0 else 0


@dataclass(frozen=True, slots=True)
class HeatCell:
    x: float
    y: float
    level: int
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Heat:
    width: float
    height: float
    cell_width: float
    cell_height: float
    columns: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, str], ...]
    cells: tuple[HeatCell, ...]


def heat(
    columns: Sequence[str],
    rows: Sequence[str],
    cells: Sequence[Sequence[tuple[float, str, str]]],
    *,
    width: float = 880,
) -> Heat:
    """`cells` are by row: the value that darkens, and two lines of words."""
    label, top, tall, gap = 170.0, 28.0, 52.0, 3.0
    wide = (width - label) / max(len(columns), 1)
    most = max((value for row in cells for value, _, _ in row), default=0.0)
    drawn = tuple(
        HeatCell(
            round(label + x * wide, 2), round(top + y * tall, 2), level(value, most), first,
            shortened(second, int(wide / 6.6)),
        )
        for y, row in enumerate(cells)
        for x, (value, first, second) in enumerate(row)
    )  # fmt: skip
    return Heat(
        width, top + tall * len(rows) + gap, round(wide - gap, 2), tall - gap,
        tuple((round(label + place * wide, 2), shortened(name, 24)) for place, name in enumerate(columns)),
        tuple((round(top + place * tall, 2), shortened(name, 24)) for place, name in enumerate(rows)),
        drawn,
    )  # fmt: skip


def shortened(text: str, most: int) -> str:
    """In one line of at most `most` signs."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: max(most - 1, 0)].rstrip() + "…"


def _bounded(rows: Sequence[RangeRow], widest: float, hold: Sequence[float]) -> Iterator[float]:
    yield from hold
    for row in rows:
        for one in row.estimates:
            for value in (one.value, one.low, one.high):
                if isfinite(value):
                    yield min(max(value, -widest), widest)


def _round_step(least: float, *, whole: bool) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not smaller."""
    power = 10.0 ** floor(log10(least))
    step = next(round_one * power for round_one in _ROUND if round_one * power >= least * (1 - 1e-9))
    return max(float(ceil(step)), 1.0) if whole else step


def _decimals(step: float) -> int:
    return next((many for many in range(9) if abs(round(step, many) - step) < 1e-9 * step), 9)


def _pieces(dots: Sequence[Dot]) -> Iterator[list[Dot]]:
    """Runs of points that have a value."""
    piece: list[Dot] = []
    for dot in dots:
        if dot.point.value is not None:
            piece.append(dot)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in places)


def _around(piece: Sequence[Dot], on: Scale) -> str:
    """The outline of the ranges of a run of points; nothing of a single one, whose range is no area."""
    ranged = [dot for dot in piece if dot.point.low is not None and dot.point.high is not None]
    if len(ranged) < 2:
        return ""
    upper = [(dot.x, on.at(dot.point.high or 0.0)) for dot in ranged]
    lower = [(dot.x, on.at(dot.point.low or 0.0)) for dot in reversed(ranged)]
    return _path([*upper, *lower]) + "Z"

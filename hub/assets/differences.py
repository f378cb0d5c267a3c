"""A readable difference between two texts: lines, and the words changed within a line. Bounded for any input.

difflib compares well but can take minutes on long runs of repeated lines, which an author could offer on purpose; so
the comparison gets coarser as the work grows: words, then lines, then whole texts.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

# Pairs of equal lines are what difflib's time grows with; this many take well under a second.
MOST_LINE_PAIRS = 2_000_000
MOST_WORD_PAIRS = 20_000
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    kind: Literal["same", "added", "removed"]
    text: str


@dataclass(frozen=True)
class Change:
    """A run of lines. `words` is given for "changed": same + removed is the text before, same + added that after.
    Line numbers count from 1; None on the side where the run has no lines."""

    kind: Literal["same", "added", "removed", "changed"]
    before_line: int | None
    after_line: int | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    words: tuple[Piece, ...]


def changes(before: str, after: str, *, context: int | None = 3) -> list[Change]:
    """What changed from `before` to `after`, in order, with `context` equal lines around each change (None: all)."""
    old, new = _lines(before), _lines(after)
    blocks = list(_blocks(old, new))
    found = []
    for place, (kind, i1, i2, j1, j2) in enumerate(blocks):
        if kind == "equal":
            found += _same(old, i1, i2, j1, context, first=place == 0, last=place == len(blocks) - 1)
        else:
            found.append(_change(old[i1:i2], new[j1:j2], i1, j1))
    return found


def unified(before: str, after: str, *, names: tuple[str, str] = ("before", "after")) -> str:
    """The same as a unified difference, for programs and terminals; "" when the texts are equal."""
    old, new = _lines(before), _lines(after)
    if old == new:
        return ""
    hunks = [f"--- {names[0]}\n", f"+++ {names[1]}\n"]
    for group in _grouped(list(_blocks(old, new)), 3):
        first, last = group[0], group[-1]
        hunks.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n")
        for kind, i1, i2, j1, j2 in group:
            if kind == "equal":
                hunks += [f" {line}\n" for line in old[i1:i2]]
            else:
                hunks += [f"-{line}\n" for line in old[i1:i2]]
                hunks += [f"+{line}\n" for line in new[j1:j2]]
    return "".join(hunks)


Block = tuple[str, int, int, int, int]


def _lines(text: str) -> list[str]:
    r"""Lines without their \n. A carriage return stays, and a missing end of line is a line of its own, so that a change
    of either is seen."""
    lines = text.split("\n")
    if lines[-1] == "":
        return lines[:-1]
    return [*lines, "\\ no newline at the end"]


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield ("equal", 0, head, 0, head)
    if middle_old or middle_new:
        for kind, i1, i2, j1, j2 in _compare(middle_old, middle_new):
            yield (kind, i1 + head, i2 + head, j1 + head, j2 + head)
    if tail:
        yield ("equal", len(old) - tail, len(old), len(new) - tail, len(new))


def _compare(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    if _pairs(old, new) > MOST_LINE_PAIRS:
        return [("replace", 0, len(old), 0, len(new))]
    return difflib.SequenceMatcher(None, old, new, autojunk=True).get_opcodes()


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    counted = Counter(new)
    return sum(counted[item] for item in old)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _same(
    old: Sequence[str], i1: int, i2: int, j1: int, context: int | None, *, first: bool, last: bool
) -> list[Change]:
    if context is None or i2 - i1 <= context * (not first) + context * (not last):
        runs = [(i1, i2)]
    else:
        runs = [(i1, i1 + (0 if first else context)), (i2 - (0 if last else context), i2)]
    return [
        Change("same", start + 1, start - i1 + j1 + 1, tuple(old[start:end]), tuple(old[start:end]), ())
        for start, end in runs
        if end > start
    ]


def _change(old: Sequence[str], new: Sequence[str], i1: int, j1: int) -> Change:
    if not old:
        return Change("added", None, j1 + 1, (), tuple(new), ())
    if not new:
        return Change("removed", i1 + 1, None, tuple(old), (), ())
    return Change("changed", i1 + 1, j1 + 1, tuple(old), tuple(new), tuple(_words("\n".join(old), "\n".join(new))))


def _words(old: str, new: str) -> Iterator[Piece]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if _pairs(before, after) > MOST_WORD_PAIRS * 10 or len(before) + len(after) > MOST_WORD_PAIRS:
        yield Piece("removed", old)
        yield Piece("added", new)
        return
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(before[i1:i2]))
            continue
        if i2 > i1:
            yield Piece("removed", "".join(before[i1:i2]))
        if j2 > j1:
            yield Piece("added", "".join(after[j1:j2]))


def _grouped(blocks: list[Block], context: int) -> Iterator[list[Block]]:
    """Blocks in hunks, equal runs cut down to the context around each change."""
    group: list[Block] = []
    for place, (kind, i1, i2, j1, j2) in enumerate(blocks):
        if kind != "equal":
            group.append((kind, i1, i2, j1, j2))
            continue
        before = min(context, i2 - i1) if group else 0
        after = min(context, i2 - i1) if place < len(blocks) - 1 else 0
        if group and after and i2 - i1 <= 2 * context:
            group.append((kind, i1, i2, j1, j2))
            continue
        if group:
            yield [*group, (kind, i1, i1 + before, j1, j1 + before)]
        group = [(kind, i2 - after, i2, j2 - after, j2)] if after else []
    if any(block[0] != "equal" for block in group):
        yield group


def _range(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}" if length != 1 else f"{start + 1}"

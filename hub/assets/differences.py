"""What changed between two texts, readably: by line, and by word within changed lines.

difflib finds the differences; here its cost is bounded, because authors choose both texts (800 lines made of two
repeated lines keep difflib busy for seconds, 20,000 for hours). Beyond the bounds a difference gets coarser, never
wrong. A line ends with its line feed; a carriage return before that is part of the ending.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal, NamedTuple

# What one difference may cost, in steps of about 40 ns.
BUDGET = 25_000_000
STEPS_PER_COMPARISON = 1_000
STEPS_PER_UNIT = 10
# Less alike than this, a text is easier to read as one text removed and another added.
LEAST_LIKENESS = 0.3

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    kind: Literal["same", "added", "removed"]
    text: str


@dataclass(frozen=True)
class Change:
    """A run of lines, without their endings; line numbers count from 1, None on the side that has no such line.

    `words` is there for "changed" only: its same and added pieces join to the new text of these lines, its same and
    removed ones to the old, line endings included. A change of nothing but endings shows there.
    """

    kind: Literal["same", "added", "removed", "changed"]
    before_line: int | None
    after_line: int | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    words: tuple[Piece, ...]


def changes(before: str, after: str, *, context: int | None = 3) -> list[Change]:
    """The changes in order, with at most so many unchanged lines around each (None keeps all of them)."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    budget = _Budget()
    spans = _spans(old, new, budget)
    return [_change(span, old, new, budget) for span in (spans if context is None else _folded(spans, context))]


def unified(before: str, after: str, *, names: tuple[str, str] = ("before", "after")) -> str:
    """The difference as `diff -u` writes it, empty for equal texts."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    hunks = list(_hunks(_folded(_spans(old, new, _Budget()), 3)))
    if not hunks:
        return ""
    parts = [f"--- {names[0]}\n+++ {names[1]}\n"]
    for hunk in hunks:
        first, last = hunk[0], hunk[-1]
        parts.append(f"@@ -{_range(first.i1, last.i2)} +{_range(first.j1, last.j2)} @@\n")
        for span in hunk:
            if span.same:
                parts += [_patch_line(" ", line) for line in old[span.i1 : span.i2]]
            else:
                parts += [_patch_line("-", line) for line in old[span.i1 : span.i2]]
                parts += [_patch_line("+", line) for line in new[span.j1 : span.j2]]
    return "".join(parts)


class _Span(NamedTuple):
    """Units i1 to i2 of the old text beside units j1 to j2 of the new."""

    same: bool
    i1: int
    i2: int
    j1: int
    j2: int


class _Budget:
    def __init__(self) -> None:
        self._left = BUDGET

    def allows(self, steps: int) -> bool:
        """Spends the steps if they are left."""
        if steps > self._left:
            return False
        self._left -= steps
        return True


# --- lines -----------------------------------------------------------------------------------------------------------


def _folded(spans: Sequence[_Span], context: int) -> list[_Span]:
    """The spans without the middle of long unchanged runs, and without any for equal texts."""
    kept: list[_Span] = []
    for index, span in enumerate(spans):
        if not span.same:
            kept.append(span)
            continue
        length = span.i2 - span.i1
        head = context if index > 0 else 0
        tail = context if index < len(spans) - 1 else 0
        if head + tail >= length and (head or tail):
            kept.append(span)
            continue
        if head:
            kept.append(_Span(True, span.i1, span.i1 + head, span.j1, span.j1 + head))
        if tail:
            kept.append(_Span(True, span.i2 - tail, span.i2, span.j2 - tail, span.j2))
    return kept


def _change(span: _Span, old: Sequence[str], new: Sequence[str], budget: _Budget) -> Change:
    before, after = old[span.i1 : span.i2], new[span.j1 : span.j2]
    words: tuple[Piece, ...] = ()
    if span.same:
        kind: Literal["same", "added", "removed", "changed"] = "same"
    elif before and after:
        kind, words = "changed", tuple(_pieces("".join(before), "".join(after), budget))
    else:
        kind = "removed" if before else "added"
    return Change(
        kind=kind,
        before_line=span.i1 + 1 if before else None,
        after_line=span.j1 + 1 if after else None,
        before=tuple(map(_without_ending, before)),
        after=tuple(map(_without_ending, after)),
        words=words,
    )


def _without_ending(line: str) -> str:
    return line[:-1].removesuffix("\r") if line.endswith("\n") else line


def _hunks(spans: Sequence[_Span]) -> Iterator[list[_Span]]:
    hunk: list[_Span] = []
    for span in spans:
        if hunk and hunk[-1].i2 != span.i1:
            yield hunk
            hunk = []
        hunk.append(span)
    if hunk:
        yield hunk


def _range(start: int, end: int) -> str:
    """Lines as `diff -u` counts them: one line is its number alone, none is the number of the line before."""
    length = end - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def _patch_line(mark: str, line: str) -> str:
    return mark + (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")


# --- words -----------------------------------------------------------------------------------------------------------


def _pieces(before: str, after: str, budget: _Budget) -> Iterator[Piece]:
    whole = [Piece("removed", before), Piece("added", after)]
    if not budget.allows(2 * (len(before) + len(after))):
        return iter(whole)
    old, new = _WORD.findall(before), _WORD.findall(after)
    spans = _spans(old, new, budget, is_junk=str.isspace)
    alike = sum(len("".join(old[span.i1 : span.i2]).strip()) for span in spans if span.same)
    shorter = min(len(before.strip()), len(after.strip()))
    return _joined(spans, old, new) if alike >= LEAST_LIKENESS * shorter else iter(whole)


def _joined(spans: Sequence[_Span], old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    """Spans as texts; a blank between two changed words belongs to the change, or every second piece were a blank."""
    removed = added = ""
    for index, span in enumerate(spans):
        before, after = "".join(old[span.i1 : span.i2]), "".join(new[span.j1 : span.j2])
        is_blank = before.isspace() and "\n" not in before and 0 < index < len(spans) - 1
        if span.same and not is_blank:
            yield from _changed(removed, added)
            yield Piece("same", before)
            removed = added = ""
        else:
            removed += before
            added += after
    yield from _changed(removed, added)


def _changed(removed: str, added: str) -> Iterator[Piece]:
    if removed:
        yield Piece("removed", removed)
    if added:
        yield Piece("added", added)


# --- comparing -------------------------------------------------------------------------------------------------------


def _spans(
    old: Sequence[str], new: Sequence[str], budget: _Budget, is_junk: Callable[[str], bool] | None = None
) -> list[_Span]:
    """All of both sequences in order, same and different spans taking turns."""
    spans: list[_Span] = []
    i = j = 0
    for i1, j1, length in [*_matches(old, new, budget, is_junk), (len(old), len(new), 0)]:
        if i < i1 or j < j1:
            spans.append(_Span(False, i, i1, j, j1))
        i, j = i1 + length, j1 + length
        if length and spans and spans[-1].same:
            spans[-1] = spans[-1]._replace(i2=i, j2=j)
        elif length:
            spans.append(_Span(True, i1, i, j1, j))
    return spans


def _matches(
    old: Sequence[str], new: Sequence[str], budget: _Budget, is_junk: Callable[[str], bool] | None
) -> list[tuple[int, int, int]]:
    """Equal runs in order (old start, new start, length): difflib's where it can afford them.

    What is too dear for it is cut at the units that both sides have exactly once (as "patience diff" does), and the
    parts are looked at again; what cannot be cut counts as changed.
    """
    found: list[tuple[int, int, int]] = []
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        i1, i2, j1, j2 = waiting.pop()
        head = _equal_at_start(old, new, range(i1, i2), range(j1, j2))
        found.append((i1, j1, head))
        i1, j1 = i1 + head, j1 + head
        tail = _equal_at_start(old, new, range(i1, i2)[::-1], range(j1, j2)[::-1])
        i2, j2 = i2 - tail, j2 - tail
        found.append((i2, j2, tail))
        if i1 == i2 or j1 == j2 or not budget.allows(STEPS_PER_UNIT * (i2 - i1 + j2 - j1)):
            continue
        before, after = old[i1:i2], new[j1:j2]
        if budget.allows(_cost(before, after, is_junk)):
            matcher = SequenceMatcher(is_junk, before, after, autojunk=False)
            found += [(i1 + match.a, j1 + match.b, match.size) for match in matcher.get_matching_blocks()]
        elif anchors := _anchors(before, after):
            corners = [(i1, j1), *((i1 + a, j1 + b) for a, b in anchors), (i2, j2)]
            found += [(a, b, 1) for a, b in corners[1:-1]]
            starts = [corners[0], *((a + 1, b + 1) for a, b in corners[1:-1])]
            waiting += [(a1, a2, b1, b2) for (a1, b1), (a2, b2) in zip(starts, corners[1:], strict=True)]
    return sorted(match for match in found if match[2])


def _equal_at_start(old: Sequence[str], new: Sequence[str], in_old: range, in_new: range) -> int:
    pairs = zip(in_old, in_new, strict=False)
    return sum(1 for _ in takewhile(lambda pair: old[pair[0]] == new[pair[1]], pairs))


def _cost(old: Sequence[str], new: Sequence[str], is_junk: Callable[[str], bool] | None) -> int:
    """Steps that difflib takes at most: it may look at every pair of equal units again for every run it finds."""
    counts = Counter(new)
    pairs = sum(counts[unit] for unit in old if is_junk is None or not is_junk(unit))
    return STEPS_PER_COMPARISON + (pairs + len(old) + len(new)) * min(len(old), len(new))


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places of units that are unique on both sides, as many as come in the same order on both."""
    in_old, in_new = Counter(old), Counter(new)
    places = {unit: j for j, unit in enumerate(new) if in_new[unit] == 1}
    pairs = [(i, places[unit]) for i, unit in enumerate(old) if in_old[unit] == 1 and unit in places]
    return _longest_rising(pairs)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers rise (patience sorting, n log n)."""
    tops: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        previous.append(ends[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(j)
            ends.append(index)
        else:
            tops[pile], ends[pile] = j, index
    chain = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]

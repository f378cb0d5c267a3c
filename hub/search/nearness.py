"""Near first: a document in which all words of the question stand close together goes before the others.

Works on readings (`documents.Texts.read`), so the same for every engine. One place is chosen for each word, in
the question's order, so that the sum of the gaps is least. Only the surroundings of the rarest word are looked
at: most documents are done after one look.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from hub.search.documents import FIELDS, GAP
from hub.search.engine import Word

_MOST_PLACES = 24  # of the rarest word in one document
_MOST_SHOWN = 8  # places of a word that compete for the snippet
_TOKEN_WIDTH = 20  # characters of a token and its stem, generously
EXACT, SIMILAR, SAID_OTHERWISE = range(3)
_WHOLE = ("title", "summary", "headings")  # being all of a tag or of the body means little


class Near(NamedTuple):
    """How close the words stand, least first: comparing two of these compares two documents."""

    typos: int
    gaps: int
    place: int  # where: see `_place`
    evidence: int  # the band, negated: among equals in all of the above the better proven comes first
    grade: int  # EXACT words before stems and beginnings before synonyms
    position: int

    @property
    def field(self) -> str:
        return FIELDS[self.place % 10]

    @property
    def whole(self) -> bool:
        """The words are all there is of the title, the summary or a heading."""
        return self.place < 10


class Spot(NamedTuple):
    """One place of a word: token number after `position` tokens, and where in the text."""

    position: int
    end: int  # token number after its last token
    grade: int
    typos: int
    start_offset: int
    end_offset: int


@dataclass(frozen=True, slots=True)
class _Way:
    """One string to look for, the tokens that must follow, and what it is worth."""

    needle: str
    typos: int
    grade: int
    exact: str = ""  # a token found this way that is just this is EXACT
    following: tuple[str, ...] = ()


class Chain:
    """The words of one question, ready to be looked for in many readings."""

    def __init__(self, words: Sequence[Word], slack: float) -> None:
        self._ways = [_ways(word) for word in words]
        self._close = int(slack * (len(words) - 1))
        self._reach = (self._close + len(words)) * _TOKEN_WIDTH
        self._rarest_first = sorted(range(len(words)), key=lambda at: (words[at].frequency, -len(words[at].text)))

    def near(self, reading: str) -> Near | None:
        """How close all words stand in this document; None when one is missing or they stand apart."""
        if len(self._ways) == 1:
            links = (_Link(0, one.typos, one.grade, one, one) for one in _beginnings(self._ways[0], reading))
            return min((self._near(reading, 0, link) for link in links), default=None)
        best: Near | None = None
        for start, end in self._surroundings(reading):
            link = self._closest(reading[start:end])
            if link is not None and link.gaps <= self._close:
                near = self._near(reading, start, link)
                best = near if best is None else min(best, near)
        return best

    def coverage(self, reading: str) -> list[bool]:
        """For each word whether it stands in the document at all, in any alternative."""
        return [any(_has(way, reading) for way in ways) for ways in self._ways]

    def body_positions(self, reading: str) -> list[list[int]]:
        """For each word the numbers of the first tokens of the body at which it stands."""
        body = reading.split("\n")[FIELDS.index("body")]
        return [[spot.position for spot in _spots(ways, body, _MOST_SHOWN)] for ways in self._ways]

    def spelt(self, reading: str) -> list[str | None]:
        """For each word the alternative under which it stands in the document; None for the word itself (or
        when it is missing)."""
        return [_spelling(ways, reading) for ways in self._ways]

    def _surroundings(self, reading: str) -> list[tuple[int, int]]:
        """The stretches of text around the rarest word in which all words would have to stand to be close."""
        found: list[tuple[int, int]] = []
        for offset in sorted(_offsets(self._ways[self._rarest_first[0]], reading)):
            start = max(0, reading.rfind(" ", 0, max(1, offset - self._reach)))
            end = offset + self._reach
            if found and start <= found[-1][1]:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        return found

    def _closest(self, around: str) -> "_Link | None":
        spots: list[list[Spot]] = [[]] * len(self._ways)
        for at in self._rarest_first:
            spots[at] = _spots(self._ways[at], around, _MOST_PLACES)
            if not spots[at]:
                return None
        links = [_Link(0, spot.typos, spot.grade, spot, spot) for spot in spots[0]]
        for following in spots[1:]:
            ends = [link.last.end for link in links]
            best = min(links)
            links = [_next(links, ends, best, spot) for spot in following]
        return min(links)

    def _near(self, reading: str, start: int, link: "_Link") -> Near:
        first, last = link.first, max(link.first, link.last)
        field = reading.count("\n", 0, start + first.start_offset)
        whole = (
            FIELDS[field] in _WHOLE
            and _begins(reading, first, start)
            and _ends(reading, last, start)
            and link.gaps == len(self._ways) - 1
        )
        position = reading.count(" ", 0, start + first.start_offset)
        return Near(link.typos, link.gaps, _place(field, len(self._ways), whole=whole), 0, link.grade, position)


class _Link(NamedTuple):
    """The best choice of places for the words so far."""

    gaps: int
    typos: int
    grade: int
    first: Spot
    last: Spot


def body_start(reading: str) -> int:
    """How many tokens (and gaps) stand before the body."""
    offset = 0
    for _ in range(FIELDS.index("body")):
        offset = reading.index("\n", offset) + 1
    return reading.count(" ", 0, offset)


def _place(field: int, words: int, *, whole: bool) -> int:
    """The better fields first; but words that are all of a heading before those that are part of a title, and a
    single word, which is all of many headings, before nothing but the rest of the headings."""
    if whole and (words > 1 or FIELDS[field] == "title"):
        return field
    return 10 + field


def _ways(word: Word) -> list[_Way]:
    """A word's own stem finds the word itself, so that one search does for both."""
    ways = [_Way(f"|{stem} ", 0, SIMILAR, word.text) for stem in word.stems]
    if word.open:
        ways.append(_Way(f" {word.text}", 0, SIMILAR, word.text))
    for other in word.alternatives:
        if other.kind != "prefix":  # a longer word begins with the open one, and is found as that
            first, *following = other.tokens
            ways.append(_Way(f" {first}|", other.typos, SAID_OTHERWISE, following=tuple(following)))
    return sorted(ways, key=lambda way: way.typos)


def _has(way: _Way, text: str) -> bool:
    if not way.following:
        return way.needle in text
    return bool(_spots([way], text, 1))


def _spelling(ways: Sequence[_Way], text: str) -> str | None:
    found = next((way for way in ways if _has(way, text)), None)
    if found is None or found.grade != SAID_OTHERWISE:
        return None
    return " ".join((found.needle.strip(" |"), *found.following))


def _spots(ways: Sequence[_Way], text: str, limit: int) -> list[Spot]:
    """Where any of the ways stands, those with the fewest typos only, in order."""
    found: dict[int, Spot] = {}
    tier = 0
    for way in ways:
        if found and way.typos > tier:
            break
        tier = way.typos
        for start, end in _occurrences(way, text, limit):
            if start not in found:
                found[start] = _spot(way, text, start, end)
    return sorted(found.values())[:limit]


def _offsets(ways: Sequence[_Way], text: str) -> list[int]:
    """About where any of the ways stands."""
    found = []
    for way in ways:
        offset = text.find(way.needle)
        for _ in range(_MOST_PLACES):
            if offset < 0:
                break
            found.append(offset)
            offset = text.find(way.needle, offset + 1)
    return found


def _spot(way: _Way, text: str, start: int, end: int) -> Spot:
    position = text.count(" ", 0, start)
    grade = EXACT if way.exact and text.startswith(f"{way.exact}|", start + 1) else way.grade
    return Spot(position, position + 1 + len(way.following), grade, way.typos, start, end)


def _occurrences(way: _Way, text: str, limit: int) -> Iterator[tuple[int, int]]:
    """Offsets of the space before the first token, and of the space after the last."""
    inside = way.needle[0] == "|"
    offset = text.find(way.needle)
    while offset >= 0 and limit:
        start = text.rfind(" ", 0, offset) if inside else offset
        end = _after(text, text.find(" ", start + 1), way.following)
        if end is not None and start >= 0:
            limit -= 1
            yield start, end
        offset = text.find(way.needle, offset + 1)


def _beginnings(ways: Sequence[_Way], text: str) -> list[Spot]:
    """The spots at the beginning of a field, or of one of its parts; those with the fewest typos only."""
    found: list[Spot] = []
    for way in ways:
        if found and way.typos > found[0].typos:
            break
        if way.needle in text:
            pattern = _beginning(way.needle)
            for match in pattern.finditer(text):
                start = match.start() + 1
                end = _after(text, text.find(" ", start + 1), way.following)
                if end is not None:
                    found.append(_spot(way, text, start, end))
    return found


@lru_cache(maxsize=1_024)
def _beginning(needle: str) -> re.Pattern[str]:
    before = "  [^ |]+" if needle[0] == "|" else " "
    return re.compile(before + re.escape(needle))


def _after(text: str, end: int, following: Sequence[str]) -> int | None:
    for token in following:
        if not text.startswith(f" {token}|", end):
            return None
        end = text.find(" ", end + 1)
    return end if end >= 0 else len(text)


def _next(links: Sequence[_Link], ends: Sequence[int], best: _Link, spot: Spot) -> _Link:
    low = bisect_left(ends, spot.position - GAP)
    high = bisect_right(ends, spot.position + GAP)
    chosen = _linked(best, spot)
    for at in range(low, high):
        chosen = min(chosen, _linked(links[at], spot))
    return chosen


def _linked(link: _Link, spot: Spot) -> _Link:
    apart = spot.position - link.last.end + 1  # 1 for the next word
    gap = apart if apart > 0 else max(2, 1 - apart)  # a swapped pair, or one token for two words: one more
    return _Link(
        link.gaps + min(gap, GAP),
        link.typos + spot.typos,
        max(link.grade, spot.grade),
        min(link.first, spot),
        spot,
    )


def _begins(text: str, spot: Spot, start: int) -> bool:
    return text[start + spot.start_offset - 1] == " "


def _ends(text: str, spot: Spot, start: int) -> bool:
    return text[start + spot.end_offset + 1 : start + spot.end_offset + 2] in ("", " ", "\n")

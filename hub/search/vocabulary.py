"""The words of an index (or of a handful of candidates), for questions that are unfinished or misspelt.

Plain Python over the engine's own term list: words bucketed by first letter and length, compared by rapidfuzz.
Faster and better than an engine's fuzzy query, because found words can be searched with weights of their own.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from heapq import nsmallest

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

_REMEMBERED = 4_096  # answers kept: people type the same beginnings all day


class WordList:
    """Words with their document frequencies. Immutable; a changed index gets a new one."""

    def __init__(self, frequencies: Mapping[str, int], stems: Iterable[str] = ()) -> None:
        self._frequencies = frequencies
        self._stems = frozenset(stems)
        self._sorted = sorted(frequencies)
        self._buckets: dict[tuple[str, int], list[str]] = {}
        for word in self._sorted:
            self._buckets.setdefault((word[0], len(word)), []).append(word)
        self._letters = sorted({letter for letter, _ in self._buckets})
        self._beginnings: dict[tuple[str, int], dict[str, list[str]]] = {}
        self._asked: dict[tuple[str, int, int, bool], tuple[tuple[str, int], ...]] = {}

    def __len__(self) -> int:
        return len(self._sorted)

    def frequency(self, word: str) -> int:
        return self._frequencies.get(word, 0)

    def has_stem(self, stem: str) -> bool:
        return stem in self._stems

    def beginning_with(self, prefix: str, limit: int) -> list[str]:
        key = (prefix, limit, 0, True)
        if (known := self._asked.get(key)) is None:
            first = bisect_left(self._sorted, prefix)
            last = bisect_left(self._sorted, prefix + "\U0010ffff")
            longer = (word for word in self._sorted[first:last] if word != prefix)
            best = nsmallest(limit, longer, key=lambda word: (-self._frequencies[word], word))
            known = self._remember(key, [(word, 0) for word in best])
        return [word for word, _ in known]

    def like(self, word: str, edits: int, *, prefix: bool, limit: int) -> tuple[tuple[str, int], ...]:
        key = (word, edits, limit, prefix)
        if (known := self._asked.get(key)) is None:
            found = self._near(word, edits)
            if prefix:
                for longer, distance in self._near_beginnings(word, edits):
                    found[longer] = min(distance, found.get(longer, distance))
            found.pop(word, None)
            best = nsmallest(limit, found.items(), key=lambda item: (item[1], -self.frequency(item[0]), item[0]))
            known = self._remember(key, best)
        return known

    def _remember(self, key: tuple[str, int, int, bool], answer: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
        if len(self._asked) >= _REMEMBERED:
            self._asked.clear()
        self._asked[key] = kept = tuple(answer)
        return kept

    def _near(self, word: str, edits: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for length in range(len(word) - edits, len(word) + edits + 1):
            for other, distance, _ in _within(word, self._buckets.get((word[0], length), ()), edits):
                found[other] = distance
        if edits > 1:
            found |= {other: 2 for other in self._other_first_letters(word) if other not in found}
        return found

    def _other_first_letters(self, word: str) -> list[str]:
        rest = word[1:]
        guesses = [rest, word[1] + word[0] + word[2:]]
        guesses += [letter + tail for letter in self._letters for tail in (rest, word)]
        return [guess for guess in guesses if guess in self._frequencies]

    def _near_beginnings(self, word: str, edits: int) -> Iterable[tuple[str, int]]:
        for length in range(len(word) - 1, len(word) + 2):
            beginnings = self._beginnings_of(word[0], length)
            for beginning, distance, _ in _within(word, list(beginnings), edits):
                yield from ((longer, distance) for longer in beginnings[beginning])

    def _beginnings_of(self, letter: str, length: int) -> dict[str, list[str]]:
        if (known := self._beginnings.get((letter, length))) is None:
            known = {}
            for (first, size), words in self._buckets.items():
                if first == letter and size > length:
                    for word in words:
                        known.setdefault(word[:length], []).append(word)
            self._beginnings[letter, length] = known
        return known


class AnyWord:
    """A vocabulary that takes every word for known and offers no other."""

    def frequency(self, word: str) -> int:
        return 1

    def has_stem(self, stem: str) -> bool:
        return True

    def beginning_with(self, prefix: str, limit: int) -> list[str]:
        return []

    def like(self, word: str, edits: int, *, prefix: bool, limit: int) -> list[tuple[str, int]]:
        return []


def _within(word: str, others: list[str] | tuple[str, ...], edits: int) -> list[tuple[str, int, int]]:
    return extract(word, others, scorer=OSA.distance, score_cutoff=edits, limit=None) if others else []

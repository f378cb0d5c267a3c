"""BM25 over readings, for candidates of an engine that brings no comparable score of its own.

The same sum as the embedded index computes: stem first, the written word beside it with small boosts for the
better fields, alternatives at their weights, of which the best counts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.search.configuration import Configuration
from hub.search.documents import Shown
from hub.search.engine import Candidate, Word

_K1, _B = 1.2, 0.75  # as tantivy has them


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with another score."""

    of: Candidate
    score: float

    @property
    def id(self) -> str:
        return self.of.id

    @property
    def reading(self) -> str:
        return self.of.reading

    @property
    def evidence_band(self) -> int:
        return self.of.evidence_band

    @property
    def shown(self) -> Shown:
        return self.of.shown


def score(
    candidates: Sequence[Candidate],
    words: Sequence[Word],
    configuration: Configuration,
    frequencies: Mapping[str, int],
    population: int,
) -> list[Scored]:
    """The candidates with their BM25. `frequencies`: word → documents that have it, of a `population` of them;
    for a word that is not listed the candidates stand for the whole."""
    texts = [_weighted(candidate.reading) for candidate in candidates]
    lengths = [text.count("|") for text in texts]
    average = sum(lengths) / max(1, len(lengths))
    norms = [_K1 * (1 - _B + _B * length / max(1.0, average)) for length in lengths]
    totals = [0.0] * len(texts)
    for word in words:
        if word.scores:
            known = frequencies.get(word.text)
            for at, value in enumerate(_word(word, texts, norms, configuration, known, population)):
                totals[at] += value
    return [Scored(candidate, total) for candidate, total in zip(candidates, totals, strict=True)]


def _weighted(reading: str) -> str:
    """Title and summary count twice."""
    title, summary, _ = reading.split("\n", 2)
    return f"{reading} {title} {summary} "


def _word(
    word: Word,
    texts: Sequence[str],
    norms: Sequence[float],
    configuration: Configuration,
    frequency: int | None,
    population: int,
) -> list[float]:
    weights = configuration.ranking["weights"]
    stemmed = _bm25([f"|{stem} " for stem in word.stems], texts, norms, frequency, population)
    written = _bm25([f" {word.text}|"], texts, norms, frequency, population)
    best = [stem + weights["plain"] * plain for stem, plain in zip(stemmed, written, strict=True)]
    ways = [(f" {one.tokens[0]}|", one.weight / one.part) for one in word.alternatives]
    if word.open:
        ways.append((f" {word.text}", weights["prefix"]))
    for needle, weight in ways:
        other = _bm25([needle], texts, norms, None, population)
        best = [max(value, weight * found) for value, found in zip(best, other, strict=True)]
    return best


def _bm25(
    needles: Sequence[str],
    texts: Sequence[str],
    norms: Sequence[float],
    frequency: int | None,
    population: int,
) -> list[float]:
    counts = [max(text.count(needle) for needle in needles) for text in texts]
    having = sum(1 for count in counts if count)
    if not having:
        return [0.0] * len(texts)
    having, whole = (max(having, frequency), population) if frequency else (having, max(population, len(texts)))
    idf = math.log(1 + (whole - having + 0.5) / (having + 0.5)) if whole > having else 0.1
    return [
        idf * count * (_K1 + 1) / (count + norm) if count else 0.0 for count, norm in zip(counts, norms, strict=True)
    ]

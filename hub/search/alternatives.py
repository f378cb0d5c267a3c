"""How each word of a question may stand in a document: finished, spelt right, joined, or said differently.

The exact word and its stem need no alternative, every engine looks for them. Here are the others: longer words
for an unfinished last one, synonyms, words written together or apart, and words a typo away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from hub.search.analysis import is_paired, stems
from hub.search.configuration import Configuration
from hub.search.engine import Alternative, Vocabulary, Word
from hub.search.question import Question

_SHORTEST_PIECE = 3  # of a word taken apart: "salesforce" → "sales force", never "a" + "gent"

_MOST_REPLACED = 4  # alternatives of a word that are tried in its place
_MOST_READINGS = 16  # of a question as a whole


class Speller:
    """Works out the words of questions under one configuration, for one set of languages."""

    def __init__(self, configuration: Configuration, languages: Iterable[str]) -> None:
        self._configuration = configuration
        self._languages = sorted(set(languages) or {"en"})
        self._weights = configuration.ranking["weights"]
        self._lists = {one: configuration.stop_words.get(one[:2], frozenset()) for one in self._languages}
        self._stop_words = frozenset().union(*self._lists.values())

    def words(self, question: Question, vocabulary: Vocabulary | None, *, all_typos: bool = False) -> tuple[Word, ...]:
        """The question's words. Typos are tried for words the index does not know; with `all_typos` for known
        ones as well, since a typo can happen to be a word."""
        texts = question.words
        scoring = [text not in self._stop_words for text in texts]
        if not any(scoring):
            scoring = [True] * len(texts)
        words = [
            Word(
                text=text,
                stems=self._stems(text),
                scores=scores,
                open=question.open_ended and at == len(texts) - 1 and at not in question.quoted,
                known=True,
            )
            for at, (text, scores) in enumerate(zip(texts, scoring, strict=True))
        ]
        if vocabulary is None:
            return tuple(words)
        return tuple(
            self._with_alternatives(question, words, at, vocabulary, all_typos=all_typos) for at in range(len(words))
        )

    def _stems(self, text: str) -> tuple[str, ...]:
        """A stem that is a stop word ("Sicherheit" → "sich") would find nearly everything: then the word alone is
        looked for."""
        found: list[str] = []
        for language, stop_words in self._lists.items():
            [stem] = stems([text], language)
            found.append(text if stem in stop_words and text not in stop_words else stem)
        return tuple(dict.fromkeys(found))

    def _with_alternatives(
        self, question: Question, words: Sequence[Word], at: int, vocabulary: Vocabulary, *, all_typos: bool
    ) -> Word:
        word = words[at]
        frequency = vocabulary.frequency(word.text)
        known = frequency > 0 or any(map(vocabulary.has_stem, word.stems))
        if at in question.quoted:
            return replace(word, known=known, frequency=frequency)
        synonyms = self._synonyms(words, at)
        # A word that the hub has synonyms for is no typing mistake, whether or not any asset says it.
        known = known or any(all(map(vocabulary.frequency, one.tokens)) for one in synonyms)
        found = [*self._longer(word, vocabulary), *synonyms]
        finished = known or any(alternative.kind == "prefix" for alternative in found)
        found += self._joined(words, at, vocabulary, known=finished)
        if all_typos or not finished:
            found += self._typos(word, vocabulary, lenient=all_typos and len(words) > 1)
        return replace(word, known=known, frequency=frequency, alternatives=tuple(found))

    def _longer(self, word: Word, vocabulary: Vocabulary) -> list[Alternative]:
        if not word.open or (is_paired(word.text) and len(word.text) > 1):
            return []
        limit = int(self._configuration.ranking["expansion"]["beginnings"])
        weight = self._weights["prefix"]
        return list(_prefixes(tuple(vocabulary.beginning_with(word.text, limit)), weight))

    def _synonyms(self, words: Sequence[Word], at: int) -> list[Alternative]:
        found = []
        synonyms = self._configuration.synonyms
        for size in range(1, self._configuration.longest_synonym + 1):
            for first in range(max(0, at - size + 1), min(at, len(words) - size) + 1):
                span = tuple(word.text for word in words[first : first + size])
                for other in synonyms.get(span, ()):
                    found.append(Alternative(other, "synonym", self._weights["synonym"], part=size))
        return found

    def _joined(self, words: Sequence[Word], at: int, vocabulary: Vocabulary, *, known: bool) -> list[Alternative]:
        weight = self._weights["joined"]
        found = []
        for first in (at - 1, at):
            if 0 <= first < len(words) - 1 and not is_paired(words[first].text):
                together = words[first].text + words[first + 1].text
                if vocabulary.frequency(together):
                    found.append(Alternative((together,), "joined", weight, typos=1, part=2))
        if not known and (pieces := _apart(words[at].text, vocabulary)):
            found.append(Alternative(pieces, "joined", weight, typos=1))
        return found

    def _typos(self, word: Word, vocabulary: Vocabulary, *, lenient: bool) -> list[Alternative]:
        edits = 0 if is_paired(word.text) else self._configuration.typos.edits(word.text, lenient=lenient)
        if not edits:
            return []
        limit = int(self._configuration.ranking["expansion"]["typos"])
        weights = {1: self._weights["one_typo"], 2: self._weights["two_typos"]}
        found = vocabulary.like(word.text, edits, prefix=word.open, limit=limit)
        return [Alternative((other,), "typo", weights[typos], typos) for other, typos in found if typos]


@lru_cache(maxsize=1_024)
def _prefixes(words: tuple[str, ...], weight: float) -> tuple[Alternative, ...]:
    """Kept, because a hundred of them are made anew for every keystroke otherwise."""
    return tuple(Alternative((longer,), "prefix", weight) for longer in words)


def whole_readings(words: Sequence[Word]) -> list[str]:
    """The whole question with none or one of its words replaced by an alternative, as it may stand as a title."""
    texts = [word.text for word in words]
    readings = [" ".join(texts)]
    for at, word in enumerate(words):
        others = [one for one in word.alternatives if one.kind in ("typo", "synonym") and one.part == 1]
        for other in others[:_MOST_REPLACED]:
            readings.append(" ".join((*texts[:at], *other.tokens, *texts[at + 1 :])))
    return readings[:_MOST_READINGS]


def _apart(text: str, vocabulary: Vocabulary) -> tuple[str, str] | None:
    best: tuple[int, tuple[str, str]] | None = None
    for cut in range(_SHORTEST_PIECE, len(text) - _SHORTEST_PIECE + 1):
        pieces = text[:cut], text[cut:]
        rarest = min(vocabulary.frequency(piece) for piece in pieces)
        if rarest and (best is None or rarest > best[0]):
            best = rarest, pieces
    return best[1] if best else None

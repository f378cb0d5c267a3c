"""Which existing words an unknown one probably meant, so that a refusal can name its cure."""

import unicodedata
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from hub.taxonomy.models import Term

NAMED = 3
# Likeness runs from 0 to 100. The best word is always named; another one only when it is about as likely.
LIKE_ENOUGH = 55.0
AS_LIKELY = 0.7
SAME_ENOUGH = 84.0
LONGEST_SHOWN = 60


def folded(text: str) -> str:
    """For comparing what people write: case, width, dashes and white space make no difference."""
    words = unicodedata.normalize("NFKC", text).casefold().replace("-", " ").replace("_", " ")
    return " ".join(words.split())


def nearest_terms(written: str, terms: Sequence[Term]) -> list[Term]:
    """Up to three terms, likeliest first, by their keys, labels and synonyms."""
    names = [(name, place) for place, term in enumerate(terms) for name in (term.key, term.label, *term.synonyms)]
    return [terms[place] for place in _likeliest(written, names)]


def probably_same(written: str, terms: Sequence[Term]) -> Term | None:
    """The term that a word is most likely another spelling of; None when none is that near (`Closed lost` is not
    another spelling of `Closed won`)."""
    names = [
        (folded(name), place) for place, term in enumerate(terms) for name in (term.key, term.label, *term.synonyms)
    ]
    scored = ((fuzz.ratio(folded(written), name), place) for name, place in names)
    best = max(scored, default=(0.0, -1), key=lambda it: it[0])
    return terms[best[1]] if best[0] >= SAME_ENOUGH else None


def nearest_names(written: str, names: Iterable[str]) -> list[str]:
    """Up to three of these names, likeliest first."""
    known = sorted(names)
    return [known[place] for place in _likeliest(written, [(name, place) for place, name in enumerate(known)])]


def shown(text: str) -> str:
    """A word as a message quotes it: short and on one line."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return f'"{line[:LONGEST_SHOWN]}…"' if len(line) > LONGEST_SHOWN else f'"{line}"'


def _likeliest(written: str, names: Sequence[tuple[str, int]]) -> list[int]:
    """The places of the likeliest names, each place once; of equally likely ones the first."""
    question = folded(written[: 2 * LONGEST_SHOWN])
    likeness: dict[int, float] = {}
    compared = process.extract(question, [folded(name) for name, _ in names], scorer=fuzz.WRatio, limit=None)
    for _, score, index in compared:
        place = names[index][1]
        likeness[place] = max(score, likeness.get(place, 0.0))
    ranked = sorted(likeness, key=lambda place: (-likeness[place], place))[:NAMED]
    least = max(LIKE_ENOUGH, AS_LIKELY * likeness[ranked[0]]) if ranked else 0.0
    return ranked[:1] + [place for place in ranked[1:] if likeness[place] >= least]

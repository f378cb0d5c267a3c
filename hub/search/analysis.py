"""Text to tokens, the same for documents and questions and for both engines.

A token is folded (case, accents, ligatures, full-width forms) and has a stem in its document's language. Runs of
Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese have no spaces that could be trusted, so they become
overlapping pairs of characters ("東京都" → "東京", "京都"). Tokens keep their place in the original text, so that
what matched can be marked in it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import tantivy

ANALYSIS_VERSION = 1  # part of every index's fingerprint: a change here rebuilds
LONGEST_TOKEN = 40  # longer ones are keys, hashes and base64: nobody types them

_PAIRED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3041-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Vowel signs of Indic scripts are marks, not letters, for `\w`; without them every Hindi word would fall apart.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u0f18-\u0fbc"
_WORD = rf"(?:[^\W_{_PAIRED}]|[{_SIGNS}])+"
_TOKEN = re.compile(rf"([{_PAIRED}]+)|{_WORD}")
ASCII_TOKEN = re.compile(r"[a-z0-9]+")
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")
_NOT_A_LETTER = re.compile(rf"(?:(?![{_SIGNS}])[\W_])+")
_NO_DECOMPOSITION = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})

_STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish",
}  # fmt: skip


class Place(NamedTuple):
    """One token and where it stands in the text, as character offsets."""

    token: str
    start: int
    end: int


def tokens(text: str) -> list[str]:
    """The folded tokens of `text`, in order."""
    if (flat := flattened(text)) is not None:
        return [word for word in ASCII_TOKEN.findall(flat) if len(word) <= LONGEST_TOKEN]
    return [place.token for place in places(text)]


def flattened(text: str) -> str | None:
    """`text` in lower-case ASCII with every character in its place and the same tokens; None when that cannot
    be. True for nearly all Latin text, and several times faster to work on."""
    if not text.isascii():
        text = text.translate(_FLAT)
        if not text.isascii():
            return None
    return text.lower()


class _Flat(dict[int, str]):
    """Folds one character to one, for `str.translate`; symbols become spaces, all else stays."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        folded = fold(letter) if letter.isalpha() else ""
        if len(folded) != 1:
            folded = letter if letter.isalnum() or _TOKEN.match(letter) else " "
        self[point] = folded
        return folded


_FLAT = _Flat()


def places(text: str) -> Iterator[Place]:
    """The tokens of `text` with their offsets; the same tokens, in the same order, as `tokens` gives."""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match.group(1) is not None:
            yield from _pairs(text, start, end)
        elif len(token := fold(match.group())) <= LONGEST_TOKEN and token:
            yield Place(token, start, end)


def _pairs(text: str, start: int, end: int) -> Iterator[Place]:
    last = max(start + 1, end - 1)
    for at in range(start, last):
        upto = min(at + 2, end)
        if token := fold(text[at:upto]):
            yield Place(token, at, upto)


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """`word` without case, accents and compatibility forms: "Köln" → "koln", "Straße" → "strasse"."""
    if word.isascii():
        return word.lower()
    bare = unicodedata.normalize("NFKD", word.casefold())
    bare = _MARKS.sub("", bare).translate(_NO_DECOMPOSITION)
    return _NOT_A_LETTER.sub("", unicodedata.normalize("NFC", bare).casefold())


def is_paired(token: str) -> bool:
    """Whether `token` is a piece of a script without spaces, for which typos and stems mean nothing."""
    return not token.isascii() and (match := _TOKEN.match(token)) is not None and match.group(1) is not None


def stem_language(language: str) -> str:
    """The language whose stemmer serves `language` ("de-AT" → "de"), or "" when there is none."""
    short = language.casefold().replace("_", "-").partition("-")[0]
    return short if short in _STEMMERS else ""


def stems(words: Sequence[str], language: str) -> list[str]:
    """One stem for each word; the words themselves for a language without a stemmer."""
    if not (short := stem_language(language)):
        return list(words)
    return [_stem(word, short) for word in words]


@lru_cache(maxsize=131_072)
def _stem(word: str, language: str) -> str:
    found = _stemmer(language).analyze(word)
    return found[0] if found else word


@cache
def _stemmer(language: str) -> tantivy.TextAnalyzer:
    stemmer = tantivy.Filter.stemmer(_STEMMERS[language])
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(stemmer).build()

"""Slugs: the names assets have in URLs, made from a file's path or from a title.

A slug is one URL segment: lower-case ASCII words joined by `-`, folders joined by `.` (`objection.too-dear`).
The same path always makes the same slug, on every machine; two paths may share one, which the caller has to
report.
"""

import hashlib
import re
import unicodedata

from anyascii import anyascii

MAX_LENGTH = 200

_ENDING = re.compile(r"\.(?:md|markdown)\Z", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+")
_SLUG = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
# "don't" is one word: without this its slug would be "don-t".
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc]")


def slug_of_path(path: str) -> str:
    """The slug of a file, by its path below the content folder with or without its ending."""
    parts = [part for part in _ENDING.sub("", path).split("/") if part]
    return _bounded(".".join(_words(part) for part in parts) or _words(path), path)


def slug_of_title(title: str) -> str:
    """The slug of an asset that has no file yet; a `/` in a title makes no folder."""
    return _bounded(_words(title), title)


def is_slug(text: str) -> bool:
    """Whether a text can stand as a slug in a URL: the form above and at most 200 characters."""
    return len(text) <= MAX_LENGTH and _SLUG.fullmatch(text) is not None


def _words(text: str) -> str:
    """The ASCII words of one name, or a hash of it where it has none (`!!!.md`)."""
    plain = anyascii(_APOSTROPHES.sub("", unicodedata.normalize("NFC", text)))
    return "-".join(_WORD.findall(plain.lower())) or _short_hash(text)


def _bounded(slug: str, origin: str) -> str:
    """The slug itself, or its beginning and a hash of the whole, so that two long paths stay apart."""
    if len(slug) <= MAX_LENGTH:
        return slug
    ending = f"-{_short_hash(origin)}"
    return slug[: MAX_LENGTH - len(ending)].rstrip("-.") + ending


def _short_hash(text: str) -> str:
    # macOS hands out decomposed names (NFD), Linux what was typed: both must give one hash.
    normal = unicodedata.normalize("NFC", text)
    return hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest()[:10]

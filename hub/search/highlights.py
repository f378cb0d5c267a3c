"""Marking what matched in the original text, and choosing the passage to show. All HTML made here is escaped."""

import html
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from hub.search.analysis import ASCII_TOKEN, Place, flattened, places, stems, tokens
from hub.search.answers import Snippet
from hub.search.documents import Shown
from hub.search.engine import Word
from hub.search.nearness import Chain, Near, body_start

SNIPPET_LENGTH = 240  # characters
_LEAD = 60  # of them before the first match
_MOST_PAGE_TEXT = 2_000_000  # characters of attachments looked through for one hit

Pages = Sequence[tuple[str, Sequence[str]]]


class Marker:
    """Knows which tokens count as matches of one question."""

    def __init__(self, words: Sequence[Word]) -> None:
        scoring = [word for word in words if word.scores]
        self._exact = {word.text for word in scoring}
        others = [one for word in scoring for one in word.alternatives if one.kind != "prefix"]
        self._exact |= {token for one in others for token in one.tokens}
        self._stems = {stem for word in scoring for stem in word.stems}
        self._beginnings = tuple(word.text for word in scoring if word.open)
        self._roots = _roots(self._exact | self._stems | set(self._beginnings))
        self._known: dict[tuple[str, str], bool] = {}

    def matches(self, token: str, language: str) -> bool:
        key = token, language
        if (known := self._known.get(key)) is None:
            known = token in self._exact or token.startswith(self._beginnings)
            known = known or (bool(self._stems) and stems([token], language)[0] in self._stems)
            self._known[key] = known
        return known

    def spans(self, text: str, language: str) -> list[tuple[int, int]]:
        """Where matches stand, as character offsets; overlapping pairs of characters joined."""
        found: list[tuple[int, int]] = []
        for token, start, end in self._likely(text):
            if not self.matches(token, language):
                continue
            if found and start < found[-1][1]:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        return found

    def _likely(self, text: str) -> Iterable[Place]:
        """The tokens that may be matches: in plain English only those that begin like one."""
        if (lower := flattened(text)) is None:
            return places(text)
        found = set()
        for root in self._roots:
            at = lower.find(root)
            while at >= 0:
                if not lower[at - 1 : at].isalnum() and (match := ASCII_TOKEN.match(lower, at)):
                    found.add(Place(match.group(), at, match.end()))
                at = lower.find(root, at + 1)
        return sorted(found, key=lambda place: place.start)

    def mark(self, text: str, language: str) -> str:
        """The whole text, escaped, with its matches marked."""
        return _marked(text, self.spans(text, language), 0, len(text))


def _roots(texts: Iterable[str]) -> tuple[str, ...]:
    """What every token that matches begins with: a stemmer may change the last two letters ("happi", "tri")."""
    roots: list[str] = []
    for text in sorted(text[: max(2, len(text) - 2)] for text in texts):
        if not roots or not text.startswith(roots[-1]):
            roots.append(text)
    return tuple(roots)


def snippet(
    shown: Shown, reading: str, near: Near | None, chain: Chain, marker: Marker, pages: Callable[[str], Pages]
) -> Snippet:
    """The passage with the most words of the question: of the body, else of an attachment, else the summary."""
    best = _best_passage(shown, reading, near, chain)
    if best is not None:
        return Snippet(_excerpt(shown.passages[best], shown.language, marker), "body")
    if shown.attached and (page := _best_page(pages(shown.id), marker, shown.language)):
        return page
    if shown.summary:
        return Snippet(_excerpt(shown.summary, shown.language, marker), "summary")
    first = next(iter(shown.passages), "")
    return Snippet(_excerpt(first, shown.language, marker), "body" if first else "none")


def _best_passage(shown: Shown, reading: str, near: Near | None, chain: Chain) -> int | None:
    if near is not None and near.field == "body":
        return bisect_right(shown.starts, near.position - body_start(reading)) - 1
    words: dict[int, set[int]] = {}
    for word, found in enumerate(chain.body_positions(reading)):
        for position in found:
            words.setdefault(bisect_right(shown.starts, position) - 1, set()).add(word)
    return min(words, key=lambda passage: (-len(words[passage]), passage), default=None)


def _best_page(pages: Pages, marker: Marker, language: str) -> Snippet | None:
    best: tuple[int, str, int, str] | None = None
    left = _MOST_PAGE_TEXT
    for name, texts in pages:
        for number, text in enumerate(texts, start=1):
            left -= len(text)
            if left < 0:
                break
            found = len({token for token in tokens(text) if marker.matches(token, language)})
            if found and (best is None or found > best[0]):
                best = found, name, number, text
    if best is None:
        return None
    _, name, number, text = best
    return Snippet(_excerpt(text, language, marker), "attachment", name, number)


def _excerpt(text: str, language: str, marker: Marker) -> str:
    spans = marker.spans(text, language)
    start, end = _window(text, spans)
    before = "… " if start else ""
    after = " …" if end < len(text) else ""
    return before + _marked(text, spans, start, end) + after


def _window(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if len(text) <= SNIPPET_LENGTH:
        return 0, len(text)
    start = max(0, min(_densest(spans) - _LEAD, len(text) - SNIPPET_LENGTH))
    if start and (space := text.find(" ", start, start + _LEAD)) >= 0:
        start = space + 1
    end = min(len(text), start + SNIPPET_LENGTH)
    if end < len(text) and (space := text.rfind(" ", start + SNIPPET_LENGTH // 2, end)) >= 0:
        end = space
    return start, end


def _densest(spans: Sequence[tuple[int, int]]) -> int:
    """Where the stretch with the most matches begins."""
    best, begin = 0, 0
    low = 0
    for high, (_, end) in enumerate(spans):
        while end - spans[low][0] > SNIPPET_LENGTH - _LEAD and low < high:
            low += 1
        if high - low + 1 > best:
            best, begin = high - low + 1, spans[low][0]
    return begin


def _marked(text: str, spans: Sequence[tuple[int, int]], start: int, end: int) -> str:
    parts = []
    at = start
    for first, last in spans:
        if first < start or last > end:
            continue
        parts += [html.escape(text[at:first]), "<mark>", html.escape(text[first:last]), "</mark>"]
        at = last
    return "".join([*parts, html.escape(text[at:end])])

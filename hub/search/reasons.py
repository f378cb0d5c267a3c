"""Why a hit is where it is, said from the very values it was ordered by."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.search.answers import Reason, Snippet
from hub.search.configuration import Configuration, Rule
from hub.search.documents import Shown
from hub.search.engine import Alternative, Candidate, Word
from hub.search.highlights import Marker
from hub.search.nearness import Chain, Near

_PLACES = {"title": "title", "summary": "summary", "headings": "heading", "body": "text", "tags": "tags"}


class Ranked(NamedTuple):
    """A candidate with what decided its place. `tried` is whether it fits the deal and is under a hold-out; one that is
    held out has no `fits`."""

    candidate: Candidate
    near: Near | None
    fits: tuple[Rule, ...] = ()
    tried: bool = False


def reasons(
    ranked: Ranked,
    words: Sequence[Word],
    chain: Chain,
    snippet: Snippet,
    configuration: Configuration,
    deal: Mapping[str, frozenset[str]],
) -> tuple[Reason, ...]:
    """The most telling first: what fits the deal, where the words stand, how they were read, what it proved."""
    shown = ranked.candidate.shown
    found = [*_fits(ranked, shown, deal)]
    if words:
        found += _text(ranked, words, chain, snippet)
        found += _attachment(snippet)
        found += _readings(words, chain.spelt(ranked.candidate.reading))
    found += _evidence(shown, configuration)
    return tuple(found) or (Reason("listed", "newest and best proven first"),)


def covers(ranked: Ranked, words: Sequence[Word], chain: Chain, snippet: Snippet) -> list[bool]:
    """For each word whether the hit has it, in its own text or in the part of an attachment that is shown."""
    covered = chain.coverage(ranked.candidate.reading)
    if snippet.source == "attachment" and not all(covered):
        text = html.unescape(re.sub("</?mark>", "", snippet.html))
        language = ranked.candidate.shown.language
        covered = [has or bool(Marker([word]).spans(text, language)) for word, has in zip(words, covered, strict=True)]
    return covered


def _fits(ranked: Ranked, shown: Shown, deal: Mapping[str, frozenset[str]]) -> list[Reason]:
    found = []
    for rule in ranked.fits:
        met = [value for value in shown.tags.get(rule.asset, ()) if value in deal.get(rule.deal, ())]
        labels = ", ".join(shown.labels.get(f"{rule.asset}:{value}", value) for value in met)
        found.append(Reason("fits_deal", rule.says.replace("{value}", labels), rule.asset, tuple(met)))
    return found


def _text(ranked: Ranked, words: Sequence[Word], chain: Chain, snippet: Snippet) -> list[Reason]:
    texts = tuple(word.text for word in words)
    if ranked.near is not None:
        place = _PLACES[ranked.near.field]
        if ranked.near.whole and ranked.near.field != "body":
            return [Reason("exact", f"exactly the {place}", ranked.near.field, texts)]
        return [Reason("near", f"{place} matches", ranked.near.field, texts)]
    covered = covers(ranked, words, chain, snippet)
    pairs = [(word.text, has) for word, has in zip(words, covered, strict=True) if word.scores]
    has = tuple(dict.fromkeys(text for text, found in pairs if found))
    missing = tuple(dict.fromkeys(text for text, found in pairs if not found))
    if not has:
        return []
    rest = f", without {', '.join(missing)}" if missing else ""
    return [Reason("words", f"has {', '.join(has)}{rest}", "", has, missing)]


def _attachment(snippet: Snippet) -> list[Reason]:
    if snippet.source != "attachment":
        return []
    says = f"in the attached {snippet.attachment}, page {snippet.page}"
    return [Reason("attachment", says, "attachment", (snippet.attachment,))]


def _readings(words: Sequence[Word], spelt: Sequence[str | None]) -> list[Reason]:
    found = []
    for word, other in zip(words, spelt, strict=True):
        if other is not None and (kind := _kind(word.alternatives, other)):
            found.append(_reading(kind, word.text, other))
    return list(dict.fromkeys(found))


def _kind(alternatives: Sequence[Alternative], other: str) -> str | None:
    return next((one.kind for one in alternatives if " ".join(one.tokens) == other), None)


def _reading(kind: str, word: str, other: str) -> Reason:
    if kind == "synonym":
        return Reason("synonym", f"synonym “{word}” → “{other}”", words=(word, other))
    if kind == "joined":
        return Reason("written", f"“{word}” written as “{other}”", words=(word, other))
    return Reason("spelling", f"“{word}” read as “{other}”", words=(word, other))


def _evidence(shown: Shown, configuration: Configuration) -> list[Reason]:
    if shown.evidence_band < configuration.ranking["evidence"]["said_from"]:
        return []
    return [Reason("evidence", shown.evidence_reason or "proven to help")]

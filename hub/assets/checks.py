"""Checks while writing: what a text still needs, and what it would be better without. Pure: no database, no clock.

A finding holds nothing back; what does is refused where it is done (`approval.submit` and broken links). `serious`
findings are those that reviewers would send a text back for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.errors import Fault

SHORTEST_SUMMARY = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What a company asks of its texts: words from and to by kind, words to avoid with what to say instead, and
    phrases of the templates that must not stay."""

    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    avoid: Sequence[tuple[str, str]] = ()
    leftovers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What is looked at. `authors` by team; `words` as the renderer counts them; `broken_links` are slugs that no
    asset has; `refused` is what could not be understood, by field."""

    title: str = ""
    summary: str = ""
    body: str = ""
    kind: str = "note"
    personas: Sequence[str] = ()
    stages: Sequence[str] = ()
    authors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    review_by: date | None = None
    expires_on: date | None = None
    words: int = 0
    broken_links: Sequence[str] = ()
    refused: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """`field` is the name of the form's field it is about; `line` counts from 1 in the body."""

    code: str
    field: str
    message: str
    serious: bool = False
    line: int | None = None


def check(written: Written, rules: Rules, *, today: date) -> list[Finding]:
    """All that is to say, serious ones first, else in the order of the form."""
    found = [
        *_refused(written),
        *_empty(written),
        *_tags(written),
        *_authors(written),
        *_dates(written, today),
        *_links(written),
        *_leftovers(written, rules),
        *_words_to_avoid(written, rules),
        *_length(written, rules),
    ]
    return sorted(found, key=lambda one: not one.serious)


def _refused(written: Written) -> list[Finding]:
    return [
        Finding(
            "not_understood", str(fault.loc[1]) if len(fault.loc) > 1 else "", _sentence(fault.message), serious=True
        )
        for fault in written.refused
    ]


def _empty(written: Written) -> list[Finding]:
    found = []
    if not written.title.strip():
        found.append(Finding("no_title", "title", "It has no title yet.", serious=True))
    if len(written.summary.strip()) < SHORTEST_SUMMARY:
        said = "Say in one or two sentences what it is and when to use it: reps read this in the result list."
        found.append(Finding("no_summary", "summary", said))
    if not written.words:
        found.append(Finding("no_text", "body", "There is no text yet.", serious=True))
    return found


def _tags(written: Written) -> list[Finding]:
    refused = {str(fault.loc[1]) for fault in written.refused if len(fault.loc) > 1}
    found = []
    if not written.personas and "personas" not in refused:
        found.append(Finding("no_persona", "personas", "No persona: search cannot tell whom it is for."))
    if not written.stages and "stages" not in refused:
        found.append(Finding("no_stage", "stages", "No stage: search cannot tell when it fits."))
    return found


def _authors(written: Written) -> list[Finding]:
    missing = [team for team in ("marketing", "sales") if not written.authors.get(team)]
    return [
        Finding("no_author", team, f"Nobody of {team} is an author. Invite somebody: both teams have to sign it.")
        for team in missing
    ]


def _dates(written: Written, today: date) -> list[Finding]:
    found = []
    if written.expires_on is not None and written.expires_on < today:
        said = "The last day it may be used has passed: nobody would find it."
        found.append(Finding("expired", "expires_on", said, serious=True))
    if written.review_by is None:
        found.append(Finding("no_review_date", "review_by", "No review date: nobody is reminded to read it again."))
    elif written.review_by < today:
        found.append(Finding("review_overdue", "review_by", "The review date has passed."))
    elif written.expires_on is not None and today <= written.expires_on < written.review_by:
        found.append(Finding("review_after_expiry", "review_by", "It would be read again only after it expires."))
    return found


def _links(written: Written) -> list[Finding]:
    return [
        Finding("broken_link", "body", f"There is no asset {slug}.", serious=True, line=_line_of(written.body, slug))
        for slug in written.broken_links
    ]


def _leftovers(written: Written, rules: Rules) -> list[Finding]:
    return [
        Finding("template", "body", f"“{phrase}” is the template’s. Take it out.", serious=True, line=line)
        for phrase in rules.leftovers
        if (line := _line_of(written.body, phrase)) is not None
    ]


def _words_to_avoid(written: Written, rules: Rules) -> list[Finding]:
    found = []
    for word, instead in rules.avoid:
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        for name in ("title", "summary", "body"):
            if match := pattern.search(getattr(written, name)):
                line = written.body.count("\n", 0, match.start()) + 1 if name == "body" else None
                found.append(Finding("word_to_avoid", name, f"“{match[0]}”: {instead}", line=line))
    return found


def _length(written: Written, rules: Rules) -> list[Finding]:
    least, most = rules.lengths.get(written.kind, (0, 0))
    if not written.words or not most:
        return []
    counted = f"{written.words} {'word' if written.words == 1 else 'words'}; {least} to {most} work best for this kind."
    if written.words > most:
        return [Finding("too_long", "body", f"It is long: {counted}")]
    return [Finding("too_short", "body", f"It is short: {counted}")] if written.words < least else []


def _line_of(body: str, wanted: str) -> int | None:
    place = body.casefold().find(wanted.casefold())
    return None if place < 0 else body.count("\n", 0, place) + 1


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")

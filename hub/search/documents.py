"""The document both engines hold: one live asset, or one draft, as search sees it.

`Document` is what callers hand in. Its reading (`Texts.read`) is its text as tokens in one string, kept beside it in
both engines: the planner reads from it where words stand, so that both engines are ordered by the same code.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Any, NamedTuple

from hub.search.analysis import stems, tokens

EVERYONE = "everyone"
REVIEWERS = "reviewers"
NO_DATE = date.max.toordinal()  # an asset without a date never expires and never needs review

FIELDS = ("title", "summary", "headings", "body", "tags")  # of a reading, best first
GAP = 8  # positions between two parts: as far as two words can be apart
LONGEST_READING = 8_000  # tokens; what stands deeper in a text is found and counted, but no place for "near"


def person(identity: str | int) -> str:
    """The name under which one person stands in `Document.visible_to` and in a viewer's groups."""
    return f"person:{identity}"


@dataclass(frozen=True, slots=True)
class Tag:
    """One term of a vocabulary: `field` persona, `value` cfo, `label` "Chief Financial Officer", and what else
    people call it."""

    field: str
    value: str
    label: str = ""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the asset with its text by page (one page when the format has none)."""

    name: str
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """`passages` are the body's paragraphs in order, without headings. `visible_to` names who may find it:
    `EVERYONE` for what is live; `person(…)` and `REVIEWERS` for a draft. `evidence_band` is 0-4,
    `evidence_reason` what the bands say in words ("proven to help in Decision")."""

    id: str
    slug: str
    title: str
    updated_at: datetime
    summary: str = ""
    headings: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[Tag, ...] = ()
    external_id: str | None = None
    kind: str = "note"
    language: str = "en"
    status: str = "published"
    audience: str = "internal"
    visible_to: tuple[str, ...] = (EVERYONE,)
    review_by: date | None = None
    expires_on: date | None = None
    evidence_band: int = 0
    evidence: float = 0.0
    evidence_reason: str = ""

    def values(self, name: str) -> list[str]:
        """What the document has in the facet `name`."""
        if name in _OWN_FACETS:
            return [getattr(self, name)]
        return list(dict.fromkeys(tag.value for tag in self.tags if tag.field == name))

    def fingerprint(self) -> str:
        """The same for the same content; what tells an index that is behind from one that is equal."""
        content = json.dumps(self.as_record(), sort_keys=True, ensure_ascii=True)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def as_record(self) -> dict[str, Any]:
        """The document as JSON can hold it."""
        dates = {"updated_at": self.updated_at.isoformat()}
        dates |= {name: when.isoformat() for name in _DATES if (when := getattr(self, name))}
        return asdict(self) | dates

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Document":
        """The inverse of `as_record`, also after a trip through JSON."""
        given = dict(record)
        for name in ("headings", "passages", "visible_to"):
            given[name] = tuple(given[name])
        given["attachments"] = tuple(Attachment(one["name"], tuple(one["pages"])) for one in given["attachments"])
        given["tags"] = tuple(Tag(**(one | {"synonyms": tuple(one["synonyms"])})) for one in given["tags"])
        given["updated_at"] = datetime.fromisoformat(given["updated_at"])
        given |= {name: date.fromisoformat(given[name]) for name in _DATES if given[name]}
        return cls(**given)

    def updated(self) -> int:
        """Seconds since 1970, UTC."""
        moment = self.updated_at if self.updated_at.tzinfo else self.updated_at.replace(tzinfo=UTC)
        return int(moment.timestamp())


_DATES = ("review_by", "expires_on")
_OWN_FACETS = frozenset({"kind", "language", "status", "audience"})


def day(moment: date | None) -> int:
    """A date as both engines hold it: its ordinal day, or `NO_DATE`."""
    return NO_DATE if moment is None else moment.toordinal()


def tag_texts(document: Document) -> list[str]:
    """What the tags and the kind add to the text: labels (or values) and synonyms."""
    named = [text for tag in document.tags for text in (tag.label or tag.value, *tag.synonyms)]
    return [document.kind.replace("_", " "), *named]


class Texts(NamedTuple):
    """A document's tokens by field and part, in the order of `FIELDS`."""

    fields: tuple[tuple[list[str], ...], ...]

    @classmethod
    def of(cls, document: Document) -> "Texts":
        return cls(
            (
                (tokens(document.title),),
                (tokens(document.summary),),
                tuple(tokens(heading) for heading in document.headings),
                tuple(tokens(passage) for passage in document.passages),
                tuple(tokens(text) for text in tag_texts(document)),
            )
        )

    def stemmed(self, language: str) -> "Texts":
        return Texts(tuple(tuple(stems(part, language) for part in parts) for parts in self.fields))

    def read(self, stemmed: "Texts") -> str:
        """The reading. A token is a space, the word, a bar and its stem (` prices|price`). Parts begin after two
        spaces, are `GAP` of them apart, and fields end with a line feed. So ` prices|` finds a word, ` pric` a
        beginning and `|price ` a stem; counting spaces up to a match gives its position, counting line feeds its
        field."""
        lines = []
        for name, parts, stems_of_parts in zip(FIELDS, self.fields, stemmed.fields, strict=True):
            pairs = [list(zip(*both, strict=True)) for both in zip(parts, stems_of_parts, strict=True)]
            if name == "body":
                pairs = [[pair for part in pairs for pair in part][:LONGEST_READING]]
            lines.append(" " + "".join(_spaced(part) for part in pairs if part))
        return "\n".join(lines)

    def flat(self, name: str) -> str:
        """All tokens of one field, for an engine that takes tokens between spaces."""
        return " ".join(word for part in self.fields[FIELDS.index(name)] for word in part)


def _spaced(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f" {word}|{stem}" for word, stem in pairs) + " " * GAP


def passage_starts(passages: Sequence[list[str]]) -> list[int]:
    """For each passage, how many tokens of the body stand before it."""
    return list(accumulate((len(part) for part in passages), initial=0))[:-1]


@dataclass(slots=True)  # not frozen: made for every hit, and that would double what making one costs
class Shown:
    """What a hit shows of its document; `passages` begin at the body tokens `starts`."""

    id: str
    slug: str
    title: str
    summary: str
    kind: str
    language: str
    status: str
    audience: str
    external_id: str | None
    tags: dict[str, list[str]]
    labels: dict[str, str]
    headings: list[str]
    passages: list[str]
    starts: list[int]
    updated: int
    review_by: int
    expires_on: int
    evidence_band: int
    evidence: float
    evidence_reason: str
    fingerprint: str
    attached: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, document: Document, texts: Texts) -> "Shown":
        tags: dict[str, list[str]] = {}
        for tag in document.tags:
            tags.setdefault(tag.field, []).append(tag.value)
        return cls(
            id=document.id,
            slug=document.slug,
            title=document.title,
            summary=document.summary,
            kind=document.kind,
            language=document.language,
            status=document.status,
            audience=document.audience,
            external_id=document.external_id,
            tags=tags,
            labels={f"{tag.field}:{tag.value}": tag.label or tag.value for tag in document.tags},
            headings=list(document.headings),
            passages=list(document.passages),
            starts=passage_starts(texts.fields[FIELDS.index("body")]),
            updated=document.updated(),
            review_by=day(document.review_by),
            expires_on=day(document.expires_on),
            evidence_band=document.evidence_band,
            evidence=document.evidence,
            evidence_reason=document.evidence_reason,
            fingerprint=document.fingerprint(),
            attached=[attachment.name for attachment in document.attachments],
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

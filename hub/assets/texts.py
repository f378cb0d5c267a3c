"""The signed part of a version as one value: what the content hash covers, and nothing else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from hub.assets.models import Audience, Kind, Version, VersionAttachment, VersionTag
from hub.taxonomy.models import Term

# The vocabularies that have a field of their own in files and answers; further ones stand under `tags`.
TAG_FIELDS = ("personas", "stages", "products", "industries", "competitors", "regions")


@dataclass(frozen=True, slots=True)
class AttachedFile:
    digest: str
    name: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """`tags` by vocabulary, in the author's order, as term ids with their present keys."""

    title: str
    summary: str = ""
    body: str = ""
    kind: str = Kind.NOTE
    language: str = "en"
    audience: str = Audience.INTERNAL
    tags: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    attachments: tuple[AttachedFile, ...] = ()

    def tag_keys(self) -> dict[str, list[str]]:
        return {vocabulary: [key for _, key in terms] for vocabulary, terms in sorted(self.tags.items()) if terms}

    def term_ids(self) -> set[int]:
        return {term_id for terms in self.tags.values() for term_id, _ in terms}

    def says_the_same(self, other: "Text") -> bool:
        """Equal in everything that is signed. Tags are compared by term, so a renamed term is no change."""
        return self._essence() == other._essence()

    def _essence(self) -> tuple[Any, ...]:
        files = [(file.digest, file.name) for file in self.attachments]
        plain = (self.title, self.summary, self.body, self.kind, self.language, self.audience)
        return (*plain, self.term_ids(), files)


def tags_of(terms: Mapping[str, Sequence[Term]]) -> dict[str, list[tuple[int, str]]]:
    """Terms as `Text.tags` keeps them."""
    return {name: [(term.id or 0, term.key) for term in given] for name, given in terms.items() if given}


def content_hash(text: Text) -> str:
    """SHA-256 over a canonical JSON of title, summary, body, kind, language, audience, tags and attachments.

    The order of tags does not matter; that of attachments does, as readers see it.
    """
    essence = {
        "title": text.title,
        "summary": text.summary,
        "body": text.body,
        "kind": text.kind,
        "language": text.language,
        "audience": text.audience,
        "tags": {vocabulary: sorted(keys) for vocabulary, keys in text.tag_keys().items()},
        "attachments": [[file.digest, file.name] for file in text.attachments],
    }
    canonical = json.dumps(essence, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def texts_of(session: Session, versions: Sequence[Version]) -> dict[int, Text]:
    """The texts of versions by version id, with their tags as the terms are called today. Two queries in all."""
    ids = [version.id for version in versions if version.id is not None]
    tags = current_tags(session, ids)
    files: dict[int, list[AttachedFile]] = {}
    rows = (
        select(VersionAttachment)
        .where(col(VersionAttachment.version_id).in_(ids))
        .order_by(col(VersionAttachment.version_id), col(VersionAttachment.position))
    )
    for row in session.exec(rows):
        files.setdefault(row.version_id, []).append(AttachedFile(row.digest, row.name, row.path))
    return {
        version.id: Text(
            title=version.title,
            summary=version.summary,
            body=version.body,
            kind=version.kind,
            language=version.language,
            audience=version.audience,
            tags=tags.get(version.id, {}),
            attachments=tuple(files.get(version.id, ())),
        )
        for version in versions
        if version.id is not None
    }


def text_of(session: Session, version: Version) -> Text:
    return texts_of(session, [version])[version.id or 0]


def current_tags(session: Session, version_ids: Sequence[int]) -> dict[int, dict[str, list[tuple[int, str]]]]:
    """Tags by version id and vocabulary, in the order of the vocabulary."""
    query = (
        select(VersionTag.version_id, Term.vocabulary, Term.id, Term.key)
        .join(Term, col(Term.id) == VersionTag.term_id)
        .where(col(VersionTag.version_id).in_(version_ids))
        .order_by(col(Term.vocabulary), col(Term.position), col(Term.key))
    )
    tags: dict[int, dict[str, list[tuple[int, str]]]] = {}
    for version_id, vocabulary, term_id, key in session.exec(query):
        tags.setdefault(version_id, {}).setdefault(vocabulary, []).append((term_id or 0, key))
    return tags

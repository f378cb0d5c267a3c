"""The library as documents: what the index must hold, read from the database. Nothing else decides what is in it.

An asset gives up to two documents: its live version, for everyone, and a newer draft, for those who may see it.
A retired or expired asset gives none.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from hub.assets import renderings
from hub.assets.models import (
    Asset,
    AssetAuthor,
    AttachmentPage,
    Rendering,
    Status,
    Submission,
    Version,
    VersionAttachment,
    VersionTag,
)
from hub.db import Database, id_of
from hub.insights import reading as insights
from hub.search.documents import EVERYONE, REVIEWERS, Attachment, Document, Tag, person
from hub.taxonomy.models import Term
from hub.taxonomy.vocabulary import singular

BATCH = 200
_DRAFT = ".draft"


def live_id(asset_id: int) -> str:
    return str(asset_id)


def draft_id(asset_id: int) -> str:
    return f"{asset_id}{_DRAFT}"


def ids_of(asset_id: int) -> tuple[str, str]:
    """Every document that an asset can give."""
    return live_id(asset_id), draft_id(asset_id)


def asset_id_of(document_id: str) -> int:
    return int(document_id.removesuffix(_DRAFT))


def all_documents(database: Database) -> Iterator[Document]:
    """Everything that the index must hold, in batches that are each read at one moment; memory stays flat."""
    after = 0
    while True:
        with database.reading() as session:
            ids = session.exec(select(Asset.id).where(col(Asset.id) > after).order_by(col(Asset.id)).limit(BATCH)).all()
            if not ids:
                return
            found = documents_of(session, [asset_id for asset_id in ids if asset_id is not None])
        yield from found
        after = ids[-1] or 0


def how_many(session: Session) -> int:
    """The number of documents that `all_documents` gives, without reading them."""
    counts = [select(func.count()).select_from(Asset).where(rule) for rule in (_is_live(), _has_draft())]
    return sum(session.exec(count).one() for count in counts)


def documents_of(session: Session, asset_ids: Collection[int]) -> list[Document]:
    """The documents of these assets; a handful of queries whatever their number. An id without an asset gives none."""
    live = session.exec(_rows(col(Asset.live_version_id), _is_live(), asset_ids)).all()
    drafts = session.exec(_rows(col(Asset.head_version_id), _has_draft(), asset_ids)).all()
    versions = [id_of(version) for _, version, _ in (*live, *drafts)]
    beside = _Beside(session, versions)
    seen_by = _seen_by(session, [asset for asset, _, _ in drafts])
    in_review = _in_review(session, [id_of(version) for _, version, _ in drafts])
    bands = insights.bands(session, [id_of(asset) for asset, _, _ in live])
    found = []
    for asset, version, text in live:
        band, evidence, reason = bands.get(id_of(asset), (0, 0.0, ""))
        proven = {"evidence_band": band, "evidence": evidence, "evidence_reason": reason}
        found.append(_document(live_id(id_of(asset)), asset, version, text, beside, **proven))
    for asset, version, text in drafts:
        found.append(
            _document(
                draft_id(id_of(asset)),
                asset,
                version,
                text,
                beside,
                status=Status.IN_REVIEW if version.id in in_review else Status.DRAFT,
                visible_to=seen_by[id_of(asset)],
                updated_at=version.created_at,
                review_by=None,
                expires_on=None,
            )
        )
    return found


def _is_live() -> ColumnElement[bool]:
    # Not `states.is_live`: a date that passes changes no row. Expiry is part of every question instead.
    return and_(col(Asset.status) == Status.PUBLISHED, col(Asset.live_version_id).is_not(None))


def _has_draft() -> ColumnElement[bool]:
    newer = or_(col(Asset.live_version_id).is_(None), col(Asset.live_version_id) != col(Asset.head_version_id))
    return and_(col(Asset.status) != Status.RETIRED, col(Asset.head_version_id).is_not(None), newer)


def _rows(version_id: Any, rule: ColumnElement[bool], asset_ids: Collection[int]) -> Any:
    return (
        select(Asset, Version, Rendering)
        .join(Version, col(Version.id) == version_id)
        .outerjoin(Rendering, col(Rendering.version_id) == Version.id)
        .where(col(Asset.id).in_(asset_ids), rule)
        .order_by(col(Asset.id))
    )


class _Beside:
    """What stands in other tables about some versions: their tags and the texts of their attachments."""

    def __init__(self, session: Session, version_ids: Sequence[int]) -> None:
        self.tags: dict[int, list[Tag]] = defaultdict(list)
        tagged = (
            select(VersionTag.version_id, Term)
            .join(Term, col(Term.id) == VersionTag.term_id)
            .where(col(VersionTag.version_id).in_(version_ids))
            .order_by(col(Term.vocabulary), col(Term.position), col(Term.key))
        )
        for version_id, term in session.exec(tagged):
            tag = Tag(singular(term.vocabulary), term.key, term.label, tuple(term.synonyms))
            self.tags[version_id].append(tag)
        pages: dict[tuple[int, int, str], list[str]] = defaultdict(list)
        attached = (
            select(
                VersionAttachment.version_id, VersionAttachment.position, VersionAttachment.name, AttachmentPage.text
            )
            .join(AttachmentPage, col(AttachmentPage.digest) == VersionAttachment.digest)
            .where(col(VersionAttachment.version_id).in_(version_ids))
            .order_by(col(VersionAttachment.version_id), col(VersionAttachment.position), col(AttachmentPage.page))
        )
        for version_id, position, name, text in session.exec(attached):
            pages[version_id, position, name].append(text)
        self.attachments: dict[int, list[Attachment]] = defaultdict(list)
        for (version_id, _, name), texts in pages.items():
            self.attachments[version_id].append(Attachment(name, tuple(texts)))


def _document(
    identity: str, asset: Asset, version: Version, rendering: Rendering | None, beside: _Beside, **instead: Any
) -> Document:
    """`instead` are further fields, or those in which a draft differs from what is live."""
    headings, passages = _text(version, rendering)
    fields: dict[str, Any] = {
        "status": Status.PUBLISHED,
        "updated_at": asset.updated_at,
        "review_by": asset.review_by,
        "expires_on": asset.expires_on,
        "visible_to": (EVERYONE,),
    }
    return Document(
        id=identity,
        slug=asset.slug,
        external_id=asset.external_id,
        title=version.title,
        summary=version.summary,
        headings=headings,
        passages=passages,
        attachments=tuple(beside.attachments[id_of(version)]),
        tags=tuple(beside.tags[id_of(version)]),
        kind=version.kind,
        language=version.language,
        audience=version.audience,
        **{**fields, **instead},
    )


def _text(version: Version, rendering: Rendering | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Headings and passages. A version whose rendering is still to be made (an import leaves that to the worker) is
    read here, so that it can be found already."""
    if rendering is not None:
        headings = tuple(str(heading["text"]) for heading in rendering.headings)
        return headings, tuple(str(passage["text"]) for passage in rendering.passages if passage["text"])
    made = renderings.rendered_or_plain(version.body, path=None, attachments=())
    return (
        tuple(heading.text for heading in made.headings),
        tuple(passage.text for passage in made.passages if passage.text),
    )


def _seen_by(session: Session, assets: Sequence[Asset]) -> dict[int, tuple[str, ...]]:
    """Whom the drafts of these assets are shown: the same people as `assets.policy.drafts_seen_by`."""
    people: dict[int, set[int]] = {id_of(asset): set() for asset in assets}
    for asset in assets:
        people[id_of(asset)] |= {one for one in (asset.created_by, asset.owner_id) if one is not None}
    authors = select(AssetAuthor.asset_id, AssetAuthor.person_id).where(col(AssetAuthor.asset_id).in_(people))
    for asset_id, person_id in session.exec(authors):
        people[asset_id].add(person_id)
    return {asset_id: (REVIEWERS, *(person(one) for one in sorted(ids))) for asset_id, ids in people.items()}


def _in_review(session: Session, version_ids: Sequence[int]) -> set[int]:
    waiting = select(Submission.version_id).where(
        col(Submission.version_id).in_(version_ids), col(Submission.closed_at).is_(None)
    )
    return set(session.exec(waiting))

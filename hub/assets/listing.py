"""Lists of assets: what a person may see, narrowed by filters, page by page. One asset is `library`'s."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, exists, tuple_
from sqlmodel import Session, col, func, or_, select

from hub import paging
from hub.assets import states
from hub.assets.models import Asset, Status, Submission, Version, VersionTag
from hub.assets.policy import drafts_seen_by
from hub.assets.schemas import AssetRow, DraftRef
from hub.assets.texts import TAG_FIELDS, current_tags
from hub.errors import Fault, Invalid
from hub.paging import Page
from hub.people.roles import Actor
from hub.taxonomy import vocabulary

SHOWN_BY_DEFAULT = (Status.PUBLISHED, Status.IN_REVIEW, Status.DRAFT)


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to: any of the values within a field, all of the fields together."""

    status: Sequence[Status] = ()
    kind: Sequence[str] = ()
    language: Sequence[str] = ()
    audience: Sequence[str] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owner: Sequence[int] = ()


def list_assets(
    session: Session, actor: Actor, filters: Filters, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[AssetRow]:
    """What the caller may see, newest change first. The same few statements whatever the number of rows."""
    conditions = _conditions(session, actor, filters)
    shown = func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id))
    total = session.exec(select(func.count()).select_from(Asset).where(*conditions)).one()
    # Ids first: walking the index by date must not drag every text along.
    query = select(Asset.id).where(*conditions)
    if position := paging.position_of(cursor, str, int):
        query = query.where(tuple_(col(Asset.updated_at), col(Asset.id)) < (_moment(position[0]), position[1]))
    newest_first = (col(Asset.updated_at).desc(), col(Asset.id).desc())
    ids = session.exec(query.order_by(*newest_first).limit(limit + 1)).all()
    found = select(Asset, Version).join(Version, col(Version.id) == shown).where(col(Asset.id).in_(ids[:limit]))
    page = session.exec(found.order_by(*newest_first)).all()
    items = _rows(session, actor, page)
    last = page[-1][0] if page else None
    following = paging.cursor_of(last.updated_at.isoformat(), last.id) if last and len(ids) > limit else None
    return Page[AssetRow](items=items, total=total, next=following)


def _conditions(session: Session, actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    live = states.is_live()
    # What was live stays known when it expired or was retired: whoever follows an old link is told so.
    visible = or_(col(Asset.live_version_id).is_not(None), drafts_seen_by(actor))
    conditions = [visible, _status_condition(filters.status or SHOWN_BY_DEFAULT, live)]
    if filters.owner:
        conditions.append(col(Asset.owner_id).in_(filters.owner))
    shown = func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id))
    plain = [
        column.in_(values)
        for column, values in (
            (col(Version.kind), filters.kind),
            (col(Version.language), filters.language),
            (col(Version.audience), filters.audience),
        )
        if values
    ]
    if plain:
        conditions.append(exists().where(col(Version.id) == shown, *plain))
    for terms in vocabulary.resolve(session, filters.tags, loc=("query",)).values():
        if terms:
            ids = [term.id for term in terms]
            conditions.append(exists().where(col(VersionTag.version_id) == shown, col(VersionTag.term_id).in_(ids)))
    return conditions


def _status_condition(wanted: Sequence[Status], live: ColumnElement[bool]) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    for status in wanted:
        if status == Status.PUBLISHED:
            parts.append(live)
        elif status == Status.EXPIRED:
            parts.append(col(Asset.status).in_([Status.PUBLISHED, Status.EXPIRED]) & ~live)
        else:
            parts.append(col(Asset.status) == status)
    return or_(*parts)


def _rows(session: Session, actor: Actor, page: Sequence[tuple[Asset, Version]]) -> list[AssetRow]:
    tags = current_tags(session, [version.id for _, version in page if version.id is not None])
    drafts_of = _drafts(session, actor, [asset for asset, _ in page])
    return [
        _row(asset, version, tags.get(version.id or 0, {}), drafts_of.get(asset.id or 0)) for asset, version in page
    ]


def _row(
    asset: Asset, version: Version, tags: Mapping[str, Sequence[tuple[int, str]]], draft: DraftRef | None
) -> AssetRow:
    return AssetRow(
        slug=asset.slug,
        external_id=asset.external_id,
        title=version.title,
        kind=version.kind,
        summary=version.summary,
        status=states.shown_status(asset.status, asset.expires_on),
        version=version.number,
        draft=draft,
        **{name: [key for _, key in tags.get(name, ())] for name in TAG_FIELDS},
        language=version.language,
        audience=version.audience,
        review_by=asset.review_by,
        expires_on=asset.expires_on,
        fresh=states.is_fresh(asset.review_by),
        updated_at=asset.updated_at,
    )


def _drafts(session: Session, actor: Actor, assets: Sequence[Asset]) -> dict[int, DraftRef]:
    """Open drafts behind live versions, of assets whose drafts the caller may see."""
    waiting = [asset.id for asset in assets if asset.head_version_id != asset.live_version_id]
    if not waiting:
        return {}
    in_review = exists().where(col(Submission.version_id) == Version.id, col(Submission.closed_at).is_(None))
    query = (
        select(Asset.id, Version.number, Version.content_hash, in_review)
        .join(Version, col(Version.id) == Asset.head_version_id)
        .where(col(Asset.id).in_(waiting), drafts_seen_by(actor))
    )
    return {
        asset_id or 0: DraftRef(
            version=number, content_hash=digest, status=Status.IN_REVIEW if reviewing else Status.DRAFT
        )
        for asset_id, number, digest, reviewing in session.exec(query)
    }


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        fault = Fault(("query", "cursor"), "this cursor is not one that this list gave out")
        raise Invalid("The cursor cannot be read.", errors=[fault]) from None

"""Reading uses: lists by asset, deal and person, and how a use is shown. Nothing here writes.

Both teams see what was used on deals, and everybody their own. Nothing is summed up by person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, func, or_, select

from hub.assets.models import Asset, Version
from hub.deals.history import current_entries
from hub.deals.models import Deal
from hub.deals.schemas import PersonOut
from hub.errors import Fault, Invalid
from hub.paging import Page, cursor_of, position_of
from hub.people.models import Person
from hub.people.roles import Actor, Deed, require
from hub.taxonomy.models import Term
from hub.usage import reading
from hub.usage.known import KnownAssets
from hub.usage.models import FROM_MEMORY, Action, Use
from hub.usage.schemas import AssetRef, DealRef, StageRef, UseOut
from hub.usage.stages import stage_at
from hub.usage.timing import days, recalled

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Filters:
    """`asset` a slug or external id; `deal` an external id, alone or behind its source and a slash; `person` an id.
    Without any of them: one's own uses."""

    asset: str | None = None
    deal: str | None = None
    person: int | None = None
    taken_back: bool = False


def list_uses(session: Session, actor: Actor, filters: Filters, *, limit: int, cursor: str | None) -> Page[UseOut]:
    """Newest first. Raises NotAllowed, Invalid for an asset that is not there."""
    require(actor, Deed.READ_USES, own=True)
    conditions = _conditions(session, actor, filters)
    query = select(Use).where(*conditions).order_by(col(Use.occurred_at).desc(), col(Use.id).desc())
    if position := position_of(cursor, int, int):
        moment, number = position
        query = query.where(tuple_(col(Use.occurred_at), col(Use.id)) < tuple_(moment_of(moment), number))
    found = list(session.exec(query.limit(limit + 1)))
    total = session.exec(select(func.count()).select_from(Use).where(*conditions)).one()
    page = found[:limit]
    following = None
    if len(found) > limit:
        following = cursor_of(microseconds_of(page[-1].occurred_at), page[-1].id)
    return Page(items=shown(session, page), total=total, next=following)


def shown(session: Session, found: Sequence[Use]) -> list[UseOut]:
    """Uses as callers see them: so many queries, however many uses."""
    deals = deals_by_id(session, (use.deal_id for use in found))
    assets = assets_by_id(session, (use.asset_id for use in found))
    people = people_by_id(session, (use.person_id for use in found))
    versions = _rows(session, Version, (use.version_id for use in found))
    entries = current_entries(session, list(deals)) if deals else {}
    stages = [
        stage_at(entries[use.deal_id].values(), use.occurred_at) if use.deal_id in entries else None for use in found
    ]
    terms = stages_by_id(session, stages)
    marks = are_recalled(session, found)
    return [
        UseOut(
            id=use.external_id,
            number=use.id or 0,
            asset=assets[use.asset_id],
            version=versions[use.version_id].number if use.version_id is not None else None,
            deal=deals[use.deal_id] if use.deal_id is not None else _awaited(use),
            stage=terms[stage] if stage is not None else None,
            person=people[use.person_id] if use.person_id is not None else None,
            action=Action(use.action),
            channel=use.channel,
            occurred_at=use.occurred_at,
            said_at=use.said_at,
            arrived_at=use.arrived_at,
            recalled=mark,
            taken_back_at=use.taken_back_at,
        )
        for use, stage, mark in zip(found, stages, marks, strict=True)
    ]


def are_recalled(session: Session, found: Sequence[Use]) -> list[bool]:
    """For each use by the rule of `timing`, as its deal is known now."""
    closes = reading.closes_of(session, {use.deal_id for use in found if use.deal_id is not None})
    deal_ids = np.array([use.deal_id or -1 for use in found], dtype=np.int64)
    marks: list[bool] = recalled(
        np.array([days(use.occurred_at) for use in found]),
        np.array([days(use.recorded_at) for use in found]),
        np.array([days(use.deal_named_at) for use in found]),
        np.array([use.channel in FROM_MEMORY for use in found]),
        closes.of(deal_ids),
    ).tolist()
    return marks


def assets_by_id(session: Session, ids: Iterable[int]) -> dict[int, AssetRef]:
    """With the title of the live version, or of the newest where none is live."""
    wanted = set(ids)
    shown_version = func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id))
    query = select(Asset.id, Asset.slug, Asset.external_id, Version.title)
    rows = session.exec(query.join(Version, col(Version.id) == shown_version).where(col(Asset.id).in_(wanted)))
    return {row[0] or 0: AssetRef(slug=row[1], external_id=row[2], title=row[3]) for row in rows}


def deals_by_id(session: Session, ids: Iterable[int | None]) -> dict[int, DealRef]:
    query = select(Deal.id, Deal.source, Deal.external_id, Deal.name).where(col(Deal.id).in_(_given(ids)))
    return {
        row[0] or 0: DealRef(source=row[1], external_id=row[2], name=row[3], known=True) for row in session.exec(query)
    }


def stages_by_id(session: Session, ids: Iterable[int | None]) -> dict[int, StageRef]:
    return {it: StageRef(key=term.key, label=term.label) for it, term in _rows(session, Term, ids).items()}


def people_by_id(session: Session, ids: Iterable[int | None]) -> dict[int, PersonOut]:
    return {it: PersonOut(id=it, name=person.name) for it, person in _rows(session, Person, ids).items()}


def _conditions(session: Session, actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    taken_back = col(Use.taken_back_at)
    conditions: list[ColumnElement[bool]] = [taken_back.is_not(None) if filters.taken_back else taken_back.is_(None)]
    own = col(Use.person_id) == actor.id
    if filters == Filters(taken_back=filters.taken_back) or filters.person == actor.id:
        conditions.append(own)
    else:
        conditions.append(or_(own, col(Use.deal_id).is_not(None)))
        if filters.person is not None:
            conditions.append(col(Use.person_id) == filters.person)
    if filters.asset is not None:
        conditions.append(col(Use.asset_id) == _asset_id(session, actor, filters.asset))
    if filters.deal is not None:
        conditions.append(_on_deal(filters.deal))
    return conditions


def _asset_id(session: Session, actor: Actor, name: str) -> int:
    known = KnownAssets(actor)
    known.learn(session, [name])
    if (asset := known.get(name)) is None:
        fault = Fault(("query", "asset"), known.refusal(session, name))
        raise Invalid(f"The uses cannot be listed: {fault.message}.", errors=[fault])
    return asset.id


def _on_deal(written: str) -> ColumnElement[bool]:
    """The part before a slash may be a source, or the beginning of an id that has a slash in it."""
    source, slash, external_id = written.partition("/")
    known, awaited = col(Deal.external_id) == written, col(Use.deal_ref) == written
    if slash:
        known = or_(known, (col(Deal.external_id) == external_id) & (col(Deal.source) == source))
        awaited = or_(awaited, (col(Use.deal_ref) == external_id) & (col(Use.deal_source) == source))
    return or_(col(Use.deal_id).in_(select(Deal.id).where(known)), awaited)


def _awaited(use: Use) -> DealRef | None:
    if use.deal_ref is None or use.deal_source is None:
        return None
    return DealRef(source=use.deal_source, external_id=use.deal_ref, name="", known=False)


def _rows(session: Session, table: Any, ids: Iterable[int | None]) -> dict[int, Any]:
    wanted = _given(ids)
    found = session.exec(select(table).where(col(table.id).in_(wanted))) if wanted else ()
    return {row.id: row for row in found}


def _given(ids: Iterable[int | None]) -> set[int]:
    return {it for it in ids if it is not None}


def microseconds_of(moment: datetime) -> int:
    """Since 1970: how a moment stands in a cursor."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(microseconds: int) -> datetime:
    """Raises Invalid for a cursor that names no moment."""
    try:
        return _EPOCH + microseconds * _MICROSECOND
    except OverflowError:
        fault = Fault(("query", "cursor"), "this cursor is not one that this list gave out; start without a cursor")
        raise Invalid("The cursor cannot be read.", errors=[fault]) from None

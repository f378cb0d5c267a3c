"""Briefs as readers see them, with what was hoped and what came. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from hub import clock
from hub.assets.models import Publication, Version
from hub.db import id_of
from hub.deals.money import units
from hub.errors import NotFound
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.planning import evidence, words
from hub.planning.briefs import state_of
from hub.planning.models import Brief, BriefState, Request
from hub.planning.schemas import BriefOut, Hoped, Range
from hub.planning.worth import SuggestionKind


@dataclass(frozen=True)
class Filters:
    """`running` leaves out what was dropped or has ended; `mine` are those of which the caller is an author."""

    running: bool = False
    mine: bool = False


def list_briefs(session: Session, actor: Actor, filters: Filters, *, limit: int, cursor: str | None) -> Page[BriefOut]:
    """Newest first. The same few statements whatever the number of rows."""
    require(actor, Deed.READ_PLAN)
    conditions: list[ColumnElement[bool]] = []
    if filters.running:
        conditions.append(col(Brief.ended_at).is_(None))
    if filters.mine:
        conditions.append(or_(col(Brief.marketing_author_id) == actor.id, col(Brief.sales_author_id) == actor.id))
    total = session.exec(select(func.count()).select_from(Brief).where(*conditions)).one()
    query = select(Brief).where(*conditions)
    if position := position_of(cursor, int):
        query = query.where(col(Brief.id) < position[0])
    found = session.exec(query.order_by(col(Brief.id).desc()).limit(limit + 1)).all()
    page = found[:limit]
    following = cursor_of(id_of(page[-1])) if len(found) > limit else None
    return Page[BriefOut](items=shown(session, page), total=total, next=following)


def read_brief(session: Session, actor: Actor, brief_id: int) -> BriefOut:
    """Raises NotAllowed, NotFound."""
    require(actor, Deed.READ_PLAN)
    brief = session.get(Brief, brief_id)
    if brief is None:
        raise NotFound(f"There is no brief {brief_id}.")
    return shown(session, [brief])[0]


def states_of(session: Session, briefs: Sequence[Brief]) -> list[BriefState]:
    asset_ids = [it.result_id for it in briefs]
    assets, reviewed = words.assets_of(session, asset_ids), words.in_review(session, asset_ids)
    return [state_of(it, assets.get(it.result_id or 0), in_review=it.result_id in reviewed) for it in briefs]


def shown(session: Session, briefs: Sequence[Brief]) -> list[BriefOut]:
    asset_ids = [it.result_id for it in briefs]
    assets = words.assets_of(session, asset_ids)
    reviewed = words.in_review(session, asset_ids)
    people = words.people_of(
        session, [who for it in briefs for who in (it.marketing_author_id, it.sales_author_id, it.made_by)]
    )
    keys = words.keys_of(session, [term_id for it in briefs for term_id in (it.persona_id, it.stage_id)])
    requests = _requests(session, briefs)
    published = _published(session, briefs)
    came = evidence.came(session, [it for it in asset_ids if it is not None])
    today = clock.today()

    def one(brief: Brief) -> BriefOut:
        asset = assets.get(brief.result_id or 0)
        state = state_of(brief, asset, in_review=brief.result_id in reviewed)
        ended = state in (BriefState.LIVE, BriefState.DROPPED)
        writes = brief.kind in (SuggestionKind.WRITE, SuggestionKind.FIX)
        since = [at for number, at in published.get(brief.result_id or 0, []) if number > brief.base_number]
        return BriefOut(
            id=id_of(brief),
            state=state,
            kind=SuggestionKind(brief.kind),
            title=brief.title,
            angle=brief.angle,
            suggestion=brief.suggestion,
            persona=keys.get(brief.persona_id or 0),
            stage=keys.get(brief.stage_id or 0),
            marketing_author=people[brief.marketing_author_id],
            sales_author=people[brief.sales_author_id],
            due_on=brief.due_on,
            overdue=not ended and brief.due_on is not None and brief.due_on < today,
            made_at=brief.made_at,
            made_by=people[brief.made_by],
            asset=asset.ref if asset else None,
            live_since=min(since, default=None) if writes and state == BriefState.LIVE else None,
            requests=requests.get(id_of(brief), []),
            hoped=_hoped(brief),
            came=came.get(brief.result_id or 0) if state == BriefState.LIVE else None,
            dropped_at=brief.ended_at if state == BriefState.DROPPED else None,
            drop_reason=brief.drop_reason,
        )

    return [one(brief) for brief in briefs]


def _hoped(brief: Brief) -> Hoped | None:
    if brief.hoped is None or brief.effort is None:
        return None
    low, value, high = (units(amount) or 0.0 for amount in (brief.hoped_low, brief.hoped, brief.hoped_high))
    return Hoped(
        value=value, range=Range(low=low, high=high), currency=brief.currency, effort=brief.effort, reason=brief.reason
    )


def _requests(session: Session, briefs: Sequence[Brief]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    query = select(Request.brief_id, Request.id).where(col(Request.brief_id).in_([it.id for it in briefs]))
    for brief_id, request_id in session.exec(query.order_by(col(Request.id))):
        found.setdefault(brief_id or 0, []).append(request_id or 0)
    return found


def _published(session: Session, briefs: Sequence[Brief]) -> dict[int, list[tuple[int, datetime]]]:
    """When which version of an asset went live."""
    found: dict[int, list[tuple[int, datetime]]] = {}
    query = select(Publication.asset_id, Version.number, Publication.published_at)
    query = query.join(Version, col(Version.id) == Publication.version_id)
    wanted = {it.result_id for it in briefs} - {None}
    for asset_id, number, at in session.exec(query.where(col(Publication.asset_id).in_(wanted))):
        found.setdefault(asset_id, []).append((number, at))
    return found

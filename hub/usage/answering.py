"""The questions that the owners of deals are asked, and their answers. An answer's assets become uses like any other:
from memory, within the stage, and recalled when the deal had closed before the answer.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from hub import clock
from hub.deals.models import Deal
from hub.errors import Fault, Invalid, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, may, require
from hub.usage import listing, reading
from hub.usage.known import KnownAsset, KnownAssets
from hub.usage.models import ASKED, Action, StageQuestion, Use
from hub.usage.schemas import LikelyAsset, QuestionState, StageQuestionOut
from hub.usage.timing import Flags, Floats, days, recalled

# What an owner says was used in a stage went to the buyer; how exactly is not asked.
ACTION = Action.SHARED
_DAY = timedelta(days=1)


def list_questions(
    session: Session, actor: Actor, *, state: QuestionState, limit: int, cursor: str | None
) -> Page[StageQuestionOut]:
    """Those asked of the caller or about deals that are theirs now, newest first. Raises NotAllowed."""
    require(actor, Deed.ANSWER_STAGE_QUESTION, own=True)
    conditions: list[ColumnElement[bool]] = [_is_theirs(actor)]
    if state != "all":
        answered = col(StageQuestion.answered_at)
        conditions.append(answered.is_(None) if state == "open" else answered.is_not(None))
    query = select(StageQuestion).where(*conditions)
    if position := position_of(cursor, int):
        query = query.where(col(StageQuestion.id) < position[0])
    found = list(session.exec(query.order_by(col(StageQuestion.id).desc()).limit(limit + 1)))
    total = session.exec(select(func.count()).select_from(StageQuestion).where(*conditions)).one()
    page = found[:limit]
    return Page(items=_shown(session, page), total=total, next=cursor_of(page[-1].id) if len(found) > limit else None)


def answer(
    session: Session, actor: Actor, question_id: int, *, used: Sequence[str], none_used: bool
) -> StageQuestionOut:
    """Say what was used in the stage, all of it; what an earlier answer said besides is taken back. The same answer
    again changes nothing. Raises NotFound, NotAllowed, Invalid for an asset that is not there."""
    question = _find(session, actor, question_id, lock=True)
    assets = _assets(session, actor, used)
    changed = _make_equal(session, actor, question, assets)
    if changed or question.answered_at is None or question.none_used != none_used:
        question.answered_at, question.answered_by, question.none_used = clock.now(), actor.id, none_used
        record(
            session,
            EventName.STAGE_QUESTION_ANSWERED,
            actor_id=actor.id,
            subject=("stage_question", question.id, str(question.id)),
            deals=[question.deal_id],
            assets=sorted(assets),
        )
    session.flush()
    return _shown(session, [question])[0]


def read_question(session: Session, actor: Actor, question_id: int) -> StageQuestionOut:
    """Raises NotFound, NotAllowed."""
    return _shown(session, [_find(session, actor, question_id)])[0]


def _find(session: Session, actor: Actor, question_id: int, *, lock: bool = False) -> StageQuestion:
    question = session.get(StageQuestion, question_id, with_for_update=lock or None)
    own = question is not None and _is_own(session, actor, question)
    if question is None or not (own or may(actor, Deed.ANSWER_STAGE_QUESTION)):
        raise NotFound(f"There is no question {question_id} for you.")
    require(actor, Deed.ANSWER_STAGE_QUESTION, own=own)
    return question


def _is_theirs(actor: Actor) -> ColumnElement[bool]:
    mine = select(Deal.id).where(Deal.owner_id == actor.id)
    return or_(col(StageQuestion.person_id) == actor.id, col(StageQuestion.deal_id).in_(mine))


def _is_own(session: Session, actor: Actor, question: StageQuestion) -> bool:
    deal = session.get_one(Deal, question.deal_id)
    return actor.id is not None and actor.id in (question.person_id, deal.owner_id)


def _assets(session: Session, actor: Actor, names: Sequence[str]) -> dict[int, KnownAsset]:
    known = KnownAssets(actor)
    known.learn(session, names)
    faults = [
        Fault(("body", "used", place), known.refusal(session, name))
        for place, name in enumerate(names)
        if known.get(name) is None
    ]
    if faults:
        raise Invalid(f"The answer cannot be used: {faults[0].message}.", errors=faults)
    return {asset.id: asset for name in names if (asset := known.get(name)) is not None}


def _make_equal(session: Session, actor: Actor, question: StageQuestion, assets: Mapping[int, KnownAsset]) -> bool:
    """Whether anything changed."""
    now, changed = clock.now(), False
    there = {use.asset_id: use for use in session.exec(_uses_of([question.id or 0], question.deal_id))}
    for asset_id, asset in assets.items():
        if asset_id not in there:
            session.add(_use(actor, question, asset, now))
            changed = True
        elif there[asset_id].taken_back_at is not None:
            # Said anew, so it is from now that it counts whether the outcome was known.
            there[asset_id].taken_back_at, there[asset_id].recorded_at = None, now
            changed = True
    for asset_id, use in there.items():
        if asset_id not in assets and use.taken_back_at is None:
            use.taken_back_at, changed = now, True
    return changed


def _use(actor: Actor, question: StageQuestion, asset: KnownAsset, now: datetime) -> Use:
    """Within the stage, and not on the day on which the next one began."""
    last = min(question.left_at - _DAY, now)
    occurred = max(question.entered_at, last) if question.entered_at is not None else last
    return Use(
        source=_source(question.id or 0),
        external_id=str(uuid5(NAMESPACE_URL, f"{question.id}/{asset.id}")),
        asset_id=asset.id,
        version_id=asset.version_at(occurred),
        person_id=actor.id,
        deal_id=question.deal_id,
        action=ACTION,
        channel=ASKED,
        occurred_at=occurred,
        recorded_at=now,
        arrived_at=now,
    )


def _uses_of(question_ids: Collection[int], deal_id: int) -> Any:
    sources = [_source(it) for it in question_ids]
    return select(Use).where(Use.deal_id == deal_id, Use.channel == ASKED, col(Use.source).in_(sources))


def _source(question_id: int) -> str:
    return f"question:{question_id}"


def _shown(session: Session, page: Sequence[StageQuestion]) -> list[StageQuestionOut]:
    deals = listing.deals_by_id(session, (it.deal_id for it in page))
    stages = listing.stages_by_id(session, (it.stage_id for it in page))
    people = listing.people_by_id(session, (it.person_id for it in page))
    closes = reading.closes_of(session, list(deals))
    closed = closes.of(np.array([it.deal_id for it in page], dtype=np.int64))
    marks = _after_close([it.answered_at or clock.now() for it in page], closed).tolist()
    found = _uses_in(session, page)
    wanted = {it["asset"] for question in page for it in question.likely} | {use.asset_id for use in found}
    assets = listing.assets_by_id(session, wanted)
    return [
        StageQuestionOut(
            id=it.id or 0,
            deal=deals[it.deal_id],
            stage=stages[it.stage_id],
            entered_at=it.entered_at,
            left_at=it.left_at,
            asked_at=it.asked_at,
            asked_of=people[it.person_id],
            likely=_likely(it, [use for use in found if use.deal_id == it.deal_id], assets),
            answered_at=it.answered_at,
            none_used=it.none_used,
            recalled=mark,
        )
        for it, mark in zip(page, marks, strict=True)
    ]


def _after_close(answered: Sequence[datetime], closed: Floats) -> Flags:
    """Which answers came, or would come, after the deal had closed."""
    moments = np.array([days(it) for it in answered])
    nothing = np.full(len(moments), np.nan)
    return recalled(nothing, moments, nothing, np.ones(len(moments), dtype=bool), closed)


def _likely(question: StageQuestion, found: Sequence[Use], assets: Mapping[int, Any]) -> list[LikelyAsset]:
    """The likely ones, then what the answer or the record names besides."""
    used = {use.asset_id for use in found if use.source == _source(question.id or 0)}
    recorded = {use.asset_id for use in found if use.channel != ASKED and _is_inside(question, use.occurred_at)}
    why = {it["asset"]: it["why"] for it in question.likely}
    why |= {asset_id: [] for asset_id in sorted(used | recorded) if asset_id not in why}
    return [
        LikelyAsset(asset=assets[it], why=reasons, used=it in used, recorded=it in recorded)
        for it, reasons in why.items()
        if it in assets
    ]


def _uses_in(session: Session, page: Sequence[StageQuestion]) -> list[Use]:
    query = select(Use).where(col(Use.deal_id).in_({it.deal_id for it in page}), col(Use.taken_back_at).is_(None))
    return list(session.exec(query))


def _is_inside(question: StageQuestion, moment: datetime) -> bool:
    begun = question.entered_at is None or question.entered_at.date() <= moment.date()
    return begun and moment.date() <= question.left_at.date()

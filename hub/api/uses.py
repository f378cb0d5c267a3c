"""Uses: record them, see them, take one back, say on which deal it was; and what owners are asked at stage changes."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import Discriminator, Field, Tag

from hub.http import DoorDep, HubRoute, access
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.search.log_reading import searches_of
from hub.usage import answering, capture, listing, matching, taking_back
from hub.usage.listing import Filters
from hub.usage.schemas import (
    MOST_USES,
    AnswerIn,
    DealOfUseIn,
    ProposalOut,
    QuestionState,
    RecordedOut,
    RejectedUse,
    StageQuestionOut,
    UseIn,
    UseOut,
)

router = APIRouter(tags=["uses"], route_class=HubRoute)


def _one_or_list(given: Any) -> str:
    return "list" if isinstance(given, list) else "use"


Several = Annotated[list[UseIn], Field(min_length=1, max_length=MOST_USES)]
OneOrSeveral = Annotated[
    Annotated[UseIn, Tag("use")] | Annotated[Several, Tag("list")],
    Discriminator(_one_or_list),
    Body(description=f"one use, or a list of up to {MOST_USES}"),
]
UseName = Annotated[
    str,
    Path(pattern=r"^(?:[0-9]{1,9}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$", description="your id, or its number"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500)]
Word = Annotated[str | None, Query(max_length=251, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Number = Annotated[int, Field(ge=1, lt=2**31)]


@router.post("/uses", **access(Deed.RECORD_USE))
def record_uses(door: DoorDep, given: OneOrSeveral) -> RecordedOut:
    """Record what you used, at once or later. An id that you have sent before is a duplicate and changes nothing, so
    all of it may be sent again. A deal that the hub does not know yet is kept with the use."""
    lines = [use.line(place) for place, use in enumerate(given if isinstance(given, list) else [given])]
    with door.writing() as (session, actor):
        done = capture.record(session, actor, lines)
    rejected = [RejectedUse(index=place, reason=reason) for place, reason in sorted(done.rejected)]
    return RecordedOut(accepted=done.accepted, duplicates=done.duplicates, rejected=rejected)


@router.get("/uses", **access(Deed.READ_USES))
def list_uses(
    door: DoorDep,
    asset: Annotated[Word, Query(description="slug or external id")] = None,
    deal: Annotated[Word, Query(description="external id, or source/external id")] = None,
    person: Annotated[Number | None, Query(description="the id of a person")] = None,
    taken_back: Annotated[bool, Query(description="those that were taken back, instead of the others")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[UseOut]:
    """What was used on deals, and your own uses, newest first; without a filter only your own."""
    filters = Filters(asset=asset, deal=deal, person=person, taken_back=taken_back)
    with door.reading() as (session, actor):
        return listing.list_uses(session, actor, filters, limit=limit, cursor=cursor)


@router.get("/uses/proposals", **access(Deed.NAME_DEAL_OF_USE))
def list_proposals(door: DoorDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[ProposalOut]:
    """Your uses without a deal, each with the deals on which it may have been and why."""
    door.hub.search.log.flush()
    with door.reading() as (session, actor):
        return matching.proposals(session, actor, searches=searches_of, limit=limit, cursor=cursor)


@router.put("/uses/{use_id}/deal", **access(Deed.NAME_DEAL_OF_USE))
def name_deal(door: DoorDep, use_id: UseName, named: DealOfUseIn) -> UseOut:
    """Say on which deal a use was: the proposed one, another one, or none."""
    ref = (named.deal.source, named.deal.external_id) if named.deal is not None else None
    with door.writing() as (session, actor):
        return matching.name_deal(session, actor, use_id, ref)


@router.delete("/uses/{use_id}", status_code=204, **access(Deed.TAKE_BACK_USE))
def take_back_use(door: DoorDep, use_id: UseName) -> None:
    """Take back a use of yours: it stays on record and is counted no more."""
    with door.writing() as (session, actor):
        taking_back.take_back(session, actor, use_id)


@router.get("/stage-questions", **access(Deed.ANSWER_STAGE_QUESTION))
def list_stage_questions(
    door: DoorDep, state: QuestionState = "open", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[StageQuestionOut]:
    """What you are asked about stages that your deals have left, with likely assets to choose from."""
    with door.reading() as (session, actor):
        return answering.list_questions(session, actor, state=state, limit=limit, cursor=cursor)


@router.put("/stage-questions/{question_id}/answer", **access(Deed.ANSWER_STAGE_QUESTION))
def answer_stage_question(
    door: DoorDep, question_id: Annotated[int, Path(ge=1, lt=2**31)], given: AnswerIn
) -> StageQuestionOut:
    """Say which assets you used in the stage, or that it was none. The last answer counts."""
    with door.writing() as (session, actor):
        return answering.answer(session, actor, question_id, used=given.used, none_used=given.none_used)

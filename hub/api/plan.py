"""The plan: where content is missing, and one list of what to do about it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hub.http import DoorDep, HubRoute, access
from hub.insights.inputs import Inputs
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT
from hub.people.roles import Deed
from hub.planning import coverage, dismissals, queue
from hub.planning.queue import Filters
from hub.planning.schemas import SUGGESTION_KEY, Coverage, DismissalIn, Queue
from hub.planning.worth import SuggestionKind

router = APIRouter(tags=["plan"], route_class=HubRoute)
Key = Annotated[str, Path(pattern=SUGGESTION_KEY, examples=["write-12-3"])]


@router.get("/insights/coverage", **access(Deed.READ_PLAN))
def read_coverage(
    door: DoorDep,
    segment: Annotated[
        str | None, Query(max_length=251, description="only the open money of this segment of deals")
    ] = None,
) -> Coverage:
    """Every persona at every stage: what is live, the open money, what was wanted, the best evidence, and the gap."""
    with door.reading() as (session, actor):
        return coverage.coverage(session, actor, Inputs.of(door.hub.settings), segment=segment)


@router.get("/plan/queue", **access(Deed.READ_PLAN))
def read_queue(
    door: DoorDep,
    kind: Annotated[list[SuggestionKind], Query()] = [],  # noqa: B006 - FastAPI copies query defaults
    hidden: Annotated[bool, Query(description="also what was put aside or is planned already")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Queue:
    """What to write, promote, fix, test and retire: the most expected money for a day of work first."""
    with door.reading() as (session, actor):
        filters = Filters(kind, hidden)
        inputs = Inputs.of(door.hub.settings)
        return queue.queue(session, actor, inputs, filters, limit=limit, cursor=cursor)


@router.put("/plan/queue/{key}/dismissal", status_code=204, **access(Deed.DISMISS_SUGGESTION))
def dismiss(door: DoorDep, key: Key, given: DismissalIn) -> None:
    """Put a suggestion aside until a day, with the reason."""
    with door.writing() as (session, actor):
        dismissals.dismiss(session, actor, key, given)


@router.delete("/plan/queue/{key}/dismissal", status_code=204, **access(Deed.DISMISS_SUGGESTION))
def bring_back(door: DoorDep, key: Key) -> None:
    """Let it be suggested again at once."""
    with door.writing() as (session, actor):
        dismissals.bring_back(session, actor, key)

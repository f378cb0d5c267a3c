"""One brief: who writes it, what it is for, what was hoped and what came; done by hand, or dropped."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Deed
from hub.planning import brief_lists, briefs, request_lists
from hub.planning.models import BriefState
from hub.planning.schemas import BriefChange, BriefOut, DropIn, RequestOut
from hub.planning.worth import SuggestionKind
from hub.web import shell, words
from hub.web.forms import FormDep
from hub.web.plan.briefs import STATES, BriefId
from hub.web.plan.queue import KINDS

router = APIRouter(prefix="/briefs", tags=["pages"], route_class=HubRoute, include_in_schema=False)
_BY_HAND = (SuggestionKind.PROMOTE, SuggestionKind.TEST)


@dataclass(frozen=True, slots=True)
class BriefPage:
    brief: BriefOut
    requests: Sequence[RequestOut]
    persona: str
    stage: str
    state: tuple[str, str]
    kind: tuple[str, str]
    may_finish: bool
    may_write: bool
    problem: HubError | None
    faults: dict[str, str]
    typed: dict[str, str]


@router.get("/{brief_id}", **access(Deed.READ_PLAN))
def read_brief(door: DoorDep, brief_id: BriefId) -> Response:
    return _brief(door, brief_id)


@router.post("/{brief_id}/completion", **access(Deed.EDIT_BRIEF))
def finish(door: DoorDep, brief_id: BriefId) -> Response:
    with door.writing() as (session, actor):
        briefs.finish(session, actor, briefs.locked(session, brief_id))
    return shell.back(f"/briefs/{brief_id}", told="brief-done")


@router.post("/{brief_id}/drop", **access(Deed.EDIT_BRIEF))
def drop(door: DoorDep, brief_id: BriefId, form: FormDep) -> Response:
    try:
        given = form.read(DropIn, reason=form.text("reason"))
        with door.writing() as (session, actor):
            briefs.drop(session, actor, briefs.locked(session, brief_id), given.reason)
    except HubError as problem:
        return _brief(door, brief_id, problem=problem, typed={"reason": form.text("reason")})
    return shell.back(f"/briefs/{brief_id}", told="brief-dropped")


@router.post("/{brief_id}/asset", **access(Deed.EDIT_BRIEF))
def name_asset(door: DoorDep, brief_id: BriefId, form: FormDep) -> Response:
    """The asset that it ends in; none takes it away."""
    slug = form.text("asset").strip()
    try:
        given = form.read(BriefChange, asset=slug or None)
        with door.writing() as (session, actor):
            briefs.change(session, actor, briefs.locked(session, brief_id), given)
    except HubError as problem:
        return _brief(door, brief_id, problem=problem, typed={"asset": slug})
    return shell.back(f"/briefs/{brief_id}", told="brief-changed")


def _brief(
    door: Door, brief_id: int, *, problem: HubError | None = None, typed: dict[str, str] | None = None
) -> Response:
    with door.reading() as (session, actor):
        brief = brief_lists.read_brief(session, actor, brief_id)
        known = words.words(session)
        asked_for = request_lists.with_ids(session, actor, brief.requests)
    running = brief.state not in (BriefState.LIVE, BriefState.DROPPED)
    shown = BriefPage(
        brief=brief,
        requests=asked_for,
        persona=known.label("personas", brief.persona) if brief.persona else "",
        stage=known.label("stages", brief.stage) if brief.stage else "",
        state=STATES[brief.state],
        kind=KINDS[brief.kind],
        may_finish=running and brief.kind in _BY_HAND,
        may_write=running and brief.kind == SuggestionKind.WRITE and brief.asset is None,
        problem=problem,
        faults=shell.faults_by_field(problem),
        typed={"asset": brief.asset.slug if brief.asset else "", "reason": ""} | (typed or {}),
    )
    return shell.page(door, actor, "plan/brief.html", shown, here="plan", status=problem.status if problem else 200)

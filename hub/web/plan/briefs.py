"""Briefs as a list and as a board, on which they are put into work and into order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from sqlmodel import Session

from hub.errors import Fault, HubError, Invalid
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed
from hub.planning import board, brief_lists, briefs
from hub.planning.board import Column
from hub.planning.brief_lists import Filters
from hub.planning.models import BriefState
from hub.planning.schemas import BriefOut
from hub.web import shell, words
from hub.web.forms import FormDep
from hub.web.insights.helps import Cursor
from hub.web.plan.queue import KINDS
from hub.web.words import Words

router = APIRouter(prefix="/briefs", tags=["pages"], route_class=HubRoute, include_in_schema=False)
BriefId = Annotated[int, Path(ge=1, lt=2**31)]
PER_PAGE = 30
# What a state is called, and its shape.
STATES: Mapping[str, tuple[str, str]] = {
    BriefState.PLANNED: ("Planned", "plan"), BriefState.WRITING: ("In work", "write"),
    BriefState.IN_REVIEW: ("In review", "review"), BriefState.LIVE: ("Live", "check"),
    BriefState.DROPPED: ("Dropped", "close"),
}  # fmt: skip
_MOVES: Mapping[str, str] = {
    BriefState.PLANNED: "Back to planned", BriefState.WRITING: "Take into work", BriefState.LIVE: "It is done",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A brief on the board. `moves` are (where to, how it is said); `before` and `after` put it one place up or down,
    below the brief of that number (0: first)."""

    brief: BriefOut
    persona: str
    stage: str
    moves: Sequence[tuple[str, str]]
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    state: str
    name: str
    icon: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class BriefsPage:
    """`rows` and `lanes`: one of the two, by `view`. `moved` is the brief that was just moved, to find it again."""

    view: str
    mine: bool
    rows: Sequence[tuple[BriefOut, str, str]]
    lanes: Sequence[Lane]
    total: int
    later: str
    states: Mapping[str, tuple[str, str]]
    kinds: Mapping[str, tuple[str, str]]
    problem: HubError | None
    moved: int


@router.get("", **access(Deed.READ_PLAN))
def list_briefs(
    door: DoorDep, view: Literal["board", "list"] = "board", mine: bool = False, cursor: Cursor = None
) -> Response:
    with door.reading() as (session, actor):
        shown = _briefs(session, actor, view, mine, cursor)
    template = "plan/_board.html" if shell.is_fragment(door.request) else "plan/briefs.html"
    return shell.page(door, actor, template, shown, here="plan")


@router.post("/{brief_id}/place", **access(Deed.EDIT_BRIEF))
def move(door: DoorDep, brief_id: BriefId, form: FormDep) -> Response:
    """Put into a column, or into order: `move` is where to and below which. A script gets the board anew, also when
    the move was refused."""
    problem: HubError | None = None
    try:
        to, above = _wanted(form.text("move"))
        seen = _state(form.text("seen"))
        with door.writing() as (session, actor):
            board.move(session, actor, briefs.locked(session, brief_id), to=to, seen=seen, above=above)
    except HubError as refused:
        problem = refused
    if problem is None and not shell.is_fragment(door.request):
        return shell.back("/briefs", told="brief-moved")
    with door.reading() as (session, actor):
        shown = _briefs(session, actor, "board", False, None, problem=problem, moved=brief_id)
    template = "plan/_board.html" if shell.is_fragment(door.request) else "plan/briefs.html"
    return shell.page(door, actor, template, shown, here="plan", status=problem.status if problem else 200)


def _briefs(
    session: Session, actor: Actor, view: str, mine: bool, cursor: str | None, *, problem: HubError | None = None,
    moved: int = 0,
) -> BriefsPage:  # fmt: skip
    known = words.words(session)
    rows, lanes, total, later = [], [], 0, ""
    if view == "list":
        found = brief_lists.list_briefs(session, actor, Filters(mine=mine), limit=PER_PAGE, cursor=cursor)
        rows = [(one, *_cell(one, known)) for one in found.items]
        total = found.total
        asked = {"view": "list", "mine": mine and "true", "cursor": found.next}
        later = shell.address_with("/briefs", asked) if found.next else ""
    else:
        lanes = [_lane(column, known) for column in board.board(session, actor)]
        total = sum(len(lane.cards) for lane in lanes)
    return BriefsPage(view, mine, rows, lanes, total, later, STATES, KINDS, problem, moved)


def _lane(column: Column, known: Words) -> Lane:
    ids = [card.brief.id for card in column.cards]
    sorts = column.state != BriefState.LIVE
    cards = [
        Card(
            card.brief, *_cell(card.brief, known), [(str(to), _said(to)) for to in card.moves],
            before=(ids[place - 2] if place > 1 else 0) if sorts and place > 0 else None,
            after=ids[place + 1] if sorts and place + 1 < len(ids) else None,
        )
        for place, card in enumerate(column.cards)
    ]  # fmt: skip
    return Lane(str(column.state), *STATES[column.state], cards)


def _said(to: BriefState) -> str:
    return {BriefState.PLANNED: "Back to planned", BriefState.WRITING: "Take into work", BriefState.LIVE: "It is done"}[
        to
    ]


def _cell(brief: BriefOut, known: Words) -> tuple[str, str]:
    return (
        known.label("personas", brief.persona) if brief.persona else "",
        known.label("stages", brief.stage) if brief.stage else "",
    )


def _wanted(text: str) -> tuple[BriefState, int | None]:
    """`writing:12`: into this column, below brief 12; 0 is on top."""
    to, _, above = text.partition(":")
    if not above.isdecimal() or len(above) > 9:
        raise Invalid("The move cannot be read.", errors=[Fault(("body", "move"), "must be like writing:12")])
    return _state(to), int(above) or None


def _state(text: str) -> BriefState:
    try:
        return BriefState(text)
    except ValueError:
        states = ", ".join(BriefState)
        raise Invalid(
            "The move cannot be read.", errors=[Fault(("body", "move"), f"must be one of {states}")]
        ) from None

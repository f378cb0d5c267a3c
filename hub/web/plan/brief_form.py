"""A brief as a form: a new one, of a suggestion, of requests or of an idea, and one that changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from hub.errors import Conflict, Fault, HubError, Invalid
from hub.http import Door, DoorDep, HubRoute, access
from hub.insights.inputs import Inputs
from hub.people import directory
from hub.people.roles import Actor, Deed, Team, require
from hub.planning import brief_lists, briefs, queue, request_lists
from hub.planning.schemas import BriefChange, BriefIn, BriefOut, RequestOut, Suggestion
from hub.web import shell, words
from hub.web.forms import FormDep
from hub.web.plan.briefs import BriefId
from hub.web.plan.queue import what_it_is_about
from hub.web.words import Words

router = APIRouter(prefix="/briefs", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Text = Annotated[str, Query(max_length=400)]
NAMES_OFFERED = 200
FIELDS = ("title", "angle", "persona", "stage", "marketing_author", "sales_author", "due_on", "asset", "suggestion")
NEEDED = ("title", "marketing_author", "sales_author")


@dataclass(frozen=True, slots=True)
class FormPage:
    """A brief as it is typed. `brief` is none for a new one."""

    brief: BriefOut | None
    typed: dict[str, str]
    requests: Sequence[RequestOut]
    suggestion: Suggestion | None
    about: str
    personas: Sequence[tuple[str, str]]
    stages: Sequence[tuple[str, str]]
    marketing: Sequence[str]
    sales: Sequence[str]
    problem: HubError | None
    faults: dict[str, str]


@router.get("/new", **access(Deed.EDIT_BRIEF))
def new_brief(
    door: DoorDep,
    suggestion: Text = "",
    request: Annotated[list[int], Query(max_length=50)] = [],  # noqa: B006 - FastAPI copies query defaults
    title: Text = "",
    persona: Text = "",
    stage: Text = "",
) -> Response:
    typed = dict.fromkeys(FIELDS, "") | {
        "suggestion": suggestion, "title": title, "persona": persona, "stage": stage,
    }  # fmt: skip
    return _form(door, typed, request)


@router.post("", **access(Deed.EDIT_BRIEF))
def plan(door: DoorDep, form: FormDep) -> Response:
    typed = {name: form.text(name).strip() for name in FIELDS}
    requests = [int(one) for one in form.all("requests") if one.isdecimal() and len(one) < 10]
    try:
        given = form.read(
            BriefIn, **{name: value or None for name, value in typed.items() if name != "angle"}, angle=typed["angle"],
            requests=requests,
        )  # fmt: skip
        inputs = Inputs.of(door.hub.settings)
        with door.writing() as (session, actor):
            accepted = queue.accepted(session, actor, inputs, given.suggestion) if given.suggestion else None
            brief_id = briefs.plan(session, actor, given, accepted).id
    except HubError as problem:
        return _form(door, typed, requests, problem=problem)
    return shell.back(f"/briefs/{brief_id}", told="brief-planned")


@router.get("/{brief_id}/edit", **access(Deed.EDIT_BRIEF))
def edit_brief(door: DoorDep, brief_id: BriefId) -> Response:
    with door.reading() as (session, actor):
        brief = brief_lists.read_brief(session, actor, brief_id)
    typed = dict.fromkeys(FIELDS, "") | {
        "title": brief.title, "angle": brief.angle, "persona": brief.persona or "", "stage": brief.stage or "",
        "marketing_author": brief.marketing_author.name, "sales_author": brief.sales_author.name,
        "due_on": brief.due_on.isoformat() if brief.due_on else "", "asset": brief.asset.slug if brief.asset else "",
    }  # fmt: skip
    return _form(door, typed, [], brief=brief)


@router.post("/{brief_id}", **access(Deed.EDIT_BRIEF))
def change(door: DoorDep, brief_id: BriefId, form: FormDep) -> Response:
    names = FIELDS[:-1]
    typed = {name: form.text(name).strip() for name in FIELDS}
    try:
        given = form.read(BriefChange, **{name: typed[name] or None for name in names})
        if not all(typed[name] for name in NEEDED):
            missing = [Fault(("body", name), "this is needed") for name in NEEDED if not typed[name]]
            raise Invalid("Some fields cannot be used as they are.", errors=missing)
        with door.writing() as (session, actor):
            briefs.change(session, actor, briefs.locked(session, brief_id), given)
    except HubError as problem:
        with door.reading() as (session, actor):
            brief = brief_lists.read_brief(session, actor, brief_id)
        return _form(door, typed, [], brief=brief, problem=problem)
    return shell.back(f"/briefs/{brief_id}", told="brief-changed")


def _form(
    door: Door, typed: dict[str, str], requests: Sequence[int], *, brief: BriefOut | None = None,
    problem: HubError | None = None,
) -> Response:  # fmt: skip
    with door.reading() as (session, actor):
        require(actor, Deed.EDIT_BRIEF)
        known = words.words(session)
        asked_for = request_lists.with_ids(session, actor, requests)
        suggestion = _suggestion(door, session, actor, typed["suggestion"]) if typed["suggestion"] else None
        names = {team: _names(session, actor, team) for team in (Team.MARKETING, Team.SALES)}
        if brief is None and problem is None:
            typed = typed | _begun(actor, typed, asked_for, suggestion, known)
    shown = FormPage(
        brief=brief,
        typed=typed,
        requests=asked_for,
        suggestion=suggestion,
        about=what_it_is_about(suggestion, known) if suggestion else "",
        personas=known.keys("personas"),
        stages=known.keys("stages"),
        marketing=names[Team.MARKETING],
        sales=names[Team.SALES],
        problem=problem,
        faults=shell.faults_by_field(problem),
    )
    return shell.page(door, actor, "plan/form.html", shown, here="plan", status=problem.status if problem else 200)


def _suggestion(door: Door, session: Session, actor: Actor, key: str) -> Suggestion | None:
    """What it says now; none when it is not made any more, which planning it then tells."""
    try:
        return queue.accepted(session, actor, Inputs.of(door.hub.settings), key).line
    except Conflict:
        return None


def _names(session: Session, actor: Actor, team: Team) -> Sequence[str]:
    people, _, _ = directory.people(session, actor, q="", limit=NAMES_OFFERED, cursor=None, team=team)
    return [person.name for person in people]


def _begun(
    actor: Actor, typed: dict[str, str], requests: Sequence[RequestOut], suggestion: Suggestion | None, known: Words
) -> dict[str, str]:
    """What a new brief begins with: of the suggestion, else of the first request that says it."""
    subject = suggestion.subject if suggestion else None
    first = {
        "title": next((it.needed for it in requests), _title(suggestion, known) if suggestion else ""),
        "persona": next((it.persona for it in requests if it.persona), None) or (subject.persona if subject else None),
        "stage": next((it.stage for it in requests if it.stage), None) or (subject.stage if subject else None),
        "due_on": min((it.due_on.isoformat() for it in requests if it.due_on), default=""),
    }
    if actor.team in (Team.MARKETING, Team.SALES):
        first[f"{actor.team}_author"] = actor.name
    return {name: value for name, value in first.items() if value and not typed[name]}


def _title(suggestion: Suggestion, known: Words) -> str:
    return f"{suggestion.kind.capitalize()}: {what_it_is_about(suggestion, known)}"[:300]

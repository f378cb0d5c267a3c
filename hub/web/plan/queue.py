"""The planning queue as a page: each line with its reason, its range and the rows behind it; put aside and brought
back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hub import clock
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.insights.inputs import Inputs
from hub.people.roles import Deed
from hub.planning import dismissals, queue
from hub.planning.queue import Filters
from hub.planning.schemas import SUGGESTION_KEY, DismissalIn, Queue, Suggestion
from hub.planning.worth import SuggestionKind
from hub.web import shell, words
from hub.web.forms import FormDep
from hub.web.insights import csv_file
from hub.web.insights.helps import Cursor

router = APIRouter(prefix="/plan", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Key = Annotated[str, Path(pattern=SUGGESTION_KEY)]
PER_PAGE = 20
IN_FILE = 2_000
KINDS: Mapping[str, tuple[str, str]] = {
    SuggestionKind.WRITE: ("Write", "write"), SuggestionKind.PROMOTE: ("Promote", "send"),
    SuggestionKind.FIX: ("Fix", "repeat"), SuggestionKind.TEST: ("Test", "compare"),
    SuggestionKind.RETIRE: ("Retire", "retired"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A suggestion, with the words of its cell."""

    it: Suggestion
    what: str
    anchor: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    found: Queue
    lines: Sequence[Line]
    kinds: Mapping[str, tuple[str, str]]
    kind: str
    hidden: bool
    later: str
    csv: str
    problem: HubError | None
    refused: str


@router.get("", **access(Deed.READ_PLAN))
def read_queue(
    door: DoorDep,
    kind: SuggestionKind | None = None,
    hidden: bool = False,
    cursor: Cursor = None,
    file: Annotated[str | None, Query(alias="as", pattern="^csv$")] = None,
) -> Response:
    return _page(door, kind, hidden, cursor, as_csv=file == "csv")


@router.post("/{suggestion}/dismissal", **access(Deed.DISMISS_SUGGESTION))
def dismiss(door: DoorDep, suggestion: Key, form: FormDep) -> Response:
    try:
        given = form.read(DismissalIn, reason=form.text("reason"), until=form.text("until") or None)
        with door.writing() as (session, actor):
            dismissals.dismiss(session, actor, suggestion, given)
    except HubError as problem:
        return _page(door, None, False, None, problem=problem, refused=suggestion)
    return shell.back("/plan", told="put-aside")


@router.post("/{suggestion}/return", **access(Deed.DISMISS_SUGGESTION))
def bring_back(door: DoorDep, suggestion: Key) -> Response:
    with door.writing() as (session, actor):
        dismissals.bring_back(session, actor, suggestion)
    return shell.back("/plan?hidden=true", told="brought-back")


def _page(
    door: Door, kind: SuggestionKind | None, hidden: bool, cursor: str | None, *, as_csv: bool = False,
    problem: HubError | None = None, refused: str = "",
) -> Response:  # fmt: skip
    inputs = Inputs.of(door.hub.settings)
    limit = IN_FILE if as_csv else PER_PAGE if cursor or not kind else 100
    with door.reading() as (session, actor):
        filters = Filters([kind] if kind else [], hidden)
        found = queue.queue(session, actor, inputs, filters, limit=limit, cursor=cursor)
        known = words.words(session)
    if as_csv:
        return _csv(found, known)
    asked = {"kind": kind, "hidden": hidden and "true"}
    shown = QueuePage(
        found=found,
        lines=[_line(it, known) for it in found.items],
        kinds=KINDS,
        kind=kind or "",
        hidden=hidden,
        later=shell.address_with("/plan", asked | {"cursor": found.next}) if found.next else "",
        csv=shell.address_with("/plan", asked | {"as": "csv"}),
        problem=problem,
        refused=refused,
    )
    status = problem.status if problem is not None else 200
    return shell.page(door, actor, "plan/queue.html", shown, here="plan", status=status)


def what_it_is_about(it: Suggestion, known: words.Words) -> str:
    if it.subject.title:
        return it.subject.title
    persona = known.label("personas", it.subject.persona) if it.subject.persona else "Nobody named"
    return f"{persona} at {known.label('stages', it.subject.stage)}" if it.subject.stage else persona


def _line(it: Suggestion, known: words.Words) -> Line:
    cell = it.subject.kind == "cell"
    anchor = f"cell-{it.subject.persona or 'any'}-{it.subject.stage or 'any'}" if cell else it.key
    return Line(it, what_it_is_about(it, known), anchor)


def _csv(found: Queue, known: words.Words) -> Response:
    columns = (
        "suggestion", "do", "about", "slug", "reason", "value_a_quarter", "low", "high", "currency", "days_of_work",
        "open_deals", "questions", "found_nothing", "requests", "uses_last_90_days", "brief", "put_aside_until",
        "evidence_of", "listed_on",
    )  # fmt: skip
    rows = [
        (
            it.key, it.kind, what_it_is_about(it, known), it.subject.slug, it.reason, it.value, it.range.low,
            it.range.high, it.currency, it.effort, it.behind.open_deals, it.behind.searches, it.behind.zero_results,
            len(it.behind.requests), it.behind.uses, it.brief, it.dismissal.until if it.dismissal else None,
            found.evidence_of, clock.today(),
        )
        for it in found.items
    ]  # fmt: skip
    return csv_file.answer("hub-plan", columns, rows)

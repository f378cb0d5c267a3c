"""Requests: ask for what is not there, see what others asked for, and what became of it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub import clock
from hub.deals.reading import DealInWords, in_words
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed, may
from hub.people.schemas import MAX_ID
from hub.planning import request_lists, requests
from hub.planning.models import Request, RequestState
from hub.planning.request_lists import Filters
from hub.planning.schemas import DealNamed, FulfilmentIn, JoinIn, RefusalIn, RequestIn, RequestOut
from hub.web import deal_at_hand, shell, words
from hub.web.forms import Form, FormDep
from hub.web.words import Words

router = APIRouter(prefix="/requests", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 25
RequestId = Annotated[int, Path(ge=1, le=MAX_ID)]
STATES = {
    RequestState.OPEN: "Open",
    RequestState.TAKEN: "Somebody is at it",
    RequestState.FULFILLED: "Answered",
    RequestState.DECLINED: "Declined",
}
# Which words say what it is about: the form's field, the vocabulary, what it is called.
ABOUT = (
    ("persona", "personas", "Persona"),
    ("stage", "stages", "Stage"),
    ("competitor", "competitors", "Competitor"),
    ("product", "products", "Product"),
)
# What a page says it is for: the open ones for those who write, one's own for those who ask.
SHOWN = {"open": "Open", "mine": "Asked by me", "taken": "Taken by me", "closed": "Closed"}


@dataclass(frozen=True, slots=True)
class Line:
    row: RequestOut
    about: list[str]


@dataclass(frozen=True, slots=True)
class ListPage:
    lines: list[Line]
    total: int
    later: str
    shown: str
    shows: dict[str, str] = field(default_factory=lambda: SHOWN)
    states: dict[RequestState, str] = field(default_factory=lambda: STATES)


@dataclass(frozen=True, slots=True)
class RequestPage:
    row: RequestOut
    about: list[str]
    asked: bool
    own: bool
    taken: bool
    may_take: bool
    may_answer: bool
    may_decline: bool
    today: str
    search: str
    typed: Form
    problem: HubError | None
    faults: dict[str, str]
    states: dict[RequestState, str] = field(default_factory=lambda: STATES)


@dataclass(frozen=True, slots=True)
class NewPage:
    id: str
    typed: Form
    about: list[tuple[str, str, list[tuple[str, str]]]]
    deal: DealInWords | None
    today: str
    problem: HubError | None
    faults: dict[str, str]


@router.get("", **access(Deed.READ_REQUESTS))
def list_requests(
    door: DoorDep,
    show: Annotated[str, Query(pattern="^(open|mine|taken|closed)?$")] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Newest first; who writes begins with the open ones, who asks with their own."""
    with door.reading() as (session, actor):
        shown = show or ("open" if may(actor, Deed.TAKE_REQUEST) else "mine")
        filters = {
            "open": Filters(state=(RequestState.OPEN, RequestState.TAKEN)),
            "mine": Filters(mine=True),
            "taken": Filters(taken_by=actor.id, state=(RequestState.TAKEN,)),
            "closed": Filters(state=(RequestState.FULFILLED, RequestState.DECLINED)),
        }[shown]
        found = request_lists.list_requests(session, actor, filters, limit=PER_PAGE, cursor=cursor)
        known = words.words(session)
    later = shell.address_with("/requests", {"show": shown, "cursor": found.next}) if found.next else ""
    page = ListPage([Line(row, _about(known, row)) for row in found.items], found.total, later, shown)
    return shell.page(door, actor, "requests/list.html", page, here="inbox")


@router.get("/new", **access(Deed.ASK_FOR_CONTENT))
def show_form(
    door: DoorDep,
    question: Annotated[str, Query(max_length=1_000)] = "",
    search_id: Annotated[str, Query(max_length=32)] = "",
    deal: Annotated[str, Query(max_length=600)] = "",
    persona: Annotated[str, Query(max_length=100)] = "",
    stage: Annotated[str, Query(max_length=100)] = "",
    competitor: Annotated[str, Query(max_length=100)] = "",
    product: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """What was searched in vain, and the deal at hand, come along."""
    typed = {
        "question": question[:400], "search_id": search_id, "needed": question[:300], "persona": persona,
        "stage": stage, "competitor": competitor, "product": product,
        "deal": deal or deal_at_hand.reference(door.request),
    }  # fmt: skip
    return _new(door, Form({name: [value] for name, value in typed.items()}), None)


@router.post("", **access(Deed.ASK_FOR_CONTENT))
def ask(door: DoorDep, form: FormDep) -> Response:
    """Who asks for the same as somebody else joins their request."""
    try:
        given = form.read(
            RequestIn,
            id=form.text("id") or None,
            needed=form.text("needed"),
            note=form.text("note"),
            question=form.text("question"),
            search_id=form.text("search_id") or None,
            deal=_deal(form.text("deal")) if form.text("with_deal") else None,
            due_on=form.text("due_on") or None,
            **{name: form.text(name) or None for name, _, _ in ABOUT},
        )
        if given.search_id is not None:
            door.hub.search.log.flush()
        with door.writing() as (session, actor):
            request, is_new = requests.ask(session, actor, given)
            made = request.id
    except HubError as problem:
        return _new(door, form, problem)
    return shell.back(f"/requests/{made}", told="request-made" if is_new else "request-joined")


@router.get("/{request_id}", **access(Deed.READ_REQUESTS))
def show_request(door: DoorDep, request_id: RequestId) -> Response:
    return _request(door, request_id, Form({}), None)


@router.post("/{request_id}/ask", **access(Deed.ASK_FOR_CONTENT))
def join(door: DoorDep, request_id: RequestId, form: FormDep) -> Response:
    """«Me too»; the deal at hand comes along."""

    def do(session: Session, actor: Actor, request: Request) -> None:
        deal = _deal(deal_at_hand.reference(door.request))
        requests.join(session, actor, request, form.read(JoinIn, note=form.text("note"), deal=deal))

    return _step(door, request_id, form, do, told="request-joined")


@router.post("/{request_id}/taker", **access(Deed.TAKE_REQUEST))
def take(door: DoorDep, request_id: RequestId, form: FormDep) -> Response:
    return _step(door, request_id, form, requests.take, told="request-taken")


@router.post("/{request_id}/taker/end", **access(Deed.GIVE_BACK_REQUEST))
def give_back(door: DoorDep, request_id: RequestId, form: FormDep) -> Response:
    return _step(door, request_id, form, requests.give_back, told="request-given-back")


@router.post("/{request_id}/fulfilment", **access(Deed.FULFIL_REQUEST))
def fulfil(door: DoorDep, request_id: RequestId, form: FormDep) -> Response:
    """By an asset that is live: its address or its last part."""

    def do(session: Session, actor: Actor, request: Request) -> None:
        slug = form.text("slug").strip().partition("?")[0].rstrip("/").rpartition("/")[2]
        requests.fulfil(session, actor, request, form.read(FulfilmentIn, slug=slug).slug)

    return _step(door, request_id, form, do, told="request-fulfilled")


@router.post("/{request_id}/refusal", **access(Deed.DECLINE_REQUEST))
def decline(door: DoorDep, request_id: RequestId, form: FormDep) -> Response:
    def do(session: Session, actor: Actor, request: Request) -> None:
        requests.decline(session, actor, request, form.read(RefusalIn, reason=form.text("reason")).reason)

    return _step(door, request_id, form, do, told="request-declined")


def _step(
    door: Door, request_id: int, form: Form, do: Callable[[Session, Actor, Request], None], *, told: str
) -> Response:
    """One step on a request; a refused one shows its page again, with what was typed."""
    try:
        with door.writing() as (session, actor):
            do(session, actor, requests.locked(session, request_id))
            row = request_lists.read_request(session, actor, request_id)
    except HubError as problem:
        if shell.is_fragment(door.request) or problem.status in {401, 403}:
            raise
        return _request(door, request_id, form, problem)
    if shell.is_fragment(door.request):
        return shell.page(door, actor, "requests/_stepped.html", Stepped(row, shell.TOLD[told]))
    return shell.back(shell.own_path(form.text("next"), f"/requests/{request_id}"), told=told)


@dataclass(frozen=True, slots=True)
class Stepped:
    """What an inbox shows in the place of a request on which something was done."""

    row: RequestOut
    told: str


def _request(door: Door, request_id: int, typed: Form, problem: HubError | None) -> Response:
    with door.reading() as (session, actor):
        row = request_lists.read_request(session, actor, request_id)
        known = words.words(session)
    is_open = row.state in (RequestState.OPEN, RequestState.TAKEN)
    asked = actor.id in {one.person.id for one in row.asks}
    alone = row.made_by.id == actor.id and len(row.asks) < 2
    taken = row.taken_by is not None and row.taken_by.id == actor.id
    shown = RequestPage(
        row=row,
        about=_about(known, row),
        asked=asked,
        own=row.made_by.id == actor.id,
        taken=row.taken_by is not None and (taken or may(actor, Deed.GIVE_BACK_REQUEST)),
        may_take=is_open and row.taken_by is None and may(actor, Deed.TAKE_REQUEST),
        may_answer=is_open and may(actor, Deed.FULFIL_REQUEST),
        may_decline=is_open and may(actor, Deed.DECLINE_REQUEST, own=alone),
        today=clock.today().isoformat(),
        search=shell.address_with("/", {"q": row.asks[0].question or row.needed}) if row.asks else "/",
        typed=typed,
        problem=problem,
        faults=shell.faults_by_field(problem),
    )
    status = problem.status if problem else 200
    return shell.page(door, actor, "requests/request.html", shown, here="inbox", status=status)


def _new(door: Door, typed: Form, problem: HubError | None) -> Response:
    with door.reading() as (session, actor):
        known = words.words(session)
        named = deal_at_hand.parts(typed.text("deal"))
        shown = NewPage(
            id=typed.text("id") or str(uuid.uuid4()),
            typed=typed,
            about=[(name, label, known.keys(of)) for name, of, label in ABOUT],
            deal=in_words(session, *named) if named else None,
            today=clock.today().isoformat(),
            problem=problem,
            faults=shell.faults_by_field(problem),
        )
    status = problem.status if problem else 200
    return shell.page(door, actor, "requests/new.html", shown, here="search", status=status)


def _deal(written: str) -> DealNamed | None:
    named = deal_at_hand.parts(written)
    return DealNamed(source=named[0], external_id=named[1]) if named is not None else None


def _about(known: Words, row: RequestOut) -> list[str]:
    return [known.label(of, key) for name, of, _ in ABOUT if (key := getattr(row, name)) is not None]

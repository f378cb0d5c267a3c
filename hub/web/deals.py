"""Deals as reps read them: the list, one with its stages, what was used in each and what fits it now, and the choice of
the deal that somebody works on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from hub import clock
from hub.deals import pipeline
from hub.deals.lines import is_after
from hub.deals.models import Deal, Outcome
from hub.deals.pipeline import Filters
from hub.deals.reading import in_words
from hub.deals.schemas import DealDetail, DealRow, StageOut
from hub.errors import Invalid
from hub.http import Door, DoorDep, HubRoute, access, ask_search, in_turn
from hub.paging import Page
from hub.people.models import Person
from hub.people.roles import Actor, Deed
from hub.search.answers import Hit
from hub.search.desk import Inquirer
from hub.search.schemas import EvidenceOut
from hub.taxonomy import vocabulary
from hub.usage import listing
from hub.usage.choosing import DealChoice
from hub.usage.models import Action
from hub.usage.schemas import UseOut
from hub.web import deal_at_hand, shell, uses, words

router = APIRouter(prefix="/deals", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 25
SUGGESTED = 5
MOST_USES = 200
# What the hub learns of within this time is as good as learnt at once.
AT_ONCE = timedelta(days=2)
OUTCOMES = {"open": "Open", "won": "Won", "lost": "Lost"}
Source = Annotated[str, Path(pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$", max_length=50)]
ExternalId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Several = Annotated[list[str], Query(max_length=50)]
Words = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class ListPage:
    """Where nobody said what to show, whoever has open deals begins with those."""

    rows: list[DealRow]
    total: int
    later: str
    words: str
    chosen: dict[str, str]
    narrowed: bool
    mine: bool
    everybodys: str
    own: str
    told: list[str]
    kept: list[tuple[str, str]]
    stages: list[tuple[str, str]]
    sources: list[tuple[str, str]]
    problem: str
    outcomes: list[tuple[str, str]] = field(default_factory=lambda: list(OUTCOMES.items()))


@dataclass(frozen=True, slots=True)
class Stay:
    """A stage with what was used in it. `late`: the hub learnt of it only later. `start` and `width` are percents of
    the deal's life, for the bar."""

    entry: StageOut
    days: int
    late: bool
    start: float
    width: float
    uses: list[UseOut]


@dataclass(frozen=True, slots=True)
class Suggested:
    slug: str
    title: str
    kind: str
    why: str
    used: bool
    evidence: EvidenceOut | None


@dataclass(frozen=True, slots=True)
class DealPage:
    deal: DealDetail
    stays: list[Stay]
    others: list[UseOut]
    total: int
    suggested: list[Suggested]
    search: str
    at_hand: bool
    ref: str
    did: dict[Action, str] = field(default_factory=lambda: uses.DID)


@dataclass(frozen=True, slots=True)
class ChoosePage:
    words: str
    choices: list[DealChoice]
    next: str


@router.get("", **access(Deed.READ_DEALS))
def list_deals(
    door: DoorDep,
    q: Words = "",
    outcome: Several = [],  # noqa: B006 - FastAPI copies query defaults
    stage: Several = [],  # noqa: B006
    source: Several = [],  # noqa: B006
    lead_source: Several = [],  # noqa: B006
    segment: Several = [],  # noqa: B006
    owner: Annotated[list[int], Query(max_length=50)] = [],  # noqa: B006
    closed_in: Annotated[str, Query(pattern=r"^([12][0-9]{3}-(0[1-9]|1[0-2]))?$")] = "",
    mine: Annotated[str, Query(pattern="^(true|false)?$")] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Those that the hub learnt of last come first; whoever owns deals begins with their own."""
    asked = {"outcome": outcome, "stage": stage, "source": source, "lead_source": lead_source, "segment": segment}
    asked = {name: [value for value in values if value] for name, values in asked.items()}
    with door.reading() as (session, actor):
        narrowed = bool(q.strip() or any(asked.values()) or owner or closed_in)
        begun = not mine and not narrowed and _owns_any(session, actor)
        own = mine == "true" or begun
        if begun:
            asked["outcome"] = [Outcome.OPEN.value]
        problem, found = "", Page[DealRow](items=[], total=0, next=None)
        try:
            filters = _filters(asked, q=q, owner=owner, closed_in=closed_in, mine=own)
            found = pipeline.list_deals(session, actor, filters, limit=PER_PAGE, cursor=cursor)
        except Invalid as refused:
            problem = refused.detail
        query = {"q": q, **asked, "owner": [str(one) for one in owner], "closed_in": closed_in}
        shown = ListPage(
            rows=found.items,
            total=found.total,
            later=shell.address_with("/deals", query | {"mine": mine, "cursor": found.next}) if found.next else "",
            words=q,
            chosen={name: values[0] if values else "" for name, values in asked.items()},
            narrowed=narrowed,
            mine=own,
            everybodys=shell.address_with("/deals", query | {"mine": "false"}),
            own=shell.address_with("/deals", query | {"mine": "true"}),
            told=_told(session, asked, owner, closed_in),
            kept=[(name, value) for name in ("lead_source", "segment") for value in asked[name]]
            + [("owner", str(one)) for one in owner]
            + ([("closed_in", closed_in)] if closed_in else []),
            stages=[(term.key, term.label) for term in vocabulary.terms_of(session, "deal_stages")],
            sources=[(one, one) for one in session.exec(select(Deal.source).distinct().order_by(Deal.source))],
            problem=problem,
        )
    template = "deals/_lines.html" if shell.is_fragment(door.request) else "deals/list.html"
    return shell.page(door, actor, template, shown, here="deals", status=422 if problem else 200)


@router.get("/choose", **access(Deed.READ_DEALS))
def choose(door: DoorDep, q: Words = "", next: Annotated[str, Query(max_length=2_000)] = "/") -> Response:
    """Which deal somebody works on: the likely ones, or those found by name."""
    with door.reading() as (session, actor):
        shown = ChoosePage(q, uses.choices(door, session, actor, None, q), shell.own_path(next))
    template = "deals/_ask.html" if shell.is_fragment(door.request) else "deals/choose.html"
    return shell.page(door, actor, template, shown, here="deals")


@router.post("/at-hand", **access(Deed.READ_DEALS))
async def take_to_hand(door: DoorDep, request: Request) -> Response:
    """Work on this deal from now on; an empty one leaves it."""
    async with request.form(max_files=0, max_fields=5) as sent:
        written, wanted = str(sent.get("deal", "")), str(sent.get("next", "/"))
    return await in_turn(door, lambda: _take_to_hand(door, written, shell.own_path(wanted)))


def _take_to_hand(door: Door, written: str, wanted: str) -> Response:
    named = deal_at_hand.parts(written)
    with door.reading() as (session, actor):
        if named is not None:
            pipeline.find(session, *named)
        deal = in_words(session, *named) if named is not None else None
    if shell.is_fragment(door.request):
        here = "search" if wanted.partition("?")[0] == "/" else ""
        around = shell.Around(deal=deal)
        answer = shell.render(door.request, actor, "deals/_at_hand.html", None, here=here, around=around)
    else:
        answer = shell.back(wanted)
    if named is not None:
        deal_at_hand.keep(answer, written)
    else:
        deal_at_hand.leave(answer)
    return answer


@router.get("/{source}/{external_id}", **access(Deed.READ_DEALS))
async def show_deal(door: DoorDep, source: Source, external_id: ExternalId) -> Response:
    return await in_turn(door, lambda: _show_deal(door, source, external_id))


def _show_deal(door: Door, source: str, external_id: str) -> Response:
    with door.reading() as (session, actor):
        deal = pipeline.find(session, source, external_id)
        detail = pipeline.read_deal(session, actor, source, external_id)
        ref = f"{source}/{external_id}"
        found = listing.list_uses(session, actor, listing.Filters(deal=ref), limit=MOST_USES, cursor=None)
        suggested = _suggested(door, session, actor, deal, {use.asset.slug for use in found.items})
        stays, others = _stays(detail, found.items)
        shown = DealPage(
            deal=detail,
            stays=stays,
            others=others,
            total=found.total,
            suggested=suggested,
            search=shell.address_with("/", {"deal": ref}),
            at_hand=deal_at_hand.reference(door.request) == ref,
            ref=ref,
        )
    return shell.page(door, actor, "deals/deal.html", shown, here="deals")


def _owns_any(session: Session, actor: Actor) -> bool:
    open_ones = (Deal.owner_id == actor.id, Deal.outcome == Outcome.OPEN.value)
    return session.exec(select(Deal.id).where(*open_ones).limit(1)).first() is not None


def _filters(asked: dict[str, list[str]], *, q: str, owner: list[int], closed_in: str, mine: bool) -> Filters:
    """Raises Invalid for an outcome that there is not."""
    try:
        outcome = [Outcome(value) for value in asked["outcome"]]
    except ValueError as unknown:
        raise Invalid(f"There is no such outcome: {unknown}.") from None
    return Filters(
        outcome=outcome,
        owner=[one for one in owner if 0 < one < 2**31],
        stage=asked["stage"],
        source=asked["source"],
        q=q,
        mine=mine,
        lead_source=asked["lead_source"],
        segment=asked["segment"],
        closed_in=closed_in or None,
    )


def _told(session: Session, asked: dict[str, list[str]], owner: list[int], closed_in: str) -> list[str]:
    """Filters that come with a link, in words; the form has no field for them."""
    told = []
    for name, of, lead in (("lead_source", "sources", "from"), ("segment", "segments", "segment")):
        if asked[name]:
            labels = {term.key: term.label for term in vocabulary.terms_of(session, of)}
            told.append(f"{lead} {', '.join(labels.get(key, key) for key in asked[name])}")
    if owner:
        names = session.exec(select(Person.name).where(col(Person.id).in_(owner)).order_by(Person.name)).all()
        told.append(f"owned by {', '.join(names) or 'nobody'}")
    if closed_in:
        told.append(f"closed in {closed_in}")
    return told


def _stays(deal: DealDetail, found: Sequence[UseOut]) -> tuple[list[Stay], list[UseOut]]:
    """Each use under the stage in which it was, and those that were in none."""
    now = clock.now()
    if not deal.stages:
        return [], list(found)
    begin = min(entry.entered for entry in deal.stages)
    end = max(entry.left or deal.closed or now for entry in deal.stages)
    whole = max((end - begin).total_seconds(), 1.0)
    placed: dict[int, list[UseOut]] = {}
    others = []
    for use in found:
        inside = [at for at, entry in enumerate(deal.stages) if _is_inside(entry, use.occurred_at)]
        placed.setdefault(inside[-1], []).append(use) if inside else others.append(use)
    stays = []
    for at, entry in enumerate(deal.stages):
        until = entry.left or max(deal.closed or now, entry.entered)
        stays.append(
            Stay(
                entry=entry,
                days=max((until - entry.entered).days, 0),
                late=entry.learnt_at - entry.entered > AT_ONCE,
                start=round(100 * (entry.entered - begin).total_seconds() / whole, 2),
                width=round(max(100 * (until - entry.entered).total_seconds() / whole, 0.6), 2),
                uses=placed.get(at, []),
            )
        )
    return stays, others


def _is_inside(entry: StageOut, moment: datetime) -> bool:
    begun = moment >= entry.entered or moment.date() == entry.entered.date()
    return begun and (entry.left is None or not is_after(moment, entry.left))


def _suggested(door: Door, session: Session, actor: Actor, deal: Deal, used: set[str]) -> list[Suggested]:
    """What fits the deal, the best first; what a hold-out keeps from it is not among what the search says fits."""
    if deal.outcome != Outcome.OPEN:
        return []
    ref = f"{deal.source}/{deal.external_id}"
    asked = Inquirer(text="", deal=ref, limit=4 * SUGGESTED, facets=(), channel="deal")
    answered = ask_search(door, session, actor, asked)
    fitting = [hit for hit in answered.answer.hits if any(one.code == "fits_deal" for one in hit.reasons)]
    return [_suggestion(hit, answered.evidence.get(hit.shown.id), used) for hit in fitting[:SUGGESTED]]


def _suggestion(hit: Hit, evidence: object, used: set[str]) -> Suggested:
    shown = hit.shown
    return Suggested(
        slug=shown.slug,
        title=shown.title,
        kind=words.KINDS.get(shown.kind, shown.kind),
        why="; ".join(hit.why),
        used=shown.slug in used,
        evidence=EvidenceOut.model_validate(evidence) if evidence else None,
    )

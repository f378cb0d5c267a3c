"""Recording what was used: the question after a copy, the form without script, one's own uses, and on which deal those
without one were. A use has its id before it is sent, so that a double click, or a device that sends again, is one use.
"""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub.assets import library
from hub.db import id_of
from hub.errors import Fault, HubError, Invalid
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed
from hub.search.log_reading import searches_of
from hub.usage import capture, choosing, listing, matching, taking_back
from hub.usage.choosing import DealChoice
from hub.usage.listing import Filters
from hub.usage.models import TOLD, Action
from hub.usage.schemas import DealRefIn, ProposalOut, UseIn, UseOut
from hub.web import deal_at_hand, shell
from hub.web.forms import Form, FormDep
from hub.web.locales import zone_named

router = APIRouter(prefix="/uses", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 25
PROPOSED = 10
CHANNEL = "hub"
NO_DEAL = "none"
# What somebody may say that they did, the likeliest first; looking at an asset is not told, it is noted.
ACTIONS = (
    (Action.SENT, "Sent it"),
    (Action.SPOKEN, "Said it on a call"),
    (Action.PRESENTED, "Presented it"),
    (Action.SHARED, "Shared a link"),
    (Action.COPIED, "Copied it"),
)
DID = {
    Action.VIEWED: "looked at",
    Action.COPIED: "copied",
    Action.INSERTED: "inserted",
    Action.SHARED: "shared",
    Action.SENT: "sent",
    Action.PRESENTED: "presented",
    Action.SPOKEN: "said on a call",
}
UseName = Annotated[str, Path(pattern=r"^(?:[0-9]{1,9}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")]
Words = Annotated[str, Query(max_length=200)]
Reference = Annotated[str, Query(max_length=600)]


@dataclass(frozen=True, slots=True)
class NewUsePage:
    """`copied`: asked after a copy, so what was done is known. `fixed`: the deal is known, so it is not asked for."""

    id: str
    slug: str
    title: str
    heading: str
    copied: bool
    action: str
    when: str
    words: str
    choices: list[DealChoice]
    fixed: DealChoice | None
    next: str
    problem: HubError | None = None
    faults: dict[str, str] = field(default_factory=dict)
    actions: tuple[tuple[Action, str], ...] = ACTIONS


@dataclass(frozen=True, slots=True)
class UsesPage:
    proposals: list[ProposalOut]
    unnamed: int
    uses: list[UseOut]
    total: int
    later: str
    did: dict[Action, str] = field(default_factory=lambda: DID)


@router.get("/new", **access(Deed.RECORD_USE))
def ask(
    door: DoorDep,
    asset: Annotated[str, Query(max_length=200)],
    action: Annotated[str, Query(max_length=20)] = Action.SENT,
    id: Annotated[str, Query(max_length=36)] = "",
    deal: Reference = "",
    q: Words = "",
    next: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """The form; as a fragment the question that a script asks after a copy. `deal` is known when a deal's page asks."""
    typed = {"asset": [asset], "action": [action], "id": [id], "for": [deal], "q": [q], "next": [next]}
    return _form_page(door, Form(typed), None, asked_by_script=shell.is_fragment(door.request))


@router.post("", **access(Deed.RECORD_USE))
def record(door: DoorDep, form: FormDep) -> Response:
    """The deal is on the button that was pressed; «none» says that it was for no deal."""
    named = form.text("deal")
    ref = deal_at_hand.parts(named)
    try:
        given = _use(door, form, ref)
        with door.writing() as (session, actor):
            done = capture.record(session, actor, [given.line(0)])
            if done.rejected:
                raise Invalid(f"This use cannot be recorded: {done.rejected[0][1]}.")
            if named == NO_DEAL and done.accepted:
                matching.name_deal(session, actor, str(given.id), None)
    except HubError as problem:
        return _form_page(door, form, problem)
    answer = shell.back(shell.own_path(form.text("next"), f"/assets/{given.asset}"), told="use-recorded")
    if ref is not None and form.text("keep"):
        deal_at_hand.keep(answer, named)
    return answer


@router.get("", **access(Deed.READ_USES))
def list_uses(door: DoorDep, cursor: Annotated[str | None, Query(max_length=500)] = None) -> Response:
    """One's own: those that need a deal first, then all, the newest first."""
    door.hub.search.log.flush()
    with door.reading() as (session, actor):
        open_ones = matching.proposals(session, actor, searches=searches_of, limit=PROPOSED, cursor=None)
        found = listing.list_uses(session, actor, Filters(), limit=PER_PAGE, cursor=cursor)
    shown = UsesPage(
        proposals=[] if cursor else open_ones.items,
        unnamed=open_ones.total,
        uses=found.items,
        total=found.total,
        later=shell.address_with("/uses", {"cursor": found.next}) if found.next else "",
    )
    return shell.page(door, actor, "uses/list.html", shown, here="inbox")


@router.post("/{use_id}/deal", **access(Deed.NAME_DEAL_OF_USE))
def name_deal(door: DoorDep, use_id: UseName, form: FormDep) -> Response:
    """On which deal it was: the proposed one, or none."""
    ref = deal_at_hand.parts(form.text("deal"))
    with door.writing() as (session, actor):
        named = matching.name_deal(session, actor, use_id, ref)
    if shell.is_fragment(door.request):
        return shell.page(door, actor, "uses/_named.html", named)
    return shell.back(shell.own_path(form.text("next"), "/uses"), told="use-named")


@router.post("/{use_id}/end", **access(Deed.TAKE_BACK_USE))
def take_back(door: DoorDep, use_id: UseName, form: FormDep) -> Response:
    with door.writing() as (session, actor):
        taking_back.take_back(session, actor, use_id)
    return shell.back(shell.own_path(form.text("next"), "/uses"), told="use-taken-back")


def _use(door: Door, form: Form, ref: tuple[str, str] | None) -> UseIn:
    """Raises Invalid that names the field."""
    now = datetime.now(UTC)
    said = _moment(door, form.text("when"))
    deal = form.read(DealRefIn, source=ref[0], external_id=ref[1]) if ref is not None else None
    return form.read(
        UseIn,
        id=form.text("id"),
        asset=form.text("asset"),
        action=form.text("action"),
        deal=deal,
        channel=TOLD if said is not None else CHANNEL,
        occurred_at=said or now,
    )


def _moment(door: Door, written: str) -> datetime | None:
    """As a browser writes it, in the reader's own time. Raises Invalid."""
    if not written:
        return None
    try:
        zone = zone_named(door.request.cookies.get(shell.ZONE_COOKIE, "").replace("%2F", "/"))
        moment = datetime.fromisoformat(written)
        moment = (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("The time cannot be read.", errors=[Fault(("body", "when"), "write day and time")]) from None
    if moment > datetime.now(UTC):
        raise Invalid("That time is still to come.", errors=[Fault(("body", "when"), "it must have passed")])
    return moment


def _form_page(door: Door, form: Form, problem: HubError | None, *, asked_by_script: bool = False) -> Response:
    with door.reading() as (session, actor):
        asset = library.find(session, form.text("asset"))
        library.version_to_show(session, actor, asset, draft=False)  # raises for what they may not know of
        copied = form.text("action") == Action.COPIED and asked_by_script
        shown = NewUsePage(
            id=form.text("id") or str(uuid.uuid4()),
            slug=asset.slug,
            title=listing.assets_by_id(session, [id_of(asset)])[id_of(asset)].title,
            heading="Copied. For which deal?" if copied else "Note a use",
            copied=copied,
            action=form.text("action") or Action.SENT,
            when=form.text("when"),
            words=form.text("q"),
            choices=choices(door, session, actor, id_of(asset), form.text("q")),
            fixed=_fixed(session, form.text("for")),
            next=shell.own_path(form.text("next"), ""),
            problem=problem,
            faults=shell.faults_by_field(problem),
        )
    template = "uses/_ask.html" if asked_by_script else "uses/new.html"
    return shell.page(door, actor, template, shown, here="assets", status=problem.status if problem else 200)


def choices(door: Door, session: Session, actor: Actor, asset_id: int | None, words: str) -> list[DealChoice]:
    """Deals to choose from: found by name, else the one at hand and the likely ones."""
    if words.strip():
        return choosing.called(session, actor, words)
    at_hand = deal_at_hand.parts(deal_at_hand.reference(door.request))
    return choosing.offered(session, actor, asset_id, first=[at_hand] if at_hand else [], searches=searches_of)


def _fixed(session: Session, written: str) -> DealChoice | None:
    ref = deal_at_hand.parts(written)
    return choosing.known(session, ref) if ref is not None else None

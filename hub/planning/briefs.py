"""Briefs: a planned piece of work with an author in each team. Planning, changing, dropping, and the state that follows
from the asset.

A brief asks for nobody's signature: what it ends in goes through joint approval like every asset. Lists are
`brief_lists`'.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import drafts
from hub.assets.models import Asset, Status
from hub.assets.policy import may_on
from hub.db import id_of
from hub.deals.money import hundredths
from hub.errors import Conflict, Fault, Invalid, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.people import directory
from hub.people.roles import Actor, Deed, Team, require
from hub.planning import words
from hub.planning.models import Brief, BriefState, Request
from hub.planning.schemas import BriefChange, BriefIn, Suggestion
from hub.planning.words import AssetState
from hub.planning.worth import SuggestionKind

_WITHOUT_TEXT = (SuggestionKind.PROMOTE, SuggestionKind.TEST)


@dataclass(frozen=True)
class Accepted:
    """What a suggestion brings to the brief that is made of it."""

    line: Suggestion
    asset: Asset | None


def plan(session: Session, actor: Actor, given: BriefIn, accepted: Accepted | None = None) -> Brief:
    """A new brief, of a suggestion, of requests, or of nothing but an idea.

    Raises Conflict when there is a brief of this suggestion already, Invalid for unknown words, requests and dates.
    """
    require(actor, Deed.EDIT_BRIEF)
    if given.due_on is not None and given.due_on < clock.today():
        raise Invalid("The date has passed.", errors=[Fault(("body", "due_on"), "must be today or later")])
    asked_for = _requests(session, given)
    line = accepted.line if accepted else None
    terms = words.term_ids(session, {"persona": given.persona, "stage": given.stage})
    brief = Brief(
        title=given.title or _title(line, asked_for),
        angle=given.angle,
        kind=line.kind if line else SuggestionKind.WRITE,
        suggestion=line.key if line else None,
        **_cell(session, terms, line, asked_for),
        marketing_author_id=_author(session, actor, given.marketing_author, Team.MARKETING),
        sales_author_id=_author(session, actor, given.sales_author, Team.SALES),
        due_on=given.due_on or min((it.due_on for it in asked_for if it.due_on is not None), default=None),
        made_by=_person(actor),
        made_at=clock.now(),
        **_hoped(line),
    )
    _check_authors(brief)
    if line is not None:
        _make_room(session, line.key)
    _link(session, actor, brief, given.asset, accepted.asset if accepted else None)
    try:
        with session.begin_nested():
            session.add(brief)
    except IntegrityError:
        raise Conflict("Somebody accepted this suggestion at this moment.") from None
    for request in asked_for:
        request.brief_id = brief.id
    _tell(session, EventName.BRIEF_PLANNED, actor, brief, suggestion=brief.suggestion, requests=given.requests)
    return brief


def change(session: Session, actor: Actor, brief: Brief, given: BriefChange) -> None:
    """What was sent changes. Raises Conflict for a dropped brief."""
    require(actor, Deed.EDIT_BRIEF)
    if state_now(session, brief) == BriefState.DROPPED:
        raise Conflict("This brief was dropped. Plan a new one.")
    sent = given.model_fields_set
    before = brief.model_dump(exclude={"id"})
    for name in {"title", "angle"} & sent:
        setattr(brief, name, getattr(given, name) or getattr(brief, name))
    if "due_on" in sent:
        brief.due_on = given.due_on
    if named := {str(name): getattr(given, name) for name in ("persona", "stage") if name in sent}:
        for name, term_id in words.term_ids(session, named).items():
            setattr(brief, f"{name}_id", term_id)
    for team in (Team.MARKETING, Team.SALES):
        if who := getattr(given, f"{team}_author"):
            setattr(brief, f"{team}_author_id", _author(session, actor, who, team))
    _check_authors(brief)
    if "asset" in sent:
        _link(session, actor, brief, given.asset, None)
    changed = sorted(name for name, value in brief.model_dump(exclude={"id"}).items() if value != before[name])
    if changed:
        _tell(session, EventName.BRIEF_CHANGED, actor, brief, changed=changed)


def drop(session: Session, actor: Actor, brief: Brief, reason: str) -> None:
    """It will not be written. Its requests are open again, its suggestion may come back. Repeating changes nothing."""
    require(actor, Deed.EDIT_BRIEF)
    state = state_now(session, brief)
    if state == BriefState.DROPPED:
        return
    if state == BriefState.LIVE:
        raise Conflict("What this brief asked for is live. Retire the asset if it should go.")
    brief.ended_at, brief.dropped_by, brief.drop_reason = clock.now(), actor.id, reason
    for request in session.exec(select(Request).where(Request.brief_id == brief.id, col(Request.closed_at).is_(None))):
        request.brief_id = None
    _tell(session, EventName.BRIEF_DROPPED, actor, brief, reason=reason)


def finish(session: Session, actor: Actor, brief: Brief) -> None:
    """What needs no new text was done: promoted, or put to the test. Other briefs follow their asset. Repeating changes
    nothing."""
    require(actor, Deed.EDIT_BRIEF)
    state = state_now(session, brief)
    if state == BriefState.LIVE:
        return
    if state == BriefState.DROPPED or brief.kind not in _WITHOUT_TEXT:
        ended = "was dropped" if state == BriefState.DROPPED else "is done when its asset is"
        raise Conflict(f"A brief to {brief.kind} cannot be finished by hand: it {ended}.")
    brief.ended_at = clock.now()
    _tell(session, EventName.BRIEF_FINISHED, actor, brief)


def locked(session: Session, brief_id: int) -> Brief:
    """Locked until the transaction ends. Raises NotFound."""
    query = select(Brief).where(Brief.id == brief_id).with_for_update()
    brief = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if brief is None:
        raise NotFound(f"There is no brief {brief_id}.")
    return brief


def state_of(brief: Brief, asset: AssetState | None, *, in_review: bool) -> BriefState:
    """Of an asset that is to be fixed only what is written after the version that was live then is this brief's."""
    if brief.dropped_by is not None:
        return BriefState.DROPPED
    if brief.ended_at is not None:
        return BriefState.LIVE
    begun = BriefState.PLANNED if brief.begun_at is None else BriefState.WRITING
    if brief.kind == SuggestionKind.RETIRE:
        retired = asset is not None and asset.ref.status == Status.RETIRED
        return BriefState.LIVE if retired else begun
    if asset is None or not has_text(brief, asset):
        return begun
    if asset.live > brief.base_number:
        return BriefState.LIVE
    return BriefState.IN_REVIEW if in_review else BriefState.WRITING


def has_text(brief: Brief, asset: AssetState | None) -> bool:
    """Whether something was written for it: then its state is nobody's to say."""
    return asset is not None and brief.kind not in _WITHOUT_TEXT and asset.head > brief.base_number


def state_now(session: Session, brief: Brief) -> BriefState:
    asset = words.assets_of(session, [brief.result_id]).get(brief.result_id or 0)
    return state_of(brief, asset, in_review=bool(words.in_review(session, [brief.result_id])))


def _requests(session: Session, given: BriefIn) -> list[Request]:
    """Raises Invalid for one that is not there, closed, or planned already."""
    if not given.requests:
        return []
    query = select(Request).where(col(Request.id).in_(given.requests)).with_for_update()
    found = {id_of(it): it for it in session.exec(query.order_by(col(Request.id)))}
    faults = []
    for place, request_id in enumerate(given.requests):
        request = found.get(request_id)
        trouble = (
            "there is no such request"
            if request is None
            else f"this request is {request.closed_as}"
            if request.closed_as is not None
            else f"brief {request.brief_id} covers it already"
            if request.brief_id is not None
            else None
        )
        if trouble:
            faults.append(Fault(("body", "requests", place), trouble))
    if faults:
        raise Invalid(f"The requests cannot be used: {faults[0].message}.", errors=faults)
    return list(found.values())


def _title(line: Suggestion | None, asked_for: list[Request]) -> str:
    if asked_for:
        return asked_for[0].needed
    if line is None:
        fault = Fault(
            ("body", "title"), "say what is to be written; only a suggestion or a request has words of its own"
        )
        raise Invalid("A brief needs a title.", errors=[fault])
    about = line.subject.title or " at ".join(filter(None, (line.subject.persona, line.subject.stage)))
    return f"{line.kind.capitalize()}: {about}"[:300]


def _cell(
    session: Session, given: dict[str, int | None], line: Suggestion | None, asked_for: list[Request]
) -> dict[str, Any]:
    """Of what was sent, else of the suggestion, else of the first request that says it."""
    suggested: dict[str, int | None] = {}
    if line is not None:
        suggested = words.term_ids(session, {"persona": line.subject.persona, "stage": line.subject.stage})
    found = {}
    for name in ("persona", "stage"):
        of_requests = (getattr(it, f"{name}_id") for it in asked_for)
        choices = (given[name], suggested.get(name), *of_requests)
        found[f"{name}_id"] = next((term_id for term_id in choices if term_id is not None), None)
    return found


def _hoped(line: Suggestion | None) -> dict[str, Any]:
    if line is None:
        return {}
    return {
        "hoped": _cents(line.value),
        "hoped_low": _cents(line.range.low),
        "hoped_high": _cents(line.range.high),
        "currency": line.currency,
        "effort": line.effort,
        "reason": line.reason,
    }


def _author(session: Session, actor: Actor, who: str, team: Team) -> int:
    return id_of(directory.find_or_add(session, who, actor=actor, team=team))


def _check_authors(brief: Brief) -> None:
    if brief.marketing_author_id == brief.sales_author_id:
        fault = Fault(("body", "sales_author"), "the author of marketing cannot be that of sales too")
        raise Invalid("A brief has two authors, one of each team.", errors=[fault])


def _make_room(session: Session, suggestion: str) -> None:
    """A brief that went live makes room for the next one of the same suggestion. Raises Conflict while one runs."""
    query = select(Brief).where(Brief.suggestion == suggestion, col(Brief.ended_at).is_(None)).with_for_update()
    for running in session.exec(query):
        if state_now(session, running) != BriefState.LIVE:
            raise Conflict(f"Brief {running.id} plans this already.", brief=running.id)
        running.ended_at = clock.now()
    session.flush()


def _link(session: Session, actor: Actor, brief: Brief, slug: str | None, suggested: Asset | None) -> None:
    """To the named asset, else to the one that the suggestion is about."""
    asset = suggested if slug is None else _asset(session, actor, slug)
    if asset is not None and asset.id == brief.result_id:
        return
    brief.result_id = asset.id if asset is not None else None
    live = words.assets_of(session, [brief.result_id])[id_of(asset)].live if asset is not None else 0
    brief.base_number = live if brief.kind == SuggestionKind.FIX else 0


def _asset(session: Session, actor: Actor, slug: str) -> Asset:
    asset = session.exec(select(Asset).where(Asset.slug == slug)).one_or_none()
    if asset is None:
        raise drafts.not_here(session, slug)
    if asset.live_version_id is None and not may_on(session, actor, Deed.READ_DRAFTS, asset):
        raise NotFound(f"There is no asset {slug!r}.")
    return asset


def _person(actor: Actor) -> int:
    if actor.id is None:
        raise Conflict("A brief is planned by a person.")
    return actor.id


def _cents(value: float) -> int:
    return hundredths(Decimal(str(value)))


def _tell(session: Session, name: EventName, actor: Actor, brief: Brief, **data: object) -> None:
    session.flush()
    people = [brief.marketing_author_id, brief.sales_author_id]
    record(session, name, actor_id=actor.id, subject=("brief", brief.id, brief.title), people=people, **data)

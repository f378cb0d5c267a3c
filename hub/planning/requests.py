"""Requests: somebody needs an asset that is not there. Asking, joining, taking, and the two ways in which one ends.

Lists are `request_lists`'. Every step may be repeated: a device that sends twice, and two people who press at once,
make no second row (see docs/decisions/0041).
"""

from collections.abc import Iterable

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import drafts, states
from hub.assets.models import Asset
from hub.assets.policy import may_on
from hub.db import id_of
from hub.errors import Conflict, Fault, Invalid, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor, Deed, require
from hub.planning import words
from hub.planning.models import Request, RequestAsk, RequestState
from hub.planning.schemas import DealNamed, JoinIn, RequestIn
from hub.search.analysis import tokens
from hub.search.models import Search, SearchAlias


def ask(session: Session, actor: Actor, given: RequestIn) -> tuple[Request, bool]:
    """The request for what is needed, and whether it is new. Who asks for the same as an open one joins it.

    Raises Invalid for an unknown word or a date that has passed.
    """
    require(actor, Deed.ASK_FOR_CONTENT)
    person_id = _person(actor)
    if (before := _sent_before(session, person_id, given.caller_id)) is not None:
        return before, False
    _check_due(given)
    terms = words.term_ids(session, {name: getattr(given, name) for name in words.VOCABULARY_OF})
    sameness = _sameness(given.needed, terms.values())
    request, is_new = _open_one(session, sameness) or _made(session, person_id, given, terms, sameness)
    _join(session, actor, request, given, is_new=is_new)
    return request, is_new


def join(session: Session, actor: Actor, request: Request, given: JoinIn) -> None:
    """«Me too». Raises Conflict when the request is closed."""
    require(actor, Deed.ASK_FOR_CONTENT)
    if (state := state_of(request)) in (RequestState.FULFILLED, RequestState.DECLINED):
        raise Conflict(f"This request is {state}. If it is needed all the same, make a new one and say why.")
    _check_due(given)
    needed = RequestIn(needed=request.needed, **{name: getattr(given, name) for name in ("note", "deal", "due_on")})
    _join(session, actor, request, needed, is_new=False)


def take(session: Session, actor: Actor, request: Request) -> None:
    """I will see to it. Raises Conflict when somebody else does, or it is closed."""
    require(actor, Deed.TAKE_REQUEST)
    _require_open(request)
    if request.taken_by is not None and request.taken_by == actor.id:
        return
    if request.taken_by is not None:
        raise Conflict("Somebody else took this request. It is free again once they give it back.")
    request.taken_by, request.taken_at = actor.id, clock.now()
    _tell(session, EventName.REQUEST_TAKEN, actor, request)


def give_back(session: Session, actor: Actor, request: Request) -> None:
    """I will not after all; approvers may do it for somebody who left."""
    require(actor, Deed.GIVE_BACK_REQUEST, own=request.taken_by in (None, actor.id))
    _require_open(request)
    if request.taken_by is None:
        return
    taken_by, request.taken_by, request.taken_at = request.taken_by, None, None
    _tell(session, EventName.REQUEST_GIVEN_BACK, actor, request, taken_by=taken_by)


def fulfil(session: Session, actor: Actor, request: Request, slug: str) -> None:
    """It is there now. Raises Conflict unless the asset is live, and when the request was closed in another way."""
    require(actor, Deed.FULFIL_REQUEST)
    asset = _live_asset(session, actor, slug)
    if request.closed_as == RequestState.FULFILLED and request.answer_id == asset.id:
        return
    _require_open(request)
    _close(session, actor, request, RequestState.FULFILLED, asset=asset)


def decline(session: Session, actor: Actor, request: Request, reason: str) -> None:
    """It will not be written, and why. Who made it may take it back as long as nobody joined."""
    alone = request.made_by == actor.id and _askers(session, request) == [actor.id]
    require(actor, Deed.DECLINE_REQUEST, own=alone)
    if request.closed_as == RequestState.DECLINED and request.reason == reason:
        return
    _require_open(request)
    _close(session, actor, request, RequestState.DECLINED, reason=reason)


def locked(session: Session, request_id: int) -> Request:
    """Locked until the transaction ends, so that two steps on it cannot cross. Raises NotFound."""
    query = select(Request).where(Request.id == request_id).with_for_update()
    request = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if request is None:
        raise NotFound(f"There is no request {request_id}.")
    return request


def state_of(request: Request) -> RequestState:
    if request.closed_as is not None:
        return RequestState(request.closed_as)
    return RequestState.OPEN if request.taken_by is None else RequestState.TAKEN


def _person(actor: Actor) -> int:
    if actor.id is None:
        raise Conflict("A request is made by a person: they are told what became of it.")
    return actor.id


def _sent_before(session: Session, person_id: int, caller_id: str) -> Request | None:
    query = select(Request).join(RequestAsk, col(RequestAsk.request_id) == Request.id)
    same = (RequestAsk.person_id == person_id, RequestAsk.caller_id == caller_id)
    return session.exec(query.where(*same)).first()


def _check_due(given: RequestIn | JoinIn) -> None:
    if given.due_on is not None and given.due_on < clock.today():
        raise Invalid("The date has passed.", errors=[Fault(("body", "due_on"), "must be today or later")])


def _sameness(needed: str, term_ids: Iterable[int | None]) -> str:
    """Order, case and punctuation make no difference; the terms do."""
    return " ".join(sorted(set(tokens(needed)))) + "|" + ",".join(str(term_id or 0) for term_id in term_ids)


def _open_one(session: Session, sameness: str) -> tuple[Request, bool] | None:
    query = select(Request).where(Request.sameness == sameness, col(Request.closed_at).is_(None)).with_for_update()
    found = session.exec(query).first()
    return (found, False) if found is not None else None


def _made(
    session: Session, person_id: int, given: RequestIn, terms: dict[str, int | None], sameness: str
) -> tuple[Request, bool]:
    request = Request(
        needed=given.needed,
        sameness=sameness,
        persona_id=terms["persona"],
        stage_id=terms["stage"],
        competitor_id=terms["competitor"],
        product_id=terms["product"],
        made_by=person_id,
        made_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(request)
    except IntegrityError:  # somebody made the same one at this moment
        found = _open_one(session, sameness)
        if found is None:
            raise Conflict("Somebody closed the same request at this moment. Send it again.") from None
        return found
    return request, True


def _join(session: Session, actor: Actor, request: Request, given: RequestIn, *, is_new: bool) -> None:
    person_id = _person(actor)
    if person_id in _askers(session, request):
        return
    search_id, question = _searched(session, person_id, given)
    session.add(
        RequestAsk(
            request_id=id_of(request),
            person_id=person_id,
            caller_id=given.caller_id,
            note=given.note,
            search_id=search_id,
            question=question,
            deal_source=given.deal.source if given.deal else None,
            deal_ref=given.deal.external_id if given.deal else None,
            due_on=given.due_on,
            asked_at=clock.now(),
        )
    )
    if given.due_on is not None:
        request.due_on = min(given.due_on, request.due_on or given.due_on)
    name = EventName.REQUEST_MADE if is_new else EventName.REQUEST_JOINED
    _tell(session, name, actor, request, deal=_named(given.deal), question=question)


def _searched(session: Session, person_id: int, given: RequestIn) -> tuple[str | None, str]:
    """The search by the id of its row, and the question as it was logged. The log may have lost a search, and nobody
    learns here what somebody else searched for: then what was sent is kept."""
    if given.search_id is None:
        return None, given.question
    alias = session.get(SearchAlias, given.search_id)
    row = session.get(Search, alias.search_id if alias else given.search_id)
    if row is None or row.person_id != person_id:
        return None, given.question
    return row.id, row.question or given.question


def _askers(session: Session, request: Request) -> list[int]:
    query = select(RequestAsk.person_id).where(RequestAsk.request_id == request.id)
    return list(session.exec(query.order_by(col(RequestAsk.id))))


def _require_open(request: Request) -> None:
    if request.closed_as is not None:
        raise Conflict(f"This request is {request.closed_as} already.", state=request.closed_as)


def _live_asset(session: Session, actor: Actor, slug: str) -> Asset:
    asset = session.exec(select(Asset).where(Asset.slug == slug, states.is_live())).one_or_none()
    if asset is not None:
        return asset
    asset = session.exec(select(Asset).where(Asset.slug == slug)).one_or_none()
    if asset is None:
        raise drafts.not_here(session, slug)
    if asset.live_version_id is None and not may_on(session, actor, Deed.READ_DRAFTS, asset):
        raise NotFound(f"There is no asset {slug!r}.")
    raise Conflict(f"{slug!r} is not live. A request is fulfilled by what the requester can use now: publish it first.")


def _close(
    session: Session,
    actor: Actor,
    request: Request,
    closed_as: RequestState,
    *,
    asset: Asset | None = None,
    reason: str = "",
) -> None:
    request.closed_as, request.closed_at, request.closed_by = closed_as, clock.now(), actor.id
    request.answer_id, request.reason = (asset.id if asset is not None else None), reason
    name = EventName.REQUEST_FULFILLED if asset is not None else EventName.REQUEST_DECLINED
    _tell(session, name, actor, request, asset=asset and asset.slug, reason=reason)


def _tell(session: Session, name: EventName, actor: Actor, request: Request, **data: object) -> None:
    session.flush()
    subject = ("request", request.id, request.needed)
    record(session, name, actor_id=actor.id, subject=subject, people=_askers(session, request), **data)


def _named(deal: DealNamed | None) -> str | None:
    return f"{deal.source}/{deal.external_id}" if deal else None

"""What people say of an asset after they used it: it worked, it did not, an objection they heard, it is out of date.

Both teams read it on the asset's page, counted and in full. It is what people say, so nothing of it enters the
evidence; what happened does, as uses and outcomes.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from hub import clock
from hub.assets import states
from hub.assets.models import Asset, Version
from hub.db import id_of
from hub.deals import pipeline
from hub.errors import Conflict, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.usage import listing
from hub.usage.models import Feedback, Opinion
from hub.usage.schemas import FeedbackIn, FeedbackOut


def give(session: Session, actor: Actor, asset: Asset, given: FeedbackIn) -> tuple[FeedbackOut, bool]:
    """Say it of the live version; whether it is new. The same id again changes nothing. Raises NotAllowed, NotFound
    for an unknown deal, Conflict for an asset that is not live."""
    require(actor, Deed.GIVE_FEEDBACK)
    if actor.id is None:
        raise Conflict("Feedback is given by a person.")
    before = _sent_before(session, actor.id, given.caller_id)
    if before is not None:
        return _shown(session, [before])[0], False
    if session.exec(select(Asset.id).where(Asset.id == asset.id, states.is_live())).first() is None:
        raise Conflict(f"{asset.slug!r} is not live. Notes on a draft belong to its review.")
    deal = pipeline.find(session, given.deal.source, given.deal.external_id) if given.deal is not None else None
    said = Feedback(
        asset_id=id_of(asset),
        version_id=asset.live_version_id,
        person_id=actor.id,
        caller_id=given.caller_id,
        opinion=given.opinion.value,
        note=given.note,
        deal_id=id_of(deal) if deal is not None else None,
        said_at=clock.now(),
    )
    session.add(said)
    session.flush()
    subject = ("asset", asset.id, asset.slug)
    told = {"opinion": said.opinion, "note": said.note, "feedback": said.id, "title": _title(session, asset)}
    record(session, EventName.FEEDBACK_GIVEN, actor_id=actor.id, subject=subject, **told)
    return _shown(session, [said])[0], True


def take_back(session: Session, actor: Actor, feedback_id: int) -> Feedback:
    """It is shown and counted no more. Harmless when repeated. Raises NotAllowed, NotFound."""
    said = session.get(Feedback, feedback_id, with_for_update=True)
    if said is None:
        raise NotFound(f"There is no feedback {feedback_id}.")
    require(actor, Deed.TAKE_BACK_FEEDBACK, own=actor.id is not None and said.person_id == actor.id)
    if said.taken_back_at is None:
        said.taken_back_at = clock.now()
        asset = session.get_one(Asset, said.asset_id)
        subject = ("asset", asset.id, asset.slug)
        record(session, EventName.FEEDBACK_TAKEN_BACK, actor_id=actor.id, subject=subject, feedback=said.id)
        session.flush()
    return said


def list_feedback(
    session: Session, actor: Actor, asset: Asset, *, limit: int, cursor: str | None = None
) -> Page[FeedbackOut]:
    """Newest first. Whoever may read the asset may read what was said of it."""
    require(actor, Deed.READ_LIVE)
    conditions = (Feedback.asset_id == asset.id, col(Feedback.taken_back_at).is_(None))
    query = select(Feedback).where(*conditions)
    if position := position_of(cursor, int):
        query = query.where(col(Feedback.id) < position[0])
    found = session.exec(query.order_by(col(Feedback.id).desc()).limit(limit + 1)).all()
    total = session.exec(select(func.count()).select_from(Feedback).where(*conditions)).one()
    page = found[:limit]
    following = cursor_of(id_of(page[-1])) if len(found) > limit else None
    return Page[FeedbackOut](items=_shown(session, page), total=total, next=following)


def latest(session: Session, actor: Actor, asset: Asset, *, limit: int) -> list[FeedbackOut]:
    """The newest few, for a page that has the counts already."""
    require(actor, Deed.READ_LIVE)
    conditions = (Feedback.asset_id == asset.id, col(Feedback.taken_back_at).is_(None))
    query = select(Feedback).where(*conditions).order_by(col(Feedback.id).desc())
    return _shown(session, session.exec(query.limit(limit)).all())


def counts(session: Session, asset: Asset) -> dict[Opinion, int]:
    """How often each opinion was given of it, in the order of `Opinion`."""
    query = select(Feedback.opinion, func.count()).where(
        Feedback.asset_id == asset.id, col(Feedback.taken_back_at).is_(None)
    )
    found = dict(session.exec(query.group_by(col(Feedback.opinion))).all())
    return {one: found[one.value] for one in Opinion if one.value in found}


def _sent_before(session: Session, person_id: int, caller_id: str) -> Feedback | None:
    same = (Feedback.person_id == person_id, Feedback.caller_id == caller_id)
    return session.exec(select(Feedback).where(*same)).first()


def _title(session: Session, asset: Asset) -> str:
    version = session.get(Version, asset.live_version_id) if asset.live_version_id else None
    return version.title if version is not None else asset.slug


def _shown(session: Session, found: Sequence[Feedback]) -> list[FeedbackOut]:
    people = listing.people_by_id(session, (it.person_id for it in found))
    deals = listing.deals_by_id(session, (it.deal_id for it in found)) if any(it.deal_id for it in found) else {}
    wanted = {it.version_id for it in found} - {None}
    numbers: dict[int | None, int] = dict(
        session.exec(select(Version.id, Version.number).where(col(Version.id).in_(wanted))).all()
    )
    return [
        FeedbackOut(
            id=id_of(it),
            opinion=Opinion(it.opinion),
            note=it.note,
            person=people[it.person_id],
            version=numbers.get(it.version_id),
            deal=deals.get(it.deal_id) if it.deal_id is not None else None,
            said_at=it.said_at,
        )
        for it in found
    ]

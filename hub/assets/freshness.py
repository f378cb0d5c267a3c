"""Dates that are acted on: expiry, reminders, urgency that lapses, and «still right». And the figure: freshness."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from hub import clock
from hub.assets import approval, drafts, states
from hub.assets.models import (
    Asset,
    AssetAuthor,
    Confirmation,
    Publication,
    PublicationKind,
    Reminder,
    Status,
    Version,
    VersionTag,
)
from hub.assets.policy import require_on
from hub.assets.schemas import Freshness, FreshnessGroup, ReminderOut
from hub.db import Database, id_of
from hub.errors import Conflict, Fault, Invalid
from hub.events.names import EventName
from hub.events.record import record
from hub.people.models import Person
from hub.people.roles import Actor, Deed
from hub.taxonomy.models import Term

NOTICE_DAYS = (30, 7)
SHORTEST_RENEWAL = timedelta(days=90)
BATCH = 200


def confirm(
    session: Session, actor: Actor, asset: Asset, *, review_by: date | None = None, note: str = ""
) -> Confirmation:
    """«Still right»: the live text was read again, the next review date is set, and both are on record."""
    require_on(session, actor, Deed.CONFIRM, asset)
    if asset.live_version_id is None or asset.status == Status.RETIRED:
        raise Conflict(f"{asset.slug!r} has no live version that could be confirmed.")
    next_review = review_by or _next_review(session, asset)
    if next_review <= clock.today():
        fault = Fault(("body", "review_by"), "must be a day after today")
        raise Invalid("The next review date has to lie ahead.", errors=[fault])
    made = Confirmation(
        asset_id=id_of(asset),
        version_id=asset.live_version_id,
        confirmed_by=actor.id,
        confirmed_at=clock.now(),
        note=note,
        previous_review_by=asset.review_by,
        review_by=next_review,
    )
    session.add(made)
    asset.review_by = next_review
    states.refresh(session, asset)
    record(
        session, EventName.CONFIRMED, actor_id=actor.id, subject=("asset", asset.id, asset.slug),
        before=made.previous_review_by and made.previous_review_by.isoformat(), after=next_review.isoformat(),
        note=note,
    )  # fmt: skip
    return made


def act_on_dates(database: Database) -> None:
    """The worker's job: everything whose date has come, a batch a transaction."""
    while _in_batch(database, _assets_to_expire, _note_expiry):
        pass
    while _in_batch(database, _urgencies_to_lapse, approval.lapse_urgent):
        pass


def send_reminders(database: Database) -> int:
    """Tell the owners of live assets 30 and 7 days before a review or expiry date; each notice once.

    A notice is an event and a row that its owner sees (`GET /me/reminders`). Somebody who set a date nearer than a
    notice is not told of what they just did: only the nearest notice that applies is given.
    """
    told = 0
    with database.transaction() as session:
        for subject, name, column in (
            ("review", EventName.REVIEW_DUE, col(Asset.review_by)),
            ("expiry", EventName.EXPIRY_DUE, col(Asset.expires_on)),
        ):
            horizon = clock.today() + timedelta(days=max(NOTICE_DAYS))
            due = select(Asset).where(states.is_live(), column >= clock.today(), column <= horizon)
            assets = session.exec(due).all()
            known = _notices_given(session, subject, assets)
            for asset in assets:
                falls_on = asset.review_by if subject == "review" else asset.expires_on
                if falls_on is not None:
                    told += _remind(session, asset, subject, name, falls_on, known)
    return told


def reminders_for(session: Session, actor: Actor) -> list[ReminderOut]:
    """What the actor, as owner or author, was told and is still ahead or open; the nearest date first."""
    mine = select(AssetAuthor.asset_id).where(AssetAuthor.person_id == actor.id)
    query = (
        select(Reminder, Asset.slug, Version.title)
        .join(Asset, col(Asset.id) == Reminder.asset_id)
        .join(Version, col(Version.id) == Asset.live_version_id)
        .where(or_(col(Asset.owner_id) == actor.id, col(Asset.id).in_(mine)), states.is_live())
        .where(col(Reminder.falls_on) == _present_date())
        .order_by(col(Reminder.falls_on), col(Reminder.days_before))
    )
    nearest: dict[tuple[int, str], ReminderOut] = {}
    for row, slug, title in session.exec(query):
        told = ReminderOut(
            slug=slug, title=title, subject=row.subject, falls_on=row.falls_on, days_before=row.days_before,
            told_at=row.told_at,
        )  # fmt: skip
        nearest.setdefault((row.asset_id, row.subject), told)
    return list(nearest.values())


def figures(session: Session) -> Freshness:
    """Shares of live assets within their review date, counted by the database in four statements."""
    today = clock.today()
    counts = (
        func.count(),
        func.count().filter(col(Asset.review_by) >= today),
        func.count().filter(col(Asset.review_by) < today),
    )
    live, fresh, overdue = session.exec(select(*counts).select_from(Asset).where(states.is_live())).one()
    owners = session.execute(
        sqlalchemy.select(col(Person.id), col(Person.name), *counts)
        .select_from(Asset)
        .outerjoin(Person, col(Person.id) == Asset.owner_id)
        .where(states.is_live())
        .group_by(col(Person.id), col(Person.name))
        .order_by(col(Person.name))
    ).all()
    return Freshness(
        today=today,
        all=_group("all", "All live assets", live, fresh, overdue),
        by_owner=[_group(str(key or ""), label or "nobody", *row) for key, label, *row in owners],
        by_persona=_by_term(session, "personas", counts),
        by_stage=_by_term(session, "stages", counts),
    )


def _by_term(session: Session, vocabulary: str, counts: tuple[Any, ...]) -> list[FreshnessGroup]:
    """Terms without a live asset are shown too: an empty persona is the thing to see."""
    tagged = (
        sqlalchemy.select(col(VersionTag.term_id), *counts)
        .join(Asset, col(Asset.live_version_id) == col(VersionTag.version_id))
        .where(states.is_live())
        .group_by(col(VersionTag.term_id))
    )
    by_id = {row[0]: tuple(row[1:]) for row in session.execute(tagged)}
    terms = select(Term).where(Term.vocabulary == vocabulary).order_by(col(Term.position), col(Term.key))
    return [_group(term.key, term.label, *by_id.get(term.id, (0, 0, 0))) for term in session.exec(terms)]


def _group(key: str, label: str, live: int, fresh: int, overdue: int) -> FreshnessGroup:
    undated = live - fresh - overdue
    share = fresh / live if live else None
    return FreshnessGroup(key=key, label=label, live=live, fresh=fresh, overdue=overdue, undated=undated, share=share)


def _next_review(session: Session, asset: Asset) -> date:
    """As far ahead as the last review date was from when it was set: the asset keeps its rhythm."""
    last = session.exec(
        select(Confirmation).where(Confirmation.asset_id == asset.id).order_by(col(Confirmation.id).desc())
    ).first()
    since = last.confirmed_at.date() if last else asset.created_at.date()
    rhythm = asset.review_by - since if asset.review_by else SHORTEST_RENEWAL
    return clock.today() + max(rhythm, SHORTEST_RENEWAL)


def _in_batch(
    database: Database, find: Callable[[], SelectOfScalar[Asset]], act: Callable[[Session, Asset], bool]
) -> bool:
    """Do `act` on up to a batch of the assets that `find` names; whether there may be more."""
    with database.transaction() as session:
        query = find().limit(BATCH).with_for_update(skip_locked=True)
        acted = [act(session, asset) for asset in session.exec(query).all()]
    return len(acted) == BATCH and any(acted)


def _assets_to_expire() -> SelectOfScalar[Asset]:
    return select(Asset).where(Asset.status == Status.PUBLISHED, col(Asset.expires_on) < clock.today())


def _note_expiry(session: Session, asset: Asset) -> bool:
    states.refresh(session, asset)
    day = asset.expires_on.isoformat() if asset.expires_on else None
    record(session, EventName.EXPIRED, actor_id=None, subject=("asset", asset.id, asset.slug), expired_on=day)
    return True


def _urgencies_to_lapse() -> SelectOfScalar[Asset]:
    running = select(Publication.asset_id).where(
        Publication.kind == PublicationKind.URGENT,
        col(Publication.ended_at).is_(None),
        col(Publication.lapses_at) <= clock.now(),
    )
    return select(Asset).where(col(Asset.id).in_(running))


def _notices_given(session: Session, subject: str, assets: Iterable[Asset]) -> set[tuple[int, date, int]]:
    ids = [asset.id for asset in assets]
    rows = session.exec(select(Reminder).where(Reminder.subject == subject, col(Reminder.asset_id).in_(ids)))
    return {(row.asset_id, row.falls_on, row.days_before) for row in rows}


def _remind(
    session: Session, asset: Asset, subject: str, name: EventName, falls_on: date, known: set[tuple[int, date, int]]
) -> int:
    left = (falls_on - clock.today()).days
    notice = min(days for days in NOTICE_DAYS if left <= days)
    if (asset.id, falls_on, notice) in known:
        return 0
    session.add(
        Reminder(asset_id=id_of(asset), subject=subject, falls_on=falls_on, days_before=notice, told_at=clock.now())
    )
    people = [asset.owner_id, *(who for ids in drafts.details_of(session, asset).authors.values() for who in ids)]
    record(
        session, name, actor_id=None, subject=("asset", asset.id, asset.slug), falls_on=falls_on.isoformat(),
        days_before=notice, people=list(dict.fromkeys(who for who in people if who is not None)),
    )  # fmt: skip
    return 1


def _present_date() -> ColumnElement[date | None]:
    """The date that a reminder is about, as the asset has it now: a notice of a date that was moved is over."""
    return case((col(Reminder.subject) == "review", col(Asset.review_by)), else_=col(Asset.expires_on))

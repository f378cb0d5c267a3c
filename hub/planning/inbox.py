"""The inbox: what a person was told, and what waits for them now. The second half is looked up, never copied: it goes
by itself when it is done."""

from datetime import date
from typing import Any

from sqlalchemy import exists
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from hub import clock
from hub.assets import freshness, library
from hub.assets.models import Asset, Decision, Review, Status, Submission
from hub.assets.policy import drafts_seen_by
from hub.db import id_of
from hub.errors import NotFound
from hub.paging import cursor_of, position_of
from hub.people.roles import SIGNING_TEAMS, Actor, Deed, may, require
from hub.planning import brief_lists
from hub.planning.models import Brief, BriefState, Notice, Request
from hub.planning.schemas import Inbox, NoticeOut, Waiting
from hub.usage.models import StageQuestion


def inbox(session: Session, actor: Actor, *, unseen: bool, limit: int, cursor: str | None) -> Inbox:
    """Newest first, `unseen` ones alone if asked for. The same few statements whatever the number of rows."""
    require(actor, Deed.READ_INBOX)
    mine = Notice.person_id == actor.id
    shown = (mine, col(Notice.seen_at).is_(None)) if unseen else (mine,)
    count = select(func.count(), func.count().filter(col(Notice.seen_at).is_(None))).select_from(Notice)
    everything, new = session.exec(count.where(mine)).one()
    query = select(Notice).where(*shown)
    if position := position_of(cursor, int):
        query = query.where(col(Notice.id) < position[0])
    found = session.exec(query.order_by(col(Notice.id).desc()).limit(limit + 1)).all()
    page = found[:limit]
    return Inbox(
        items=[_shown(it) for it in page],
        total=new if unseen else everything,
        next=cursor_of(id_of(page[-1])) if len(found) > limit else None,
        unseen=new,
        waiting=waiting(session, actor),
    )


def see(session: Session, actor: Actor, notice_id: int, *, seen: bool) -> NoticeOut:
    """Mark one's own notice as seen, or as new again. Raises NotFound for anybody else's."""
    require(actor, Deed.READ_INBOX)
    notice = session.get(Notice, notice_id)
    if notice is None or notice.person_id != actor.id:
        raise NotFound(f"There is no notice {notice_id} in your inbox.")
    notice.seen_at = (notice.seen_at or clock.now()) if seen else None
    session.flush()
    return _shown(notice)


def see_all(session: Session, actor: Actor) -> int:
    """Answers how many were new."""
    require(actor, Deed.READ_INBOX)
    new = session.exec(select(Notice).where(Notice.person_id == actor.id, col(Notice.seen_at).is_(None))).all()
    for notice in new:
        notice.seen_at = clock.now()
    session.flush()
    return len(new)


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """What only this person, or somebody of their team, can do: the longest waiting first."""
    found = [*_reviews(session, actor), *_questions(session, actor), *_requests(session, actor)]
    found += [*_briefs(session, actor), *_reminders(session, actor)]
    return sorted(found, key=lambda it: (it.since, it.kind, it.link))


def count(session: Session, actor: Actor) -> int:
    """How much asks for a look: new notices, open questions about one's deals, reviews of one's team. One statement,
    for the number beside the inbox on every page; what is long work (requests, briefs, reminders) is not counted."""
    unseen = select(func.count()).where(Notice.person_id == actor.id, col(Notice.seen_at).is_(None))
    asked = (StageQuestion.person_id == actor.id, col(StageQuestion.answered_at).is_(None))
    parts = [unseen.scalar_subquery(), select(func.count()).where(*asked).scalar_subquery()]
    if actor.team in SIGNING_TEAMS and may(actor, Deed.REVIEW):
        parts.append(reviews_waiting(actor).scalar_subquery())
    return sum(int(number) for number in session.execute(sql_select(*parts)).one())


def reviews_waiting(actor: Actor) -> Any:
    """Open submissions without an approval of the team that still stands, as `library.review_queue` finds them."""
    later = aliased(Review)
    same = (col(later.version_id) == Review.version_id, col(later.team) == Review.team, col(later.id) > Review.id)
    signed = exists().where(
        col(Review.version_id) == Submission.version_id,
        col(Review.team) == actor.team,
        col(Review.decision) == Decision.APPROVED,
        ~exists().where(*same),
    )
    query = select(func.count()).select_from(Submission).join(Asset, col(Asset.id) == Submission.asset_id)
    return query.where(
        col(Submission.closed_at).is_(None), col(Asset.status) != Status.RETIRED, drafts_seen_by(actor), ~signed
    )


def _reviews(session: Session, actor: Actor) -> list[Waiting]:
    if actor.team not in SIGNING_TEAMS or not may(actor, Deed.REVIEW):
        return []
    return [
        Waiting(
            kind="review",
            text=f"“{it.title}” waits for the decision of {actor.team}.",
            link=f"/reviews/{it.slug}/{it.version}",
            since=it.since,
        )
        for it in library.review_queue(session, actor, team=actor.team)
    ]


def _questions(session: Session, actor: Actor) -> list[Waiting]:
    open_ones = (StageQuestion.person_id == actor.id, col(StageQuestion.answered_at).is_(None))
    query = select(func.count(), func.min(StageQuestion.asked_at)).select_from(StageQuestion).where(*open_ones)
    many, first = session.exec(query).one()
    if not many:
        return []
    text = f"{many} deals moved on: say what you used." if many > 1 else "A deal moved on: say what you used."
    return [Waiting(kind="stage_questions", text=text, link="/inbox#questions", since=first)]


def _requests(session: Session, actor: Actor) -> list[Waiting]:
    taken = select(Request).where(Request.taken_by == actor.id, col(Request.closed_at).is_(None))
    return [
        Waiting(
            kind="request",
            text=f"You took this request{_due(it.due_on)}: {it.needed}",
            link=f"/requests/{it.id}",
            since=it.taken_at or it.made_at,
        )
        for it in session.exec(taken)
    ]


def _briefs(session: Session, actor: Actor) -> list[Waiting]:
    named = or_(col(Brief.marketing_author_id) == actor.id, col(Brief.sales_author_id) == actor.id)
    mine = session.exec(select(Brief).where(named, col(Brief.ended_at).is_(None))).all()
    states = brief_lists.states_of(session, mine)
    return [
        Waiting(
            kind="brief",
            text=f"You are an author of this brief{_due(it.due_on)}: {it.title}",
            link=f"/briefs/{it.id}",
            since=it.made_at,
        )
        for it, state in zip(mine, states, strict=True)
        if state in (BriefState.PLANNED, BriefState.WRITING)
    ]


def _reminders(session: Session, actor: Actor) -> list[Waiting]:
    what = {"review": "should be read again by", "expiry": "expires on"}
    return [
        Waiting(
            kind="reminder",
            text=f"“{it.title}” {what.get(it.subject, 'is due on')} {it.falls_on.isoformat()}.",
            link=f"/assets/{it.slug}",
            since=it.told_at,
        )
        for it in freshness.reminders_for(session, actor)
    ]


def _due(day: date | None) -> str:
    if day is None:
        return ""
    return f" (was due on {day})" if day < clock.today() else f" (due on {day})"


def _shown(notice: Notice) -> NoticeOut:
    return NoticeOut(
        id=id_of(notice),
        kind=notice.kind,
        subject=notice.subject_name,
        text=notice.text,
        link=notice.link,
        made_at=notice.made_at,
        seen_at=notice.seen_at,
    )

"""What to do next, for one person, in at most three lines: what stands under the empty search box.

Who sells begins with their deals, who signs or writes with what waits for them; nobody is shown what they cannot do.
"""

from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session, col, func, select

from hub.assets import freshness
from hub.events.names import EventName
from hub.people.roles import SIGNING_TEAMS, Actor, Deed, Team, may
from hub.planning.inbox import reviews_waiting
from hub.planning.models import Notice, Request
from hub.usage.models import StageQuestion, Use

MOST = 3
Kind = Literal["answer", "questions", "uses", "reviews", "requests", "reminder"]
# What comes first for whom; the rest of the list follows.
_SELLS: tuple[Kind, ...] = ("answer", "questions", "uses", "reviews", "reminder", "requests")
_WRITES: tuple[Kind, ...] = ("reviews", "requests", "reminder", "answer", "questions", "uses")


@dataclass(frozen=True, slots=True)
class NextStep:
    kind: Kind
    text: str
    link: str


def next_steps(session: Session, actor: Actor) -> list[NextStep]:
    """A few cheap statements; empty when nothing waits."""
    found: dict[Kind, NextStep] = {}
    for step in (
        _answer(session, actor),
        _questions(session, actor),
        _uses(session, actor),
        _reviews(session, actor),
        _requests(session, actor),
        _reminder(session, actor),
    ):
        if step is not None:
            found[step.kind] = step
    order = _SELLS if actor.team == Team.SALES else _WRITES
    return [found[kind] for kind in order if kind in found][:MOST]


def _answer(session: Session, actor: Actor) -> NextStep | None:
    unseen = (Notice.person_id == actor.id, col(Notice.seen_at).is_(None))
    query = select(Notice).where(*unseen, Notice.kind == EventName.REQUEST_FULFILLED.value)
    notice = session.exec(query.order_by(col(Notice.id).desc()).limit(1)).first()
    return NextStep("answer", notice.text, notice.link) if notice is not None else None


def _questions(session: Session, actor: Actor) -> NextStep | None:
    asked = (StageQuestion.person_id == actor.id, col(StageQuestion.answered_at).is_(None))
    many = session.exec(select(func.count()).select_from(StageQuestion).where(*asked)).one()
    text = (
        "A deal moved on: say in one click what you used."
        if many == 1
        else f"{many} deals moved on: say what you used."
    )
    return NextStep("questions", text, "/inbox#questions") if many else None


def _uses(session: Session, actor: Actor) -> NextStep | None:
    unnamed = (
        Use.person_id == actor.id,
        col(Use.deal_id).is_(None),
        col(Use.deal_named_at).is_(None),
        col(Use.taken_back_at).is_(None),
    )
    many = session.exec(select(func.count()).select_from(Use).where(*unnamed)).one()
    text = "A use of yours has no deal yet." if many == 1 else f"{many} uses of yours have no deal yet."
    return NextStep("uses", text, "/uses") if many else None


def _reviews(session: Session, actor: Actor) -> NextStep | None:
    if actor.team not in SIGNING_TEAMS or not may(actor, Deed.REVIEW):
        return None
    many = session.execute(reviews_waiting(actor)).scalar_one()
    text = f"A text waits for the decision of {actor.team}." if many == 1 else f"{many} texts wait for {actor.team}."
    return NextStep("reviews", text, "/inbox#reviews") if many else None


def _requests(session: Session, actor: Actor) -> NextStep | None:
    if not may(actor, Deed.TAKE_REQUEST):
        return None
    open_ones = (col(Request.closed_at).is_(None), col(Request.taken_by).is_(None), Request.made_by != actor.id)
    many = session.exec(select(func.count()).select_from(Request).where(*open_ones)).one()
    text = "A request waits for somebody." if many == 1 else f"{many} requests wait for somebody."
    return NextStep("requests", text, "/inbox#requests") if many else None


def _reminder(session: Session, actor: Actor) -> NextStep | None:
    told = freshness.reminders_for(session, actor)
    if not told:
        return None
    first = told[0]
    text = "An asset of yours needs a look" if len(told) == 1 else f"{len(told)} assets of yours need a look"
    return NextStep("reminder", f"{text}: “{first.title}”.", "/inbox#reminders")

"""The board of briefs: a column for each state, in the order in which people put them.

What a brief's state is follows from its text, so most moves are not anybody's to make: a draft that is submitted is in
review, one that both teams signed is live. By hand a brief is taken into work and given back, what needs no text is
done, and briefs are put in order. Every other move is refused with what would make it so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from hub import clock
from hub.db import id_of
from hub.errors import Conflict
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor, Deed, require
from hub.planning import brief_lists, briefs, words
from hub.planning.models import Brief, BriefState
from hub.planning.schemas import BriefOut
from hub.planning.worth import SuggestionKind

COLUMNS = (BriefState.PLANNED, BriefState.WRITING, BriefState.IN_REVIEW, BriefState.LIVE)
SHOWN_LIVE = 12
_NAMES = {
    BriefState.PLANNED: "planned",
    BriefState.WRITING: "in work",
    BriefState.IN_REVIEW: "in review",
    BriefState.LIVE: "live",
    BriefState.DROPPED: "dropped",
}
_WITHOUT_TEXT = (SuggestionKind.PROMOTE, SuggestionKind.TEST)


@dataclass(frozen=True, slots=True)
class Card:
    """`moves` are the other columns that it may be put into by hand."""

    brief: BriefOut
    moves: tuple[BriefState, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Of what is live only the newest few stand here."""

    state: BriefState
    cards: Sequence[Card]


def board(session: Session, actor: Actor) -> list[Column]:
    """All briefs that run, and those that went live last. Raises NotAllowed."""
    require(actor, Deed.READ_PLAN)
    done = select(Brief).where(col(Brief.ended_at).is_not(None), col(Brief.dropped_by).is_(None))
    found = [*session.exec(_running()), *session.exec(done.order_by(col(Brief.ended_at).desc()).limit(SHOWN_LIVE))]
    assets = words.assets_of(session, [it.result_id for it in found])
    cards = [
        Card(shown, moves_of(brief, shown.state, briefs.has_text(brief, assets.get(brief.result_id or 0))))
        for brief, shown in zip(found, brief_lists.shown(session, found), strict=True)
    ]
    columns = []
    for state in COLUMNS:
        here = [card for card in cards if card.brief.state == state]
        if state == BriefState.LIVE:
            here = sorted(here, key=lambda card: card.brief.live_since or card.brief.made_at, reverse=True)[:SHOWN_LIVE]
        columns.append(Column(state, here))
    return columns


def moves_of(brief: Brief, state: BriefState, has_text: bool) -> tuple[BriefState, ...]:
    """The columns into which somebody may put it. `has_text`: whether something was written for it."""
    if has_text or state not in (BriefState.PLANNED, BriefState.WRITING):
        return ()
    other = BriefState.WRITING if state == BriefState.PLANNED else BriefState.PLANNED
    return (other, BriefState.LIVE) if brief.kind in _WITHOUT_TEXT else (other,)


def move(
    session: Session, actor: Actor, brief: Brief, *, to: BriefState, seen: BriefState, above: int | None = None
) -> None:
    """Into a column, below the brief `above` (None: first). `seen` is the state in which the caller saw it. Repeating
    changes nothing.

    Raises Conflict when it or its new neighbour has moved on meanwhile, and for a move that is nobody's to make.
    """
    require(actor, Deed.EDIT_BRIEF)
    running = session.exec(_running().with_for_update()).all()
    states = dict(zip([id_of(it) for it in running], brief_lists.states_of(session, running), strict=True))
    now = states.get(id_of(brief), briefs.state_now(session, brief))
    if now not in (seen, to):
        raise Conflict(
            f"“{brief.title}” is {_NAMES[now]} by now. You saw it as {_NAMES[seen]}: look at the board again.",
            state=now,
        )
    if now != to:
        _change_state(session, actor, brief, now, to)
        states[id_of(brief)] = to
    others = [it for it in running if states[id_of(it)] == to and it.id != brief.id]
    if brief.ended_at is None:
        _put(brief, others, above)
    session.flush()


def _running() -> SelectOfScalar[Brief]:
    return select(Brief).where(col(Brief.ended_at).is_(None)).order_by(col(Brief.place), col(Brief.id).desc())


def _change_state(session: Session, actor: Actor, brief: Brief, now: BriefState, to: BriefState) -> None:
    asset = words.assets_of(session, [brief.result_id]).get(brief.result_id or 0)
    if to not in moves_of(brief, now, briefs.has_text(brief, asset)):
        raise Conflict(_why_not(brief, now, to))
    if to == BriefState.LIVE:
        briefs.finish(session, actor, brief)
        return
    brief.begun_at = clock.now() if to == BriefState.WRITING else None
    people = [brief.marketing_author_id, brief.sales_author_id]
    session.flush()
    record(
        session, EventName.BRIEF_CHANGED, actor_id=actor.id, subject=("brief", brief.id, brief.title), people=people,
        changed=["state"], state=to,
    )  # fmt: skip


def _why_not(brief: Brief, now: BriefState, to: BriefState) -> str:
    if now == BriefState.LIVE:
        return f"“{brief.title}” is live. Plan a new brief if it should be written anew."
    if to == BriefState.IN_REVIEW:
        return "A brief is in review once its draft is submitted: then it moves by itself."
    if to == BriefState.LIVE:
        return "A brief is live once both teams approved its text: then it moves by itself."
    return f"“{brief.title}” has a text, so it stays {_NAMES[now]}. Drop the brief if it should not go on."


def _put(brief: Brief, others: Sequence[Brief], above: int | None) -> None:
    ids = [id_of(it) for it in others]
    if above is not None and above not in ids:
        raise Conflict("The brief that you put it below has moved on meanwhile: look at the board again.")
    at = ids.index(above) + 1 if above is not None else 0
    for place, one in enumerate([*others[:at], brief, *others[at:]], start=1):
        one.place = place

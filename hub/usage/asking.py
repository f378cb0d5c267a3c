"""Asking the owner of a deal what they used in a stage, when the deal has left it: a reaction to events of deals.

Only changes that the hub learns of within days are asked about. A history that an import brings is years of them, and
nobody remembers. Answers are `answering`'s.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from hub import clock
from hub.db import Database, id_of
from hub.deals.models import Deal, StageEntry
from hub.deals.telling import deals_told_of
from hub.events.models import Event
from hub.events.names import EventName
from hub.usage.lately import Searches, no_searches
from hub.usage.likely import LikelyAssets
from hub.usage.models import StageQuestion
from hub.usage.tags import DealTerms

EVENTS = ("deal.",)
ASK_WITHIN = timedelta(days=7)
_AT_A_TIME = 200
_SAME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Left:
    """A stage that a deal has left. `entered_at` is None for a deal without a stage history."""

    deal_id: int
    stage_id: int
    entered_at: datetime | None
    left_at: datetime

    def is_of(self, question: StageQuestion) -> bool:
        """Whether the question is about this stay, also where the moment of leaving was corrected."""
        if (self.deal_id, self.stage_id) != (question.deal_id, question.stage_id):
            return False
        if self.entered_at is not None and question.entered_at is not None:
            return self.entered_at == question.entered_at
        return abs(self.left_at - question.left_at) <= _SAME


class Asker:
    """The subscriber. `searches` tells what somebody looked for, as a hint to what they used."""

    def __init__(self, database: Database, searches: Searches = no_searches) -> None:
        self._database, self._searches = database, searches

    def react(self, events: Sequence[Event]) -> None:
        deal_ids = sorted({deal_id for event in events for deal_id in deals_told_of(event)})
        moves = _moves(events)
        for start in range(0, len(deal_ids), _AT_A_TIME):
            some = deal_ids[start : start + _AT_A_TIME]
            with self._database.reading() as session:  # most events leave nothing to ask
                todo = _Todo(session, some, moves)
            if todo.void or todo.new:
                with self._database.transaction() as session:
                    ask(session, some, moves, self._searches)


def ask(session: Session, deal_ids: Collection[int], moves: Mapping[int, Left], searches: Searches) -> int:
    """Make the questions about these deals equal to what is known of them; answers how many were added. `moves` are
    changes of deals that have no stage history."""
    query = select(Deal).where(col(Deal.id).in_(deal_ids)).order_by(col(Deal.id)).with_for_update()
    deals = {id_of(deal): deal for deal in session.exec(query)}
    todo = _Todo(session, deal_ids, moves)
    for question in todo.void:
        session.delete(question)
    terms, likely = DealTerms(session, deals.values()), LikelyAssets(session, searches)
    for stay in todo.new:
        deal = deals[stay.deal_id]
        session.add(
            StageQuestion(
                deal_id=stay.deal_id,
                stage_id=stay.stage_id,
                entered_at=stay.entered_at,
                left_at=stay.left_at,
                person_id=deal.owner_id or 0,  # only deals with an owner are asked about
                likely=likely.of(deal, terms, stay.stage_id, stay.entered_at, stay.left_at),
                asked_at=clock.now(),
            )
        )
    session.flush()
    return len(todo.new)


class _Todo:
    """`void` are questions without an answer about stays that are known no longer, `new` the stays to ask about."""

    def __init__(self, session: Session, deal_ids: Collection[int], moves: Mapping[int, Left]) -> None:
        there = session.exec(select(StageQuestion).where(col(StageQuestion.deal_id).in_(deal_ids))).all()
        entries = session.exec(
            select(StageEntry).where(col(StageEntry.deal_id).in_(deal_ids), col(StageEntry.superseded_at).is_(None))
        ).all()
        over = [Left(it.deal_id, it.stage_id, it.entered_at, it.left_at) for it in entries if it.left_at is not None]
        with_history = {entry.deal_id for entry in entries}
        over += [moves[deal_id] for deal_id in deal_ids if deal_id in moves and deal_id not in with_history]
        self.void = [
            question
            for question in there
            if question.answered_at is None
            and question.entered_at is not None
            and not any(stay.is_of(question) for stay in over)
        ]
        owned = select(Deal.id).where(col(Deal.id).in_(deal_ids), col(Deal.owner_id).is_not(None))
        askable = set(session.exec(owned))
        now = clock.now()
        lately = [it for it in over if it.deal_id in askable and now - ASK_WITHIN <= it.left_at <= now + _SAME]
        self.new: list[Left] = []
        for stay in lately:
            if not any(stay.is_of(question) for question in there) and stay not in self.new:
                self.new.append(stay)


def _moves(events: Sequence[Event]) -> dict[int, Left]:
    """The last change that each deal is told to have made. Whether it counts, its history decides."""
    found = {}
    for event in events:
        pairs: list[tuple[int, int | None]] = []
        if event.name == EventName.DEAL_STAGE_CHANGED and event.subject_id is not None:
            pairs = [(event.subject_id, event.data["before"])]
        elif event.name == EventName.DEALS_IMPORTED:
            pairs = [(int(deal_id), before) for deal_id, (before, _) in event.data.get("moved", {}).items()]
        for deal_id, stage_id in pairs:
            if stage_id is not None:
                found[deal_id] = Left(deal_id, stage_id, None, event.occurred_at)
    return found

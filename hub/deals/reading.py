"""What was so on a deal: now, on a day, and as it was known at a time. Lists and single deals are `pipeline`'s.

`day` asks what was so, `known_at` what the hub knew of it then; without one it is all that is known now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from hub.db import id_of
from hub.deals.lines import is_after
from hub.deals.models import Deal, DealContact, DealProduct, DealState, Outcome, StageEntry
from hub.taxonomy.journey import stages_of_deal_stages
from hub.taxonomy.models import Term


@dataclass(frozen=True, slots=True)
class StateOn:
    """What a deal was on a day. `amount` is in hundredths, `stage_id` a deal stage."""

    owner_id: int | None
    stage_id: int | None
    amount: int | None
    currency: str | None
    outcome: Outcome
    no_decision: bool


def stage_on(session: Session, deal: Deal, day: date, known_at: datetime | None = None) -> StageEntry | None:
    """The stay of the deal that covers this day by its stage history; of several the one entered last. None between
    stays, and without a history."""
    return _covering(stays(session, deal, known_at), day)


def stage_at(session: Session, deal: Deal, moment: datetime, known_at: datetime | None = None) -> StageEntry | None:
    """The same at a moment: on the day of a change the times decide, where the source gives any."""
    running = [
        entry
        for entry in stays(session, deal, known_at)
        if entry.entered_at <= moment and (entry.left_at is None or not is_after(moment, entry.left_at))
    ]
    return running[-1] if running else None


def stays(session: Session, deal: Deal, known_at: datetime | None = None) -> list[StageEntry]:
    """The stage history in the order of entering."""
    query = select(StageEntry).where(StageEntry.deal_id == id_of(deal))
    if known_at is None:
        query = query.where(col(StageEntry.superseded_at).is_(None))
    else:
        still = or_(col(StageEntry.superseded_at).is_(None), col(StageEntry.superseded_at) > known_at)
        query = query.where(col(StageEntry.learnt_at) <= known_at, still)
    return sorted(session.exec(query), key=_order)


def state_on(session: Session, deal: Deal, day: date, known_at: datetime | None = None) -> StateOn | None:
    """Owner, stage, money and outcome on a day. None when the hub did not know the deal at `known_at`."""
    if known_at is not None and deal.learnt_at > known_at:
        return None
    known = [state for state in _states(session, deal) if known_at is None or state.learnt_at <= known_at]
    in_force = [state for state in known if state.effective_at.date() <= day] or known[:1]
    state = max(in_force, key=lambda it: (it.effective_at, it.learnt_at))
    closing = _closing(known, day)
    entry = _covering(stays(session, deal, known_at), day)
    return StateOn(
        owner_id=state.owner_id,
        stage_id=entry.stage_id if entry is not None else state.stated_stage_id,
        amount=state.amount,
        currency=state.currency,
        outcome=Outcome(closing.outcome) if closing is not None else Outcome.OPEN,
        no_decision=closing is not None and closing.no_decision,
    )


def context_of(session: Session, deal: Deal) -> dict[str, frozenset[str]]:
    """What search may fit to the deal: the keys of its terms, `stage` being the buyer's journey's. What is not known
    is an empty set. Without a buyer persona the primary contact's counts, else those of all contacts."""
    ids = {
        "persona": _persona_ids(session, deal),
        "competitor": [deal.competitor_id],
        "industry": [deal.industry_id],
        "segment": [deal.segment_id],
        "product": session.exec(select(DealProduct.term_id).where(DealProduct.deal_id == id_of(deal))).all(),
    }
    keys = keys_of(session, (term_id for found in ids.values() for term_id in found))
    context = {name: frozenset(keys[it] for it in found if it is not None) for name, found in ids.items()}
    stage = stages_of_deal_stages(session).get(deal.stage_id) if deal.stage_id is not None else None
    return context | {"stage": frozenset([stage.key] if stage is not None else [])}


@dataclass(frozen=True, slots=True)
class DealInWords:
    """A deal in one line; `words` are its stage, persona and competitor as far as they are known."""

    source: str
    external_id: str
    name: str
    outcome: Outcome
    words: tuple[str, ...]


def in_words(session: Session, source: str, external_id: str) -> DealInWords | None:
    """One statement; None for a deal that the hub does not know."""
    stage, persona, competitor = aliased(Term), aliased(Term), aliased(Term)
    query = (
        sql_select(col(Deal.name), col(Deal.outcome), *(col(term.label) for term in (stage, persona, competitor)))
        .outerjoin(stage, col(stage.id) == Deal.stage_id)
        .outerjoin(persona, col(persona.id) == Deal.persona_id)
        .outerjoin(competitor, col(competitor.id) == Deal.competitor_id)
        .where(col(Deal.external_id) == external_id, col(Deal.source) == source)
    )
    row = session.execute(query).first() if external_id.isprintable() and source.isprintable() else None
    if row is None:
        return None
    name, outcome, *labels = row
    against = [f"against {labels[2]}"] if labels[2] else []
    words = (*(label for label in labels[:2] if label), *against)
    return DealInWords(source, external_id, name or external_id, Outcome(outcome), words)


def keys_of(session: Session, term_ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {term_id for term_id in term_ids if term_id is not None}
    if not wanted:
        return {}
    return {
        term_id or 0: key for term_id, key in session.exec(select(Term.id, Term.key).where(col(Term.id).in_(wanted)))
    }


def _states(session: Session, deal: Deal) -> list[DealState]:
    """In the order in which the hub learnt them; of a deal that never changed what it is."""
    query = select(DealState).where(DealState.deal_id == id_of(deal))
    found = sorted(session.exec(query), key=lambda it: (it.learnt_at, it.id or 0))
    return found or [
        DealState(
            deal_id=id_of(deal),
            effective_at=deal.created_at or deal.learnt_at,
            learnt_at=deal.learnt_at,
            owner_id=deal.owner_id,
            stated_stage_id=deal.stated_stage_id,
            amount=deal.amount,
            currency=deal.currency,
            outcome=deal.outcome,
            no_decision=deal.no_decision,
            closed_at=deal.closed_at,
        )
    ]


def _closing(known: Sequence[DealState], day: date) -> DealState | None:
    """What had closed the deal by this day, looked for from the newest knowledge back: a deal may have been lost,
    reopened and won, and the closing is often learnt late."""
    for state in reversed(known):
        if state.outcome == Outcome.OPEN:
            if state.effective_at.date() <= day:
                return None
        elif (state.closed_at or state.effective_at).date() <= day:
            return state
    return None


def _covering(entries: Sequence[StageEntry], day: date) -> StageEntry | None:
    covering = [
        entry
        for entry in entries
        if entry.entered_at.date() <= day and (entry.left_at is None or entry.left_at.date() >= day)
    ]
    return covering[-1] if covering else None


def _order(entry: StageEntry) -> tuple[datetime, bool, datetime, int]:
    return entry.entered_at, entry.left_at is None, entry.left_at or entry.entered_at, entry.stage_id


def _persona_ids(session: Session, deal: Deal) -> list[int | None]:
    if deal.persona_id is not None:
        return [deal.persona_id]
    contacts = session.exec(select(DealContact).where(DealContact.deal_id == id_of(deal))).all()
    return [it.persona_id for it in contacts if it.is_primary] or [it.persona_id for it in contacts]

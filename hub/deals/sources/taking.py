"""Making deals of what a CRM says: the saying joins the facts of its deal, and the deal is made equal to them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select, update

from hub import clock
from hub.db import Database
from hub.deals import changes, intake
from hub.deals.models import Deal, Outcome, StageEntry
from hub.deals.sources.folding import fold
from hub.deals.sources.models import SaidDeal, WebhookReceipt
from hub.deals.sources.names import CrmNames
from hub.deals.sources.said import Facts, Said, join, written
from hub.errors import Invalid
from hub.people.roles import HUB
from hub.taxonomy.models import Term

# Salesforce has no ids of stages: what it calls one is what people read.
LABELS_ARE_IDS = frozenset({"salesforce"})
_BATCH = 200


def take(session: Session, source: str, said: Said) -> str:
    """Join a saying (one without a reason) and make the deal anew. Answers why it could not be made, or "". Others who
    write deals have to wait already (`changes.wait_for_others`)."""
    external_id = said.external_id or ""
    row = session.get(SaidDeal, (source, external_id))
    before = row.facts if row is not None else _facts_before(session, source, external_id)
    facts, now = join(before, said), clock.now()
    if row is None:
        row = SaidDeal(source=source, external_id=external_id, facts=facts, heard_at=now)
    row.facts, row.heard_at = facts, now
    session.add(row)
    session.flush()
    return _make(session, row)


def make_anew(database: Database, source: str, *, all_of_them: bool = False) -> int:
    """Make the deals again whose names were not all known (or all of them, when a name has changed), some at a time.
    Answers how many it looked at."""
    after, done = "", 0
    while True:
        with database.transaction() as session:
            changes.wait_for_others(session)
            query = select(SaidDeal).where(SaidDeal.source == source, SaidDeal.external_id > after)
            if not all_of_them:
                query = query.where(SaidDeal.misses)
            rows = session.exec(query.order_by(col(SaidDeal.external_id)).limit(_BATCH)).all()
            for row in rows:
                _make(session, row)
        done += len(rows)
        if len(rows) < _BATCH:
            return done
        after = rows[-1].external_id


def _make(session: Session, row: SaidDeal) -> str:
    names = CrmNames(session, row.source, labels_are_ids=row.source in LABELS_ARE_IDS)
    known = _known(session, row)
    folded = fold(row.facts, names, Outcome(known.outcome) if known is not None else None)
    waits = folded.waits
    if folded.deal is not None:
        try:
            with session.begin_nested():
                intake.put(session, HUB, row.source, row.external_id, folded.deal)
        except Invalid as error:
            waits = error.detail
    row.misses = folded.misses
    session.add(row)
    if not waits:
        _clear_reasons(session, row)
    session.flush()
    return waits


def _known(session: Session, row: SaidDeal) -> Deal | None:
    query = select(Deal).where(Deal.external_id == row.external_id, Deal.source == row.source)
    return session.exec(query).one_or_none()


def _clear_reasons(session: Session, row: SaidDeal) -> None:
    """What earlier events of the deal waited for is there."""
    waited = update(WebhookReceipt).where(
        col(WebhookReceipt.external_id) == row.external_id,
        col(WebhookReceipt.source) == row.source,
        col(WebhookReceipt.reason).startswith(WAITS, autoescape=True),
    )
    session.exec(waited.values(reason=None))


WAITS = "waits: "


def _facts_before(session: Session, source: str, external_id: str) -> Facts:
    """The history of a deal that came another way, by a table say: events must add to it, not take its place."""
    query = (
        select(StageEntry, Term.label)
        .join(Deal, col(Deal.id) == StageEntry.deal_id)
        .join(Term, col(Term.id) == StageEntry.stage_id)
        .where(Deal.external_id == external_id, Deal.source == source, col(StageEntry.superseded_at).is_(None))
    )
    moments = sorted(_moments(session.exec(query)))
    return {"whole": [moments[-1][0], "", [list(it) for it in moments]]} if moments else {}


def _moments(entries: Any) -> Iterator[tuple[str, str, Any]]:
    for entry, label in entries:
        left: datetime | None = entry.left_at
        yield written(entry.entered_at), "label", label
        if left is not None:
            yield written(max(left, entry.entered_at)), "left", entry.result or ""

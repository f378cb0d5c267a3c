"""Deals for tests: one through the door that programs use, or tables of them as text."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from hub.db import Database
from hub.deals import intake
from hub.deals.import_rows import DealMapping, StageMapping
from hub.deals.imports import import_deals, import_stages
from hub.deals.models import Account, Deal, DealProduct, StageEntry, WaitingStage
from hub.deals.schemas import DealIn
from hub.events.models import Event
from hub.imports.report import ImportReport
from hub.people.models import Person
from hub.people.roles import HUB
from hub.taxonomy.models import Term


def make_deal(session: Session, external_id: str, *, source: str = "csv", **fields: Any) -> Deal:
    """A stored deal, open and created on 11 January 2027 unless said otherwise; fields as the API takes them."""
    given = {"outcome": "open", "created": "2027-01-11", **fields}
    return intake.put(session, HUB, source, external_id, DealIn.model_validate(given))


def table(columns: str, rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> str:
    """A CSV without quotes: `columns` joined by commas, then the rows."""
    lines = [columns.split(","), *([str(cell) for cell in row] for row in rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def bring_deals(
    database: Database, text: str | bytes, *, mapping: str = "", beside: Path | None = None
) -> ImportReport:
    data = text if isinstance(text, bytes) else text.encode()
    report = import_deals(database, io.BytesIO(data), mapping=DealMapping.of(mapping), beside=beside)
    return _sound(report)


def bring_stages(database: Database, text: str | bytes, *, mapping: str = "") -> ImportReport:
    data = text if isinstance(text, bytes) else text.encode()
    return _sound(import_stages(database, io.BytesIO(data), mapping=StageMapping.of(mapping)))


def refused(report: ImportReport) -> dict[int, tuple[str, str]]:
    return {it.row: (it.column, it.reason) for it in report.rejected}


def deal_named(session: Session, external_id: str, *, source: str = "csv") -> Deal:
    return session.exec(select(Deal).where(Deal.external_id == external_id, Deal.source == source)).one()


def everything(session: Session) -> dict[str, list[Any]]:
    """All that the tables say of deals, in words instead of ids, without the moments of learning: what must be the same
    whichever way the rows came."""
    words = {term.id: f"{term.label} ({term.confirmed})" for term in session.exec(select(Term))}
    people = {person.id: (person.name, person.email, person.team) for person in session.exec(select(Person))}
    accounts = {account.id: (account.external_id, account.name) for account in session.exec(select(Account))}
    deals = session.exec(select(Deal)).all()
    names = {deal.id: deal.external_id for deal in deals}
    entries = session.exec(select(StageEntry).where(col(StageEntry.superseded_at).is_(None)))
    products = session.exec(select(DealProduct))
    waiting = session.exec(select(WaitingStage))
    plain = ("source", "external_id", "name", "amount", "currency", "outcome", "no_decision", "created_at", "closed_at")
    refers = ("segment", "industry", "persona", "competitor", "lead_source", "lost_reason", "stage", "stated_stage")
    return {
        "deals": sorted(
            (
                [getattr(it, name) for name in plain],
                [words.get(getattr(it, f"{name}_id")) for name in refers],
                [people.get(it.owner_id), accounts.get(it.account_id), it.extra],
            )
            for it in deals
        ),
        "stages": sorted(
            (names[it.deal_id], words[it.stage_id], it.entered_at, str(it.left_at), it.result) for it in entries
        ),
        "products": sorted((names[it.deal_id], words[it.term_id]) for it in products),
        "waiting": sorted(
            (it.external_id, words[it.stage_id], it.entered_at, str(it.left_at), it.result) for it in waiting
        ),
    }


def events_named(session: Session, *names: str) -> list[Event]:
    return list(session.exec(select(Event).where(col(Event.name).in_(names)).order_by(col(Event.id))))


def _sound(report: ImportReport) -> ImportReport:
    assert report.read == report.new + report.changed + report.unchanged + report.rejected_rows
    assert report.rejected_rows == len(report.rejected)
    return report

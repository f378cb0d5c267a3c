"""Uses for tests: recorded through the door that programs use, or tables of them as text."""

import io
import itertools
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlmodel import Session, col, select

from hub import clock
from hub.assets.models import Asset
from hub.db import Database
from hub.deals.models import Deal, StageEntry
from hub.imports.report import ImportReport
from hub.people.models import Person
from hub.people.roles import Actor
from hub.taxonomy.models import Term
from hub.usage import capture
from hub.usage.capture import Recorded
from hub.usage.import_rows import UseMapping
from hub.usage.imports import import_uses
from hub.usage.lines import UseLine
from hub.usage.listing import are_recalled
from hub.usage.models import Use

_numbers = itertools.count(1)


def make_line(asset: str | Asset, **fields: Any) -> UseLine:
    """A use of a minute ago, inserted by the extension, unless said otherwise."""
    name = asset if isinstance(asset, str) else asset.slug
    occurred = clock.now() - timedelta(minutes=1)
    line = UseLine(str(uuid.UUID(int=next(_numbers))), name, "inserted", occurred, channel="extension")
    return replace(line, **fields)


def record(session: Session, actor: Actor, *lines: UseLine) -> Recorded:
    placed = [replace(line, place=place) for place, line in enumerate(lines)]
    return capture.record(session, actor, placed)


def make_use(session: Session, actor: Actor, asset: str | Asset, **fields: Any) -> Use:
    """One that was recorded; `deal` may be a stored deal."""
    deal = fields.get("deal")
    if isinstance(deal, Deal):
        fields["deal"] = (deal.source, deal.external_id)
    line = make_line(asset, **fields)
    assert record(session, actor, line).accepted == 1
    return use_named(session, line.external_id, source=f"person:{actor.id}")


def use_named(session: Session, external_id: str, *, source: str = "csv") -> Use:
    return session.exec(select(Use).where(Use.external_id == external_id, Use.source == source)).one()


def bring_uses(database: Database, text: str | bytes, *, mapping: str = "") -> ImportReport:
    data = text if isinstance(text, bytes) else text.encode()
    report = import_uses(database, io.BytesIO(data), mapping=UseMapping.of(mapping))
    assert report.read == report.new + report.changed + report.unchanged + report.rejected_rows
    return report


def enter(
    session: Session,
    deal: Deal,
    stage: Term,
    entered: datetime,
    left: datetime | None = None,
    result: str | None = None,
) -> StageEntry:
    """A stay of the deal in a stage, as if a source had just told of it."""
    assert deal.id is not None
    assert stage.id is not None
    entry = StageEntry(
        deal_id=deal.id, stage_id=stage.id, entered_at=entered, left_at=left, result=result, learnt_at=clock.now()
    )
    session.add(entry)
    session.flush()
    return entry


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are run inside the block."""
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(arguments[2])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def everything(session: Session) -> list[tuple[Any, ...]]:
    """All uses in words instead of ids, without the moments of arrival: what must be the same whichever way they
    came."""
    uses: Sequence[Use] = session.exec(select(Use).order_by(col(Use.source), col(Use.external_id))).all()
    deals = {it.id: (it.source, it.external_id) for it in session.exec(select(Deal))}
    people = {it.id: it.name for it in session.exec(select(Person))}
    assets = {it.id: it.slug for it in session.exec(select(Asset))}
    return [
        (
            it.source,
            it.external_id,
            assets[it.asset_id],
            it.version_id,
            people.get(it.person_id),
            deals.get(it.deal_id, (it.deal_source, it.deal_ref)),
            it.deal_id is None,
            it.action,
            it.channel,
            it.occurred_at,
            it.said_at,
            it.taken_back_at is not None,
            mark,
        )
        for it, mark in zip(uses, are_recalled(session, uses), strict=True)
    ]

"""Figures counted beforehand equal what counting the rows gives, whatever happened in which order."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlmodel import Session, col, func, select, update

from hub import clock
from hub.db import Database
from hub.events.models import Event
from hub.insights.evidence import LOST, WON, History
from hub.insights.inputs import Inputs
from hub.insights.models import AssetUse, FigureMark, MonthFigure
from hub.insights.rollups import CAPTURE, MONTHS, USES, Figures
from hub.usage import capture
from hub.usage.lines import UseLine
from hub.usage.models import Use, uses
from tests.factories.deals import make_deal
from tests.factories.people import actor
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import add_assets, store


def react_to_all(database: Database, figures: Figures) -> None:
    """As the worker does: everything that was told, in one go."""
    with database.reading() as session:
        figures.react(session.exec(select(Event).order_by(col(Event.id))).all())


def counted(session: Session) -> dict[int, tuple[int, int]]:
    """Straight from the rows: uses and deals by asset, of the actions that count by default."""
    columns = (Use.asset_id, func.count(), func.count(func.distinct(Use.deal_id)))
    rows = select(*columns).where(Use.action != "viewed", col(Use.taken_back_at).is_(None)).group_by(uses.c.asset_id)
    return {asset: (many, deals) for asset, many, deals in session.exec(rows)}


def rolled_up(session: Session) -> dict[int, tuple[int, int]]:
    return {row.asset_id: (row.uses, row.deals) for row in session.exec(select(AssetUse))}


def a_world() -> History:
    return planted_world(6, deals=120, assets=8).history


def test_uses_are_counted_for_all_assets(database: Database) -> None:
    store(database, a_world())
    with database.transaction() as session:
        session.exec(update(Use).where(col(Use.id) % 7 == 0).values(action="viewed"))
        session.exec(update(Use).where(col(Use.id) % 5 == 0).values(taken_back_at=datetime.now(UTC)))
    figures = Figures(database, Inputs())
    figures.refresh()
    with database.reading() as session:
        assert rolled_up(session) == counted(session) != {}


def test_a_use_is_counted_when_it_is_told_and_goes_when_it_is_taken_back(database: Database) -> None:
    add_assets(database, 2)
    figures = Figures(database, Inputs())
    figures.refresh()
    with database.transaction() as session:
        make_deal(session, "D0")
        who = actor(session, role="contributor")
        line = UseLine(external_id="u", asset="A0", action="shared", occurred_at=datetime.now(UTC), deal=("csv", "D0"))
        capture.record(session, who, [line])
    react_to_all(database, figures)
    with database.reading() as session:
        [row] = session.exec(select(AssetUse)).all()
        assert (row.uses, row.recent, row.deals) == (1, 1, 1)
        assert row.last_used_at is not None
    react_to_all(database, figures)
    with database.transaction() as session:
        assert list(rolled_up(session).values()) == [(1, 1)]
        session.exec(update(Use).values(taken_back_at=datetime.now(UTC)))
    react_to_all(database, figures)
    with database.reading() as session:
        assert rolled_up(session) == {}


def test_after_an_import_of_many_the_job_counts(database: Database) -> None:
    """Nobody waits for a hundred thousand uses to be counted while they come in."""
    figures = Figures(database, Inputs())
    figures.refresh()
    store(database, planted_world(6, deals=60, assets=60, uses=8).history)
    react_to_all(database, figures)
    with database.reading() as session:
        assert rolled_up(session) == {}
        assert all(session.get_one(FigureMark, name).changed_at for name in (USES, MONTHS, CAPTURE))
    figures.refresh()
    with database.reading() as session:
        assert rolled_up(session) == counted(session)
        assert session.get_one(FigureMark, USES).changed_at is None


def test_days_that_pass_are_counted_too(database: Database) -> None:
    add_assets(database, 1)
    with database.transaction() as session:
        who = actor(session, role="contributor")
        capture.record(session, who, [UseLine("u", "A0", "shared", datetime.now(UTC))])
    figures = Figures(database, Inputs())
    figures.refresh()
    with database.reading() as session:
        assert session.exec(select(AssetUse.recent)).all() == [1]
    with clock.shifted(timedelta(days=91)):
        figures.refresh()
    with database.reading() as session:
        assert session.exec(select(AssetUse.recent)).all() == [0]


def test_months_hold_the_deals_that_closed_in_them(database: Database) -> None:
    history = a_world()
    store(database, history)
    Figures(database, Inputs()).refresh()
    deals = history.deals
    closed = deals.outcome >= LOST
    months = (np.datetime64("1970-01-01") + deals.closed[closed].astype(int)).astype("datetime64[M]")
    with database.reading() as session:
        rows = {row.month: row for row in session.exec(select(MonthFigure))}
    assert sum(row.won for row in rows.values()) == (deals.outcome == WON).sum()
    assert sum(row.created for row in rows.values()) == len(deals)
    for month in np.unique(months):
        here = months == month
        row = rows[month.astype("datetime64[D]").astype(date)]
        took = (deals.closed - deals.created)[closed][here]
        assert row.won == (deals.outcome[closed][here] == WON).sum()
        assert row.lost == (deals.outcome[closed][here] == LOST).sum()
        assert row.days_middle == pytest.approx(np.median(took))
        won = deals.amount[closed][here][deals.outcome[closed][here] == WON]
        assert row.won_amount == pytest.approx(np.round(won, 2).sum(), abs=0.01)


def test_no_decision_is_not_lost_and_money_without_a_rate_is_counted_apart(database: Database) -> None:
    closed = {"created": "2026-01-01", "closed": "2026-01-31"}
    with database.transaction() as session:
        make_deal(session, "a", outcome="won", amount=100, currency="EUR", **closed)
        make_deal(session, "b", outcome="won", amount=70, currency="GBP", **closed)
        make_deal(session, "c", outcome="lost", **closed)
        make_deal(session, "d", outcome="lost", lost_reason="No decision", **closed)
        make_deal(session, "e", amount=5, currency="EUR", created="2026-02-01")
    Figures(database, Inputs()).refresh()
    with database.reading() as session:
        row = session.get_one(MonthFigure, date(2026, 1, 1))
        assert (row.created, row.won, row.lost, row.no_decision) == (4, 2, 1, 1)
        assert (row.won_amount, row.other_currency) == (100, 1)
        assert (row.timed, row.days_low, row.days_middle, row.middle_low) == (4, 30, 30, None)
        assert session.get_one(MonthFigure, date(2026, 2, 1)).created == 1


def test_capture_is_kept_with_its_warnings(database: Database) -> None:
    store(database, a_world())
    Figures(database, Inputs()).refresh()
    with database.reading() as session:
        found = session.get_one(FigureMark, CAPTURE).figures
    assert set(found["shares"]) == {"won", "lost", "open", "no decision"}
    assert found["shares"]["won"]["captured"] > 0

"""From the database to arrays: the same as the tables that were imported, and what follows where sources say little."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlmodel import update

from hub.db import Database
from hub.errors import Invalid
from hub.insights.evidence import ADVANCED, LOST, OPEN, estimate
from hub.insights.inputs import Inputs
from hub.insights.loading import Loaded, load
from hub.insights.stage_order import pipeline_order
from hub.settings import Settings
from hub.usage.models import Use
from hub.usage.timing import days
from tests.factories.deals import make_deal
from tests.factories.worlds import history_of, planted_world
from tests.insights.stored_worlds import (
    STAGES,
    add_assets,
    deal_id,
    rounded,
    store,
    store_deals,
    store_stages,
    store_uses,
    term_id,
)


def loaded(database: Database, inputs: Inputs | None = None) -> Loaded:
    with database.reading() as session:
        return load(session, inputs or Inputs())


def test_a_world_that_was_imported_gives_the_same_evidence(database: Database) -> None:
    history = rounded(planted_world(3, deals=500, assets=20, owners=8).history)
    store(database, history)
    ours, theirs = estimate(loaded(database).history), estimate(history)
    assert ours.counted == theirs.counted
    assert np.abs(ours.findings.lift - theirs.findings.lift).max() < 1e-9
    assert np.abs(ours.findings.low - theirs.findings.low).max() < 1e-9
    assert (ours.findings.verdict == theirs.findings.verdict).all()
    assert np.abs(ours.findings.crude_lift - theirs.findings.crude_lift).max() < 1e-12


def test_stages_stand_in_the_order_in_which_deals_pass_them(database: Database) -> None:
    history = planted_world(4, deals=80, assets=3).history
    backwards = np.argsort(-history.entries.stage, kind="stable")
    add_assets(database, 3)
    store_deals(database, history)
    store_stages(database, history, backwards)
    found = loaded(database).known.stage_ids.tolist()
    with database.reading() as session:
        assert found == [term_id(session, "deal_stages", name) for name in STAGES[:3]]


def test_a_stage_that_few_deals_went_back_to_stays_where_most_have_it() -> None:
    deal = np.array([1, 1, 2, 2, 3, 3])
    stage = np.array([7, 5, 7, 5, 5, 7])
    entered = np.array([1.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    assert pipeline_order(deal, stage, entered, np.array([5, 7, 9])).tolist() == [7, 5]


def test_what_a_source_does_not_say_of_a_stay_follows_from_the_deal(database: Database) -> None:
    """A CRM that tells only when a stage was entered: a later stage was reached, the deal was lost in the last one."""
    stages = [{"stage": "one", "entered": "2026-01-05"}, {"stage": "two", "entered": "2026-02-05"}]
    with database.transaction() as session:
        make_deal(session, "lost", outcome="lost", created="2026-01-01", closed="2026-03-05", stages=stages)
        make_deal(session, "open", created="2026-01-01", stages=stages)
    found = loaded(database)
    entries = found.history.entries
    second, closed = days(datetime(2026, 2, 5, tzinfo=UTC)), days(datetime(2026, 3, 5, tzinfo=UTC))
    with database.reading() as session:
        ids = found.known.deal_ids.tolist()
        lost, still = (ids.index(deal_id(session, name)) for name in ("lost", "open"))
    of_lost, of_open = entries.deal == lost, entries.deal == still
    assert entries.result[of_lost].tolist() == [ADVANCED, LOST]
    assert entries.left[of_lost].tolist() == [second, closed]
    assert entries.result[of_open].tolist() == [ADVANCED, OPEN]


def test_a_deal_that_went_back_neither_passed_nor_lost_the_stage_that_it_left(database: Database) -> None:
    def at(*stages: tuple[str, int, str | None]) -> list[dict[str, object]]:
        return [{"stage": name, "entered": f"2026-0{month}-05", "result": result} for name, month, result in stages]

    with database.transaction() as session:
        for number in range(3):
            make_deal(session, f"plain {number}", created="2026-01-01", stages=at(("one", 1, None), ("two", 2, None)))
        back = at(("one", 1, None), ("two", 2, None), ("one", 3, None))
        make_deal(session, "back", created="2026-01-01", stages=back)
        known = deal_id(session, "back")
    found = loaded(database)
    mine = found.history.entries.deal == found.known.deal_ids.tolist().index(known)
    assert sorted(found.history.entries.result[mine].tolist()) == [OPEN, ADVANCED]


def test_uses_that_do_not_count_are_left_out(database: Database) -> None:
    """Taken back, of an action that is not counted, on a deal that nobody knows; a recalled one is marked."""
    history = history_of(
        [(0, 0, 20_000.0, 20_010.0, ADVANCED)],
        [(0, 0, 20_001.0), (0, 1, 20_002.0), (0, 0, 20_003.0), (0, 1, 20_030.0), (5, 0, 20_004.0)],
        closed=np.array([20_010.0]), created=np.array([20_000.0]), outcome=np.array([1]), owner=np.array([0]),
    )  # fmt: skip
    store(database, history)
    with database.transaction() as session:
        session.exec(update(Use).where(Use.external_id == "U0").values(taken_back_at=datetime.now(UTC)))
        session.exec(update(Use).where(Use.external_id == "U1").values(action="viewed"))
    uses = loaded(database).history.uses
    assert sorted(zip(uses.day.tolist(), uses.recalled.tolist(), strict=True)) == [(20_003.0, False), (20_030.0, True)]
    with_views = loaded(database, Inputs(actions=("viewed",))).history.uses
    assert with_views.day.tolist() == [20_002.0]


def test_a_deal_without_a_persona_has_its_primary_contacts(database: Database) -> None:
    contacts = [
        {"external_id": "c1", "name": "Ana", "role": "CFO"},
        {"external_id": "c2", "name": "Ben", "role": "Buyer", "primary": True},
    ]
    with database.transaction() as session:
        make_deal(session, "named", buyer_persona="CFO", contacts=contacts)
        make_deal(session, "unnamed", contacts=contacts)
    found = loaded(database)
    with database.reading() as session:
        by_deal = dict(zip(found.known.deal_ids.tolist(), found.history.deals.persona.tolist(), strict=True))
        assert by_deal[deal_id(session, "named")] == term_id(session, "personas", "CFO")
        assert by_deal[deal_id(session, "unnamed")] == term_id(session, "personas", "Buyer")


def test_amounts_are_turned_into_the_base_currency_at_declared_rates(database: Database) -> None:
    with database.transaction() as session:
        for name, currency in (("a", "EUR"), ("b", "EUR"), ("c", "USD"), ("d", "GBP"), ("e", None)):
            make_deal(session, name, amount=100, currency=currency)
    found = loaded(database, Inputs(rates={"USD": 0.5}))
    assert found.money.base == "EUR"
    with database.reading() as session:
        index = {name: found.known.deal_ids.tolist().index(deal_id(session, name)) for name in "abcde"}
    amount = found.history.deals.amount
    assert [amount[index[name]] for name in "abce"] == [100, 100, 50, 100]
    assert np.isnan(amount[index["d"]])
    assert "1 in GBP" in found.money.warnings()[0]


def test_moments_are_read_to_the_second_and_days_stay_days(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "a", created="2026-01-05T12:00:30Z")
        make_deal(session, "b", created="2026-01-05")
    created = sorted(loaded(database).history.deals.created.tolist())
    day = days(datetime(2026, 1, 5, tzinfo=UTC))
    assert created[0] == day
    assert created[1] == pytest.approx(day + (12 * 3600 + 30) / 86_400, abs=1e-9)


def test_an_empty_hub_gives_an_empty_history(database: Database) -> None:
    found = loaded(database)
    assert (len(found.history.deals), len(found.history.entries), len(found.history.uses)) == (0, 0, 0)
    assert estimate(found.history).missing


def test_an_action_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(Invalid, match="shared"):
        Inputs.of(Settings(evidence_counted_actions=["shred"]))


def test_a_deal_that_was_learnt_later_does_not_move_the_others(database: Database) -> None:
    history = planted_world(5, deals=60, assets=4).history
    store(database, history)
    before = loaded(database)
    with database.transaction() as session:
        make_deal(session, "late", created="2026-05-01")
    after = loaded(database)
    assert after.known.deal_ids[: len(before.known.deal_ids)].tolist() == before.known.deal_ids.tolist()
    store_uses(database, history)
    assert len(loaded(database).history.uses) == len(before.history.uses)

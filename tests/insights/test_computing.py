"""Runs: what they leave, what they leave alone, and what happens when they are stopped."""

import threading
from datetime import timedelta

import numpy as np
import pytest
from sqlmodel import Session, col, delete, select

from hub import clock
from hub.assets.models import Asset
from hub.db import Database
from hub.errors import Conflict
from hub.events.models import Event
from hub.events.names import EventName
from hub.insights import computing, runs, turns
from hub.insights.computing import Computer
from hub.insights.evidence import PROVEN, TOO_EARLY, History, estimate
from hub.insights.inputs import Inputs
from hub.insights.learnt import Learnt
from hub.insights.loading import load
from hub.insights.models import AssetEvidence, EvidenceCell, EvidenceRun, EvidenceState, Found, RunReason, RunState
from hub.insights.reading import bands, evidence_of
from tests.factories.deals import make_deal
from tests.factories.people import actor
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import (
    add_assets,
    computed,
    rounded,
    shown,
    store,
    store_deals,
    store_stages,
    store_uses,
)


def a_world(seed: int = 3) -> History:
    return rounded(planted_world(seed, deals=700, assets=12, owners=8, helping=3, effect=1.6).history)


def run_of(database: Database, run_id: int) -> EvidenceRun:
    with database.reading() as session:
        return runs.find(session, run_id)


def told(session: Session) -> list[Event]:
    return list(session.exec(select(Event).where(Event.name == EventName.VERDICT_CHANGED).order_by(col(Event.id))))


def test_a_run_keeps_what_the_estimator_finds(database: Database) -> None:
    history = a_world()
    store(database, history)
    run = run_of(database, computed(database, placebo=True))
    theirs = estimate(history).findings
    with database.reading() as session:
        rows = shown(session)
        kept = session.exec(select(Found).where(Found.run_id == run.id)).all()
        cells = session.exec(select(EvidenceCell)).all()
    assert len(rows) == len(kept) == history.assets
    for asset in range(history.assets):
        row = rows[f"A{asset}"]
        assert row.lift == pytest.approx(100 * theirs.lift[asset], abs=1e-7)
        assert (row.low, row.high) == pytest.approx((100 * theirs.low[asset], 100 * theirs.high[asset]), abs=1e-7)
        assert (row.n, row.advanced, row.verdict) == (theirs.n[asset], theirs.advanced[asset], theirs.verdict[asset])
    assert sum(row.verdict == PROVEN for row in rows.values()) >= 1
    assert cells
    assert run.state == RunState.COMPLETE
    assert run.figures["placebo"] == {"proven": 0, "goes_with_losing": 0}
    assert [one["stage"]["label"] for one in run.figures["stages"]] == ["discovery", "evaluation", "proposal"]
    assert run.figures["finished"]["finished"] == estimate(history).counted.finished


def test_assets_whose_verdict_changed_are_told_of_once(database: Database) -> None:
    store(database, a_world())
    computed(database)
    with database.reading() as session:
        first = told(session)
        rows = shown(session)
    named = {event.subject_id for event in first}
    proven = {row.asset_id for row in rows.values() if row.verdict == PROVEN}
    silent = {row.asset_id for row in rows.values() if row.verdict == TOO_EARLY and not row.band and not row.evidence}
    assert proven <= named
    assert not silent & named
    computed(database)
    with database.reading() as session:
        assert len(told(session)) == len(first)
        event = next(event for event in first if event.subject_id in proven)
        assert event.data["after"] == PROVEN
        assert event.subject_name == session.get_one(Asset, event.subject_id).slug


def test_search_is_told_bands_that_come_from_the_lower_end(database: Database) -> None:
    store(database, a_world())
    computed(database)
    with database.reading() as session:
        rows = {row.asset_id: row for row in shown(session).values()}
        found = bands(session, list(rows))
        hits = evidence_of(session, list(rows))
    best = max(rows.values(), key=lambda row: row.low or -100)
    assert best.verdict == PROVEN
    assert found[best.asset_id][0] == max(band for band, _, _ in found.values()) >= 1
    assert found[best.asset_id][2].startswith("proven to help")
    assert all(not band for asset, (band, _, _) in found.items() if (rows[asset].low or 0) <= 0)
    assert hits[best.asset_id] == {
        "verdict": PROVEN,
        "lift": round(best.lift or 0, 1),
        "low": round(best.low or 0, 1),
        "high": round(best.high or 0, 1),
        "deals": best.deals,
    }


def test_too_few_finished_deals_are_counted_and_nothing_is_claimed(database: Database) -> None:
    store(database, planted_world(2, deals=20, assets=4, owners=3).history)
    run = run_of(database, computed(database, placebo=True))
    with database.reading() as session:
        rows = shown(session)
        assert session.exec(select(EvidenceState)).first() is None
        assert session.exec(select(EvidenceCell)).first() is None
        assert told(session) == []
    assert run.missing.startswith("Not enough finished deals: ")
    assert run.figures["missing"]["finished"] == 300 - run.figures["finished"]["finished"] > 0
    assert {(row.verdict, row.lift) for row in rows.values()} == {(TOO_EARLY, None)}
    assert any(row.n for row in rows.values())


def test_a_run_on_an_empty_hub_ends_well(database: Database) -> None:
    run = run_of(database, computed(database))
    assert (run.state, bool(run.missing), run.figures["stages"]) == (RunState.COMPLETE, True, [])


def test_an_old_run_stays_as_it_was(database: Database) -> None:
    history = a_world()
    store(database, history)
    first = computed(database)
    with database.reading() as session:
        before = {row.asset_id: row.model_dump() for row in session.exec(select(Found).where(Found.run_id == first))}
    store_deals(database, rounded(planted_world(9, deals=900, assets=12).history))
    second = computed(database)
    with database.reading() as session:
        after = {row.asset_id: row.model_dump() for row in session.exec(select(Found).where(Found.run_id == first))}
        assert after == before
        assert {row.run_id for row in shown(session).values()} == {second}


def test_a_run_that_fails_leaves_the_last_one_as_it_was(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store(database, a_world())
    first = computed(database)

    def trouble(*_: object) -> None:
        raise ArithmeticError("the disk is full")

    monkeypatch.setattr(computing, "attribute", trouble)
    with pytest.raises(ArithmeticError):
        computed(database)
    with database.reading() as session:
        assert {row.run_id for row in shown(session).values()} == {first}
        failed = session.get_one(EvidenceRun, first + 1)
        assert (failed.state, failed.error) == (RunState.FAILED, "the disk is full")
        assert runs.latest_complete(session) == session.get_one(EvidenceRun, first)


def test_the_next_run_after_a_kill_starts_over(database: Database) -> None:
    """A killed process leaves a run that says that it runs; its turn went with it."""
    store(database, planted_world(2, deals=20, assets=4).history)
    with database.transaction() as session:
        session.add(EvidenceRun(state=RunState.RUNNING, reason=RunReason.NIGHTLY, asked_at=clock.now()))
    done = computed(database)
    with database.reading() as session:
        states = session.exec(select(EvidenceRun.state).order_by(col(EvidenceRun.id))).all()
    assert states == [RunState.INTERRUPTED, RunState.COMPLETE]
    assert run_of(database, done).state == RunState.COMPLETE


def test_the_worker_sees_that_a_run_has_died_and_starts_over(database: Database) -> None:
    store(database, planted_world(2, deals=20, assets=4).history)
    now = clock.now()
    with database.transaction() as session:
        dead = {"state": RunState.RUNNING, "reason": RunReason.NIGHTLY, "asked_at": now, "started_at": now}
        session.add(EvidenceRun.model_validate(dead))
    Computer(database, Inputs()).do_what_is_due()
    with database.transaction() as session:
        states = session.exec(select(EvidenceRun.state).order_by(col(EvidenceRun.id))).all()
        assert states == [RunState.INTERRUPTED, RunState.COMPLETE]
        assert runs.ask(session, actor(session, role="approver")).id == 3


def test_a_run_starts_from_where_the_last_one_ended(database: Database) -> None:
    store(database, a_world())
    computed(database)
    with database.reading() as session:
        learnt = Learnt.of(session.exec(select(EvidenceState)).one().learnt)
        loaded = load(session, Inputs())
    start = learnt.start_for(loaded.known)
    assert (start.effects == learnt.evidence.start.effects).all()
    again, anew = estimate(loaded.history, start=start), estimate(loaded.history)
    assert np.abs(again.findings.lift - anew.findings.lift).max() < 1e-6


def test_one_run_at_a_time(database: Database) -> None:
    """The turn is another process's, so to say: another connection has it."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.only_one(database):
            taken.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(30)
    with pytest.raises(Conflict, match="computed already"):
        computed(database)
    Computer(database, Inputs()).do_what_is_due()
    done.set()
    holder.join()
    with database.reading() as session:
        assert runs.how_many(session) == 0
    computed(database)


def test_progress_is_told_to_the_end(sqlite_database: Database) -> None:
    store(sqlite_database, a_world())
    seen: list[tuple[float, str]] = []
    Computer(sqlite_database, Inputs()).compute(progress=lambda share, doing: seen.append((share, doing)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert {"reading deals and uses", "following the money", "testing for false alarms", "writing"} <= {
        it for _, it in seen
    }


def test_stages_that_finish_during_the_day_move_what_is_shown(database: Database) -> None:
    history = a_world()
    add_assets(database, history.assets)
    store_deals(database, history)
    store_uses(database, history)
    late = np.arange(len(history.entries)) % 20 == 0
    store_stages(database, history, np.flatnonzero(~late))
    night = computed(database)
    computer = Computer(database, Inputs())
    assert computer.add_new_rows() == 0
    with database.reading() as session:
        before = shown(session)
        kept = session.exec(select(Found).where(Found.run_id == night)).all()
    store_stages(database, history, np.flatnonzero(late))
    assert computer.add_new_rows() > 0
    assert computer.add_new_rows() == 0
    with database.reading() as session:
        after = shown(session)
        assert session.exec(select(Found).where(Found.run_id == night)).all() == kept
    full = estimate(history).findings
    for asset in range(history.assets):
        name = f"A{asset}"
        assert after[name].n == full.n[asset] > before[name].n
        assert abs((after[name].lift or 0) - 100 * full.lift[asset]) < 2
        assert after[name].details["attribution"] == before[name].details["attribution"]
        assert after[name].touched_revenue == before[name].touched_revenue


def test_an_asset_published_since_the_night_is_shown_too(sqlite_database: Database) -> None:
    history = a_world()
    store(sqlite_database, history)
    computed(sqlite_database)
    add_assets(sqlite_database, 1, first=history.assets)
    with sqlite_database.transaction() as session:
        stages = [{"stage": "discovery", "entered": "2026-01-01", "left": "2026-01-20", "result": "lost"}]
        make_deal(session, "new", outcome="lost", created="2026-01-01", closed="2026-01-20", stages=stages)
    Computer(sqlite_database, Inputs()).add_new_rows()
    with sqlite_database.reading() as session:
        assert shown(session)[f"A{history.assets}"].verdict == TOO_EARLY


def test_the_nights_run_is_made_once_and_what_was_asked_for_at_once(database: Database) -> None:
    store(database, planted_world(2, deals=20, assets=4).history)
    computer = Computer(database, Inputs())
    computer.do_what_is_due()
    computer.do_what_is_due()
    with database.transaction() as session:
        assert session.exec(select(EvidenceRun.reason)).all() == [RunReason.NIGHTLY]
        approver = actor(session, role="approver")
        asked = runs.ask(session, approver)
        assert runs.ask(session, approver).id == asked.id
    computer.do_what_is_due()
    run = run_of(database, asked.id or 0)
    assert (run.state, run.reason, run.asked_by) == (RunState.COMPLETE, RunReason.ASKED, approver.id)
    with clock.shifted(timedelta(days=1)):
        computer.do_what_is_due()
    with database.reading() as session:
        assert runs.how_many(session) == 3


def test_a_hub_without_deals_makes_no_runs(database: Database) -> None:
    Computer(database, Inputs()).do_what_is_due()
    with database.reading() as session:
        assert runs.how_many(session) == 0


def test_of_old_months_the_last_run_keeps_its_rows(database: Database) -> None:
    store(database, planted_world(2, deals=20, assets=4).history)
    ids = []
    for days in (-75, -70, -1):
        with clock.shifted(timedelta(days=days)):
            ids.append(computed(database))
    ids.append(computed(database))
    with database.reading() as session:
        by_run = {run.id: run for run in session.exec(select(EvidenceRun))}
        kept = set(session.exec(select(Found.run_id).distinct()))
    months = {(by_run[it].cut_off or clock.now()).month for it in ids[:2]}
    assert kept == set(ids[1:] if len(months) == 1 else ids)
    assert by_run[ids[0]].has_rows is (len(months) > 1)
    assert by_run[ids[0]].figures["verdicts"] is not None


def test_a_state_that_cannot_be_read_costs_time_only(sqlite_database: Database) -> None:
    store(sqlite_database, a_world())
    computed(sqlite_database)
    with sqlite_database.transaction() as session:
        state = session.exec(select(EvidenceState)).one()
        state.learnt, state.seen_entry_id = b"of another age", 0
    assert Computer(sqlite_database, Inputs()).add_new_rows() == 0
    run = run_of(sqlite_database, computed(sqlite_database))
    assert run.state == RunState.COMPLETE


def test_what_was_learnt_comes_back_from_bytes_as_it_was(sqlite_database: Database) -> None:
    store(sqlite_database, a_world())
    with sqlite_database.reading() as session:
        loaded = load(session, Inputs())
    evidence = estimate(loaded.history)
    back = Learnt.of(Learnt(evidence, loaded.known).as_bytes())
    assert (back.known.deal_ids == loaded.known.deal_ids).all()
    assert (back.evidence.findings.verdict == evidence.findings.verdict).all()
    assert (back.evidence.sums.by_owner != evidence.sums.by_owner).nnz == 0
    assert back.evidence.counted == evidence.counted
    with pytest.raises(ValueError, match="cannot be read"):
        Learnt.of(b"x\x9c")


def test_rows_that_vanish_are_no_trouble_for_the_day(sqlite_database: Database) -> None:
    """Between the night and the day everything shown was taken away: it comes back."""
    history = a_world()
    store(sqlite_database, history)
    computed(sqlite_database)
    with sqlite_database.transaction() as session:
        session.exec(delete(AssetEvidence))
        session.exec(select(EvidenceState)).one().seen_entry_id = 0
    assert Computer(sqlite_database, Inputs()).add_new_rows() == history.assets

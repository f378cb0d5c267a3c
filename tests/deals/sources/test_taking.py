"""From recorded events to deals: any order, any repetition, and what is not known yet."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from hub import clock
from hub.db import Database
from hub.deals import pipeline
from hub.deals.models import DealPayload
from hub.deals.schemas import DealDetail
from hub.deals.sources import receipts, taking
from hub.deals.sources.models import SaidDeal, WebhookReceipt
from hub.deals.sources.said import Said
from tests.factories.crm import (
    HUBSPOT_STAGES,
    PIPEDRIVE_STAGES,
    SALESFORCE_STAGES,
    hubspot_said,
    name_owner,
    name_stages,
    payload,
    pipedrive_said,
    salesforce_said,
    take,
)
from tests.factories.deals import deal_named, events_named, everything, make_deal

HUBSPOT = hubspot_said(payload("hubspot_deal_won.json"))
SALESFORCE = salesforce_said(payload("salesforce_change_events.json"))
PIPEDRIVE = pipedrive_said(payload("pipedrive_deal.json"))


def know_everything(database: Database) -> None:
    with database.transaction() as session:
        name_stages(session, "hubspot", HUBSPOT_STAGES)
        name_owner(session, "hubspot", "77", "ben@example.com")
        name_owner(session, "hubspot", "78", "ana@example.com")
        name_stages(session, "salesforce", SALESFORCE_STAGES)
        name_stages(session, "pipedrive", PIPEDRIVE_STAGES)
        name_owner(session, "pipedrive", "12", "zoe@example.com")


def detail(session: Session, source: str, external_id: str) -> DealDetail:
    return pipeline.detail(session, deal_named(session, external_id, source=source))


def history(deal: DealDetail) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (it.stage.label, f"{it.entered:%m-%d}", f"{it.left:%m-%d}" if it.left else None, it.result)
        for it in deal.stages
    ]


def test_a_hubspot_deal_is_won_by_the_flag_of_its_stage_whatever_its_label(database: Database) -> None:
    know_everything(database)
    counts = take(database, "hubspot", *HUBSPOT)
    assert (counts.taken, counts.known, counts.kept) == (len(HUBSPOT), 0, 0)
    with database.reading() as session:
        deal = detail(session, "hubspot", "5901")
        assert (deal.name, deal.amount, deal.currency, deal.outcome) == (
            "Slotting for two sites",
            44313.69,
            "EUR",
            "won",
        )
        assert deal.owner is not None
        assert deal.owner.name == "ben"
        assert deal.closed == datetime(2027, 3, 2, 9, 0, 0, 490_000, tzinfo=UTC)
        # The stage that closes the deal is no stage that it got through.
        assert history(deal) == [
            ("Discovery", "02-06", "02-16", "advanced"),
            ("Proposal", "02-16", "03-02", "advanced"),
        ]
        assert deal.stage is not None
        assert deal.stage.label == "Proposal"
        assert session.exec(select(DealPayload.payload)).one()["eventId"] == 1600000003


def test_change_events_of_salesforce_give_the_history_and_the_loss(database: Database) -> None:
    know_everything(database)
    assert take(database, "salesforce", *SALESFORCE).kept == 0
    with database.reading() as session:
        deal = detail(session, "salesforce", "0065g00000ChChCAAV")
        assert (deal.name, deal.amount, deal.outcome) == ("Returns desk", None, "lost")
        assert history(deal) == [
            ("Prospecting", "01-11", "01-21", "advanced"),
            ("Negotiation/Review", "01-21", "01-31", "lost"),
        ]


def test_a_pipedrive_deal_that_is_reopened_and_won_tells_both(database: Database) -> None:
    know_everything(database)
    assert take(database, "pipedrive", *PIPEDRIVE[:3]).kept == 0
    with database.reading() as session:
        lost = detail(session, "pipedrive", "311")
        assert (lost.outcome, lost.lost_reason and lost.lost_reason.label) == ("lost", "Price")
        assert lost.closed == datetime(2027, 1, 31, 9, tzinfo=UTC)
    take(database, "pipedrive", *PIPEDRIVE[3:])
    with database.reading() as session:
        deal = detail(session, "pipedrive", "311")
        assert (deal.name, deal.amount, deal.outcome, deal.lost_reason) == (
            "Slotting for three sites",
            12000,
            "won",
            None,
        )
        assert history(deal) == [
            ("Demo", "01-11", "01-21", "advanced"),
            ("Offer", "01-21", "01-31", "lost"),
            ("Offer", "02-10", "02-20", "advanced"),
        ]
        assert [event.name for event in events_named(session, "deal.closed", "deal.reopened")] == [
            "deal.closed",
            "deal.reopened",
            "deal.closed",
        ]


def test_the_same_events_again_are_known_and_change_nothing(database: Database) -> None:
    know_everything(database)
    take(database, "hubspot", *HUBSPOT)
    with database.reading() as session:
        before, told = everything(session), len(events_named(session, "deal.changed"))
    again = take(database, "hubspot", *reversed(HUBSPOT))
    assert (again.taken, again.known, again.kept) == (0, len(HUBSPOT), 0)
    with database.reading() as session:
        assert everything(session) == before
        assert len(events_named(session, "deal.changed")) == told


def outcome_of(template: Path, folder: Path, source: str, events: Sequence[Said]) -> dict[str, Any]:
    """All that a hub says of deals after these events."""
    shutil.copy(template, folder / "hub.sqlite3")
    database = Database(f"sqlite:///{folder / 'hub.sqlite3'}")
    try:
        know_everything(database)
        take(database, source, *events)
        with database.reading() as session:
            found = everything(session)
            return {name: rows for name, rows in found.items() if name != "terms"}
    finally:
        database.close()


@pytest.mark.parametrize(
    ("source", "told"),
    [("hubspot", HUBSPOT), ("salesforce", SALESFORCE), ("pipedrive", PIPEDRIVE)],
    ids=["hubspot", "salesforce", "pipedrive"],
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_same_deal(
    sqlite_template: Path, tmp_path: Path, source: str, told: list[Said], data: st.DataObject
) -> None:
    expected = outcome_of(sqlite_template, tmp_path, source, told)
    order = data.draw(st.permutations(told))
    repeated = data.draw(st.lists(st.sampled_from(told), max_size=len(told)))
    assert outcome_of(sqlite_template, tmp_path, source, [*order, *repeated]) == expected


_STAGES = st.sampled_from([*HUBSPOT_STAGES, "gone", ""])
_CHANGES = st.one_of(
    st.tuples(st.just("dealstage"), _STAGES),
    st.tuples(st.just("amount"), st.sampled_from(["", "5", "7.50"])),
    st.tuples(st.just("dealname"), st.sampled_from(["", "One", "Two"])),
    st.tuples(st.just("hubspot_owner_id"), st.sampled_from(["", "77", "78", "999"])),
    st.tuples(st.just("closedate"), st.sampled_from(["1804000000000", "1804900000000"])),
    st.tuples(
        st.sampled_from(["hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost"]), st.sampled_from(["true", "false"])
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(_CHANGES, st.integers(0, 6)), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_any_order_of_any_history_gives_the_same_deal(
    sqlite_template: Path, tmp_path: Path, changes: list[tuple[tuple[str, str], int]], order: Any
) -> None:
    """Also with stages and owners that nobody has named, flags that contradict, and changes in one millisecond."""
    told = hubspot_said([change(number, *it) for number, it in enumerate(changes)])
    shuffled = told * 2
    order.shuffle(shuffled)
    assert outcome_of(sqlite_template, tmp_path, "hubspot", shuffled) == outcome_of(
        sqlite_template, tmp_path, "hubspot", told
    )


def change(number: int, said: tuple[str, str], minute: int) -> dict[str, Any]:
    name, value = said
    return {
        "eventId": number,
        "subscriptionType": "deal.propertyChange",
        "objectId": 1,
        "occurredAt": 1_803_000_000_000 + 60_000 * minute,
        "propertyName": name,
        "propertyValue": value,
    }


def test_a_deal_of_which_the_stage_is_not_known_waits_and_comes_when_it_is(database: Database) -> None:
    counts = take(database, "hubspot", *HUBSPOT[:8])
    assert (counts.taken, counts.kept) == (0, 8)
    with database.reading() as session:
        assert everything(session)["deals"] == []
        reasons = [it for it in session.exec(select(WebhookReceipt.reason)) if it]
    assert any("1182039" in reason for reason in reasons)
    know_everything(database)
    assert taking.make_anew(database, "hubspot") == 1
    with database.reading() as session:
        deal = detail(session, "hubspot", "5901")
        assert (deal.outcome, deal.stage and deal.stage.label) == ("open", "Proposal")
        assert deal.owner is not None
        assert [it for it in session.exec(select(WebhookReceipt.reason)) if it] == []
        assert [it.misses for it in session.exec(select(SaidDeal))] == [False]


def test_a_history_that_came_by_a_table_is_added_to(database: Database) -> None:
    know_everything(database)
    stages = [
        {"stage": "Discovery", "entered": "2026-12-01", "left": "2026-12-10", "result": "advanced"},
        {"stage": "Pilot", "entered": "2026-12-14"},
    ]
    with database.transaction() as session:
        make_deal(session, "5901", source="hubspot", stages=stages, created="2026-12-01", owner="Zoë")
    take(database, "hubspot", *[said for said in HUBSPOT if said.event_id == "1500000042"])
    with database.reading() as session:
        deal = detail(session, "hubspot", "5901")
        assert history(deal) == [
            ("Discovery", "12-01", "12-10", "advanced"),
            ("Pilot", "12-14", "02-16", None),
            ("Proposal", "02-16", None, None),
        ]
        assert deal.owner is not None
        assert deal.owner.name == "Zoë"


def test_a_change_of_one_property_leaves_everything_else_of_a_known_deal(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "5901", source="hubspot", outcome="won", closed="2027-01-20", name="Old", amount=5)
    take(database, "hubspot", *[said for said in HUBSPOT if said.event_id == "2200137711"])
    with database.reading() as session:
        deal = detail(session, "hubspot", "5901")
        assert (deal.name, deal.amount, deal.outcome) == ("Slotting for two sites", 5, "won")


def test_a_value_that_cannot_be_used_does_not_lose_the_deal(database: Database) -> None:
    know_everything(database)
    bad = hubspot_said([change(9, ("amount", "-5"), 20)])
    take(database, "hubspot", *[said for said in HUBSPOT if said.event_id == "1190027610"])
    events = [said for said in bad if setattr(said, "external_id", "5901") is None]
    assert take(database, "hubspot", *events).kept == 1
    with database.reading() as session:
        assert detail(session, "hubspot", "5901").amount is None
        [reason] = [it for it in session.exec(select(WebhookReceipt.reason)) if it]
    assert "amount" in reason


def test_the_same_batch_delivered_four_times_at_once_is_taken_once(database: Database) -> None:
    know_everything(database)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: take(database, "hubspot", *HUBSPOT), range(4)))
    assert sum(it.taken for it in counts) == len(HUBSPOT)
    assert sum(it.known for it in counts) == 3 * len(HUBSPOT)
    with database.reading() as session:
        assert detail(session, "hubspot", "5901").outcome == "won"
        assert len(events_named(session, "deal.closed")) == 1


def test_receipts_are_forgotten_in_time_and_their_repeats_still_change_nothing(database: Database) -> None:
    know_everything(database)
    bad = Said("bad", {}, reason="not understood")
    take(database, "hubspot", *HUBSPOT, bad)
    with database.reading() as session:
        before = everything(session)
    with clock.shifted(timedelta(days=31)), database.transaction() as session:
        receipts.forget_old(session)
    with database.reading() as session:
        assert session.exec(select(WebhookReceipt.event_id)).all() == ["bad"]
    assert take(database, "hubspot", *reversed(HUBSPOT)).taken == len(HUBSPOT)
    with database.reading() as session:
        assert everything(session) == before
    with clock.shifted(timedelta(days=181)), database.transaction() as session:
        receipts.forget_old(session)
    with database.reading() as session:
        assert session.exec(select(WebhookReceipt.event_id)).all() == []

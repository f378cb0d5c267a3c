"""How much is captured, and the warning when it differs between deals that were won, lost and open."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from hub import clock
from hub.db import Database
from hub.deals.models import Deal
from hub.people.roles import HUB
from hub.taxonomy.models import Term
from hub.usage import capture_rate
from hub.usage.capture_rate import GROUPS, CaptureRate, Changes
from hub.usage.models import StageQuestion
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import make_deal
from tests.factories.people import make_person
from tests.factories.taxonomy import make_term
from tests.factories.uses import enter, make_use


def compared(**captured: tuple[int, int]) -> CaptureRate:
    """By group (captured, all): deals with one change each."""
    rows = [
        (GROUPS.index(name.replace("_", " ")), place < hits)
        for name, (hits, size) in captured.items()
        for place in range(size)
    ]
    group, hit = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=bool)
    return capture_rate.compare(Changes(np.arange(len(rows)), group, hit, np.zeros(len(rows), dtype=bool)))


def test_a_clear_difference_is_said_in_words() -> None:
    found = compared(won=(180, 200), lost=(90, 200), open=(140, 200))
    assert found.shares["won"].rate == 0.9
    assert len(found.warnings) == 3
    assert found.warnings[0] == (
        "What was used is known for 90 % of the stage changes of won deals, but only 45 % of those of lost deals "
        "(35 to 54 points less). An asset may look better or worse only because less is recorded in lost deals."
    )


def test_equal_shares_and_small_numbers_warn_of_nothing() -> None:
    assert compared(won=(100, 200), lost=(104, 200), open=(98, 200)).warnings == []
    assert compared(won=(19, 19), lost=(0, 19)).differences == []
    assert compared(won=(15, 25), lost=(12, 25)).warnings == []


def test_a_certain_but_small_difference_is_no_warning() -> None:
    found = compared(won=(51_000, 100_000), lost=(48_000, 100_000))
    assert found.differences[0].low > 0
    assert found.warnings == []


def test_no_decision_is_not_lost() -> None:
    found = compared(won=(1, 2), no_decision=(1, 4))
    assert (found.shares["lost"].changes, found.shares["no decision"].rate) == (0, 0.25)


def test_without_changes_there_is_no_rate() -> None:
    share = compared().shares["won"]
    assert (share.changes, share.rate, share.low, share.high) == (0, None, None, None)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.booleans()), max_size=200))
def test_a_rate_lies_within_its_range_and_counts_add_up(rows: list[tuple[int, int, bool]]) -> None:
    columns = [
        np.array([row[place] for row in rows], dtype=kind) for place, kind in enumerate((np.int64, np.int64, bool))
    ]
    found = capture_rate.compare(Changes(*columns, np.zeros(len(rows), dtype=bool)))
    assert sum(share.changes for share in found.shares.values()) == len(rows)
    for share in found.shares.values():
        if share.rate is not None:
            assert 0 <= share.low <= share.rate <= share.high <= 1  # type: ignore[operator]


def test_many_changes_of_few_deals_are_not_taken_for_many_deals() -> None:
    """Ten changes of each deal, all alike: no surer than one change of each."""
    one = compared(won=(30, 40), lost=(20, 40)).differences[0]
    group = np.repeat(np.array([0] * 40 + [1] * 40), 10)
    hit = np.repeat(np.array([True] * 30 + [False] * 10 + [True] * 20 + [False] * 20), 10)
    changes = Changes(np.repeat(np.arange(80), 10), group, hit, np.zeros(800, dtype=bool))
    ten = capture_rate.compare(changes).differences[0]
    assert (ten.low, ten.high) == pytest.approx((one.low, one.high))


def _deal(session: Session, name: str, outcome: str, stage: Term) -> Deal:
    """In the stage from twenty to ten days ago."""
    now = clock.now()
    closed = {} if outcome == "open" else {"closed": (now - timedelta(days=10)).isoformat()}
    deal = make_deal(session, name, outcome=outcome, created=(now - timedelta(days=30)).isoformat(), **closed)
    enter(session, deal, stage, now - timedelta(days=20), now - timedelta(days=10), "advanced")
    return deal


def test_a_change_is_captured_by_a_use_in_the_stage_or_by_none_used(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        asset, stage = make_live(session, cast), make_term(session, "deal_stages", "demo")
        owner = make_person(session)
        deals = [_deal(session, f"D{n}", "open", stage) for n in range(4)]
        make_use(session, cast.reader, asset, deal=deals[0], occurred_at=now - timedelta(days=15))
        make_use(session, cast.reader, asset, deal=deals[1], occurred_at=now - timedelta(days=5))  # in the next stage
        for deal, none_used in ((deals[2], True), (deals[3], False)):
            session.add(
                StageQuestion(
                    deal_id=deal.id,
                    stage_id=stage.id,
                    entered_at=now - timedelta(days=20),
                    left_at=now - timedelta(days=10),
                    person_id=owner.id,
                    likely=[],
                    asked_at=now,
                    answered_at=now,
                    none_used=none_used,
                )
            )
        session.flush()
        share = capture_rate.read(session, HUB).shares["open"]
        assert (share.changes, share.deals, share.captured, share.recalled) == (4, 4, 2, 0)
        assert capture_rate.changes(session).captured.tolist() == [True, False, True, False]


def test_what_was_learnt_when_the_outcome_was_known_is_counted_apart(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        asset, stage = make_live(session, cast), make_term(session, "deal_stages", "demo")
        deal = _deal(session, "D1", "lost", stage)
        _deal(session, "D2", "won", stage)
        make_use(session, cast.reader, asset, deal=deal, occurred_at=now - timedelta(days=15))
        shares = capture_rate.read(session, HUB).shares
        assert (shares["lost"].captured, shares["lost"].recalled) == (0, 1)
        assert (shares["won"].captured, shares["won"].recalled) == (0, 0)
        assert capture_rate.read(session, HUB, since=1e6).shares["won"].changes == 0

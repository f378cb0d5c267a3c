"""What must change no lift: uses that cannot have helped, the order and names of things, the currency's unit."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from hub.insights.evidence import OPEN, Evidence, History, estimate
from tests.factories.worlds import planted_world, renamed, with_deals, with_open_deal, with_uses


@cache
def _history() -> History:
    return planted_world(5).history


@cache
def _evidence() -> Evidence:
    return estimate(_history())


def _after_the_close(history: History) -> History:
    closed = np.flatnonzero(np.isfinite(history.deals.closed))[:200]
    return with_uses(history, closed, np.arange(200) % 60, history.deals.closed[closed] + 1 + np.arange(200) % 90)


def _before_the_deal(history: History) -> History:
    deal = np.arange(200)
    return with_uses(history, deal, deal % 60, history.deals.created[deal] - 1 - deal)


def _twice(history: History) -> History:
    uses = history.uses
    return with_uses(history, uses.deal[::3], uses.asset[::3], uses.day[::3])


def _of_unknown_deals_and_assets(history: History) -> History:
    deal = np.array([-1, len(history.deals), 10**15, 3, 4])
    return with_uses(history, deal, np.array([0, 1, 2, -1, 10**12]), np.full(5, 18_100.0))


def _recalled(history: History) -> History:
    stays = history.entries
    return with_uses(history, stays.deal[:300], np.arange(300) % 60, stays.entered[:300], recalled=True)


def _on_no_day(history: History) -> History:
    return with_uses(history, [1, 2, 3], [0, 0, 0], [np.nan, np.inf, -np.inf])


def _entries_twice(history: History) -> History:
    entries = history.entries
    columns = {name: np.append(getattr(entries, name), getattr(entries, name)[::2]) for name in vars(entries)}
    return History(history.deals, type(entries)(**columns), history.uses, history.assets, history.stages)


def _amounts_in_cents(history: History) -> History:
    return with_deals(history, amount=history.deals.amount * 10)


@pytest.mark.parametrize(
    "change",
    [
        _after_the_close,
        _before_the_deal,
        _twice,
        _of_unknown_deals_and_assets,
        _recalled,
        _on_no_day,
        _entries_twice,
        _amounts_in_cents,
        with_open_deal,
    ],
)
def test_what_cannot_have_helped_changes_no_lift(change: Callable[[History], History]) -> None:
    changed, before = estimate(change(_history())).findings, _evidence().findings
    for name in ("lift", "low", "high", "above", "effect"):
        np.testing.assert_allclose(getattr(changed, name), getattr(before, name), atol=1e-6, err_msg=name)
    assert (changed.verdict == before.verdict).all()
    assert (changed.n == before.n).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_order_and_names_change_no_lift(seed: int) -> None:
    history, asset = renamed(_history(), seed)
    again, before = estimate(history), _evidence()
    for name in ("lift", "low", "high", "extra_money", "e_value", "crude_lift"):
        moved = getattr(again.findings, name)[asset]
        np.testing.assert_allclose(moved, getattr(before.findings, name), rtol=1e-6, atol=1e-6, err_msg=name)
    assert (again.findings.verdict[asset] == before.findings.verdict).all()
    cells = {(int(one), int(code)): lift for one, code, lift in _cells(again)}
    for one, code, lift in _cells(before):
        assert cells[int(asset[one]), int(code)] == pytest.approx(lift, abs=1e-6)


def test_an_open_deal_is_only_seen_in_the_pipeline() -> None:
    more = estimate(with_open_deal(_history()))
    assert len(more.pipeline.open_deals.deal) == len(_evidence().pipeline.open_deals.deal) + 1
    assert more.counted == _evidence().counted


def test_the_outcome_of_a_deal_decides_no_lift_only_its_stages_do() -> None:
    blind = with_deals(_history(), outcome=np.full(len(_history().deals), OPEN))
    np.testing.assert_allclose(estimate(blind).findings.lift, _evidence().findings.lift, atol=1e-12)


def _cells(evidence: Evidence) -> zip:  # type: ignore[type-arg]
    return zip(evidence.stages.asset, evidence.stages.code, evidence.stages.lift, strict=True)

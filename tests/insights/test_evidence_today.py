"""New finished stages during the day."""

from dataclasses import replace
from functools import cache

import numpy as np

from hub.insights.evidence import TOO_EARLY, Evidence, History, StageEntries, Uses, estimate, with_new_rows
from tests.factories.worlds import planted_world, with_uses

_LAST = 100  # deals whose stages finish today


@cache
def _whole() -> History:
    return planted_world(8).history


def _only(history: History, *, today: bool) -> History:
    """Entries and uses of the last deals, or of all others; the deals and their indexes stay."""
    first = len(history.deals) - _LAST
    entries, uses = history.entries, history.uses
    stays, touched = (entries.deal >= first) == today, (uses.deal >= first) == today
    columns = {name: getattr(entries, name)[stays] for name in vars(entries)}
    others = {name: getattr(uses, name)[touched] for name in vars(uses)}
    return replace(history, entries=StageEntries(**columns), uses=Uses(**others))


@cache
def _night() -> Evidence:
    return estimate(_only(_whole(), today=False))


@cache
def _day() -> Evidence:
    return with_new_rows(_night(), _only(_whole(), today=True))


def test_counts_are_those_of_a_full_night() -> None:
    full = estimate(_whole())
    assert _day().counted == full.counted
    for name in ("n", "advanced", "lost", "deals", "reps"):
        assert (getattr(_day().findings, name) == getattr(full.findings, name)).all()


def test_lifts_move_towards_those_of_a_full_night() -> None:
    full = estimate(_whole()).findings.lift
    before, after = _night().findings.lift, _day().findings.lift
    assert np.abs(after - full).mean() < np.abs(before - full).mean()
    assert np.abs(after - full).max() < 0.02


def test_what_was_counted_is_not_counted_again() -> None:
    assert with_new_rows(_day(), _whole()) is _day()
    assert with_new_rows(_night(), _only(_whole(), today=False)) is _night()


def test_two_halves_of_a_day_are_a_day() -> None:
    today = _only(_whole(), today=True)
    first = len(_whole().deals) - _LAST // 2
    entries = today.entries
    morning = replace(today, entries=_taken(entries, entries.deal < first))
    twice = with_new_rows(with_new_rows(_night(), morning), today)
    np.testing.assert_allclose(twice.findings.lift, _day().findings.lift, atol=1e-12)
    assert (twice.findings.n == _day().findings.n).all()


def test_a_deal_that_used_an_asset_in_two_stages_counts_once() -> None:
    entries = _whole().entries
    deal, asset, entered = entries.deal, np.zeros(len(entries), int), entries.entered
    everywhere = replace(_whole(), uses=Uses(deal, asset, entered, np.zeros(len(deal), bool)))
    early = replace(everywhere, entries=_taken(entries, entries.stage < 2))
    found = with_new_rows(estimate(early), everywhere).findings
    finished = entries.result >= 0
    assert found.n[0] == finished.sum()
    assert found.deals[0] == len(np.unique(deal[finished]))


def test_the_model_stays_frozen() -> None:
    assert _day().model.bias == _night().model.bias
    assert (_day().model.prior.fitted == _night().model.prior.fitted).all()


def test_an_asset_published_today_is_there_and_too_early() -> None:
    today = _only(_whole(), today=True)
    entries = today.entries
    new = with_uses(
        replace(today, assets=today.assets + 1), entries.deal[:5], np.full(5, today.assets), entries.entered[:5]
    )
    found = with_new_rows(_night(), new)
    assert found.findings.n[-1] == 5
    assert found.findings.verdict[-1] == TOO_EARLY
    assert len(found.guards.comparable) == today.assets + 1


def _taken(entries: StageEntries, places: np.ndarray) -> StageEntries:
    return StageEntries(**{name: getattr(entries, name)[places] for name in vars(entries)})

"""Real data is bad in known ways and in unknown ones: never an exception, always finite numbers."""

from dataclasses import fields, is_dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.insights.attribution import attribute
from hub.insights.evidence import (
    TOO_EARLY,
    Deals,
    Evidence,
    History,
    StageEntries,
    Uses,
    estimate,
    false_alarms,
    with_new_rows,
)
from tests.factories.worlds import history_of, planted_world, with_deals, with_entries, with_uses


@cache
def _history() -> History:
    return planted_world(6, deals=400, assets=30).history


def _finite(value: object) -> bool:
    if is_dataclass(value):
        return all(_finite(getattr(value, field.name)) for field in fields(value) if field.name != "passing")
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return bool(np.isfinite(value).all())
    return not isinstance(value, float) or bool(np.isfinite(value))


def _read(history: History) -> Evidence:
    evidence = estimate(history)
    assert _finite(evidence)
    assert len(evidence.findings.verdict) == history.assets
    assert _finite(attribute(history))
    return evidence


def _spoilt_amounts(*values: float) -> History:
    amount = _history().deals.amount.copy()
    amount[: len(values) * 20] = np.repeat(values, 20)
    return with_deals(_history(), amount=amount)


@pytest.mark.parametrize(
    "history",
    [
        _spoilt_amounts(np.nan, -5.0, 0.0, np.inf, -np.inf, 1e300, 1e-300),
        with_deals(_history(), amount=np.full(400, np.nan)),
        with_deals(_history(), amount=np.full(400, 100.0)),
        with_deals(_history(), created=np.full(400, np.nan), closed=np.full(400, np.nan)),
        with_deals(_history(), created=np.full(400, 1e300), closed=np.full(400, -1e300)),
        with_deals(_history(), owner=np.zeros(400)),
        with_deals(_history(), owner=np.full(400, -1)),
        with_deals(_history(), owner=np.arange(400)),
        with_deals(
            _history(), segment=np.full(400, np.nan), industry=np.full(400, -7), persona=np.arange(400) * 10**12
        ),
        with_deals(_history(), persona=np.full(400, -1), competitor=np.full(400, 5)),
        with_entries(
            _history(), (1, 0, 18_100.0, 18_000.0, 1), (2, 1, np.nan, 18_000.0, 0), (3, 1, 18_000.0, np.nan, 1)
        ),
        with_entries(
            _history(), (1, 77, 18_100.0, 18_200.0, 1), (2, -1, 18_000.0, 18_100.0, 0), (9**9, 0, 0.0, 1.0, 1)
        ),
        with_entries(_history(), (1, 0, -1e308, 1e308, 1), (2, 0, 0.0, 5e5, 0), (3, 0, 1.0, 2.0, 9)),
        with_uses(_history(), np.arange(400), np.zeros(400), _history().deals.created),
        replace(_history(), entries=StageEntries([], [], [], [], [])),
        replace(_history(), uses=Uses([], [], [], [])),
        replace(_history(), assets=0),
        replace(_history(), stages=0),
        replace(_history(), stages=1),
        replace(_history(), stages=9),
        replace(_history(), entries=replace(_history().entries, result=np.ones(len(_history().entries)))),
        replace(_history(), entries=replace(_history().entries, result=np.zeros(len(_history().entries)))),
        History(Deals(*([[]] * 10)), StageEntries(*([[]] * 5)), Uses(*([[]] * 4)), 3, 2),
    ],
)
def test_bad_data_is_survived(history: History) -> None:
    _read(history)


def test_a_persona_that_always_passes_leaves_all_finite_and_small() -> None:
    entries = _history().entries
    persona = (entries.result[np.unique(entries.deal, return_index=True)[1]] == 1).astype(int)
    evidence = _read(with_deals(_history(), persona=persona))
    assert np.abs(evidence.findings.lift).max() < 0.5


def test_an_asset_used_in_every_finished_stage_gets_no_verdict_out_of_thin_air() -> None:
    stays = _history().entries
    everywhere = with_uses(_history(), stays.deal, np.full(len(stays), 29), stays.entered)
    evidence = _read(everywhere)
    assert evidence.findings.n[29] == evidence.counted.finished
    assert abs(evidence.findings.lift[29]) < 0.02
    assert evidence.findings.verdict[29] == "no_evidence"


def test_one_rep_with_all_deals_is_mostly_one_rep_and_proves_nothing() -> None:
    evidence = _read(with_deals(_history(), owner=np.zeros(400)))
    assert evidence.findings.mostly_one_rep[evidence.findings.n > 0].all()
    assert not (evidence.findings.verdict == "proven").any()
    assert evidence.missing.owners == 4


def test_ten_deals_in_all_are_too_early_and_it_says_how_many_are_missing() -> None:
    evidence = _read(planted_world(1, deals=10, assets=5, owners=2, uses=1.0).history)
    assert evidence.missing.finished == 300 - evidence.counted.finished
    early = evidence.findings.n < 8
    assert (evidence.findings.verdict[early] == TOO_EARLY).all()
    assert (evidence.findings.more_needed[early] == 8 - evidence.findings.n[early]).all()


def test_an_asset_that_only_ever_won_is_not_proven_for_it() -> None:
    entries = _history().entries
    passed = np.flatnonzero(entries.result == 1)[:40]
    only_won = with_uses(replace(_history(), assets=31), entries.deal[passed], np.full(40, 30), entries.entered[passed])
    found = _read(only_won).findings
    assert found.lost[30] == 0
    assert found.verdict[30] != "proven"
    assert found.high[30] < 0.7


def test_a_table_with_columns_of_different_length_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"Uses\.day has the shape"):
        Uses([1, 2], [1, 2], [1.0], [False, False])


_number = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 400), st.integers(-2, 5).map(float))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(_number, _number, _number, _number, _number), max_size=25),
    st.lists(st.tuples(_number, _number, _number), max_size=40),
    st.lists(st.tuples(*[_number] * 10), min_size=1, max_size=6),
)
def test_any_numbers_at_all_are_survived(
    entries: list[tuple[float, ...]], uses: list[tuple[float, ...]], deals: list[tuple[float, ...]]
) -> None:
    history = replace(history_of(entries, uses, assets=4, stages=3), deals=Deals(*np.array(deals).T))  # type: ignore[arg-type]
    evidence = _read(history)
    assert (evidence.findings.low <= evidence.findings.high).all()
    assert (evidence.findings.verdict == TOO_EARLY).sum() == (evidence.findings.n < 8).sum()
    with_new_rows(evidence, history)
    false_alarms(history)

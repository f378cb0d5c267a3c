"""What the baseline says of the pipeline itself: chances of open deals, and stages and personas that pass less than
expected. Planning weighs gaps in content with it."""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.covariates import Design
from hub.insights.evidence.later import Passing, chance_of_winning
from hub.insights.evidence.linear_algebra import Matrix, likelihood_of_advancing
from hub.insights.evidence.rows import Rows, situations_of
from hub.insights.evidence.tables import OPEN, Codes, Flags, Floats, History


@dataclass(frozen=True)
class PassRates:
    """One place a stage, or a persona at a stage (persona -1: all of the stage): finished stages, and the shares that
    passed and were expected to."""

    persona: Codes
    stage: Codes
    n: Codes
    observed: Floats
    expected: Floats


@dataclass(frozen=True)
class OpenDeals:
    """Deals that are in a stage now, and the chance that they are won: (open deals,) each."""

    deal: Codes
    stage: Codes
    chance: Floats


@dataclass(frozen=True)
class Pipeline:
    """`win_rate` (stages,) is the mean predicted chance of winning among finished deals' stays in each stage."""

    open_deals: OpenDeals
    win_rate: Floats
    stages: PassRates
    personas: PassRates


def pipeline_of(
    history: History, rows: Rows, columns: Matrix, design: Design, passing: Passing, eta: Floats
) -> Pipeline:
    """`eta` (rows,) are the baseline's log-odds, without any asset."""
    expected = likelihood_of_advancing(eta)
    stage, persona = rows.situations.stage, np.maximum(rows.situations.persona, -1)
    everyone = np.full(len(rows), -1)
    chances = chance_of_winning(passing.of(columns), stage)
    many = np.bincount(stage, minlength=design.stages)
    win_rate = np.bincount(stage, chances, minlength=design.stages) / np.maximum(many, 1)
    return Pipeline(
        _open_deals(history, rows, design, passing),
        win_rate,
        _rates(everyone, stage, rows.advanced, expected),
        _rates(persona, stage, rows.advanced, expected, leave_out=persona < 0),
    )


def _open_deals(history: History, rows: Rows, design: Design, passing: Passing) -> OpenDeals:
    deal, stage = _current_stages(history)
    latest = rows.situations.left.max(initial=0.0)
    blank = np.zeros(len(deal))
    now = situations_of(history, deal, stage, blank, blank, left=np.full(len(deal), latest))
    return OpenDeals(deal, stage, chance_of_winning(passing.of(design.columns(now)), stage))


def _current_stages(history: History) -> tuple[Codes, Codes]:
    """Open deals that are in a known stage, with the one they entered last."""
    entries, deals = history.entries, history.deals
    known = (entries.deal >= 0) & (entries.deal < len(deals)) & (entries.stage >= 0) & (entries.stage < history.stages)
    here = np.flatnonzero(known & (entries.result == OPEN))
    here = here[deals.outcome[entries.deal[here]] == OPEN]
    order = here[
        np.lexsort((entries.stage[here], np.nan_to_num(entries.entered[here], nan=-np.inf), entries.deal[here]))
    ]
    last = np.append(np.diff(entries.deal[order]) != 0, True)[: len(order)]
    return entries.deal[order[last]], entries.stage[order[last]]


def _rates(
    persona: Codes, stage: Codes, advanced: Floats, expected: Floats, leave_out: Flags | None = None
) -> PassRates:
    kept = np.arange(len(stage)) if leave_out is None else np.flatnonzero(~leave_out)
    width = int(stage.max(initial=0)) + 1
    keys, place = np.unique((persona[kept] + 1) * width + stage[kept], return_inverse=True)
    many = np.bincount(place, minlength=len(keys))
    sums = [np.bincount(place, values[kept], minlength=len(keys)) for values in (advanced, expected)]
    rates = [total / np.maximum(many, 1) for total in sums]
    return PassRates(keys // width - 1, keys % width, many, *rates)

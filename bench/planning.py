"""`python -m bench.planning --worlds FOLDER…`: the gap score on simulated worlds, against rankings that teams use.

The worlds plant what each asset truly does; what they do not have is a library that is thin in places. So one is made
of each world, by its seed alone: three assets of ten are current, each is for the stage it is used in most and for the
persona and the segment it is used for most. A cell (persona, stage, segment) is truly worth to fill

    open money in it × what good content lifts beyond its best current asset

(good is the 80th percentile of the true lifts that help). A ranking is told by the share of that value that its first
ten cells hold. The estimate sees no truth.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bench.evidence.__main__ import WORLDS, _folders
from bench.evidence.scores import HELPS, value_in_top
from bench.evidence.worlds import World, read_world
from hub.insights.evidence import Evidence, estimate
from hub.planning.gaps import Cells, gaps

TOP = 10
_CURRENT = 0.3
_DRAWS = 20
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Ranked:
    """Shares of the value that the first ten cells hold: by the gap score, by open money, by fewest assets, by chance
    (ties are broken by chance, the mean of many draws)."""

    world: str
    cells: int
    gap: float
    money: float
    fewest: float
    chance: float


@app.command()
def main(
    worlds: Annotated[list[Path] | None, typer.Option(exists=True, file_okay=False, help="May be given often.")] = None,
    libraries: Annotated[int, typer.Option(min=1, help="How many libraries to make of each world.")] = 5,
) -> None:
    """The gap ranking against planted truths."""
    given = worlds or [Path(name) for name in os.environ.get(WORLDS, "").split(os.pathsep) if name]
    if not given:
        raise typer.BadParameter(f"give exported worlds with --worlds or {WORLDS}")
    found = []
    for folder in _folders(given):
        world = read_world(folder)
        if not (world.lift > HELPS).any():
            continue
        evidence = estimate(world.history)
        found += [ranked(world, evidence, seed) for seed in range(libraries)]
    _show(found)


def ranked(world: World, evidence: Evidence, seed: int) -> Ranked:
    chance = np.random.default_rng(seed)
    place, shape = _cells_of_assets(world), _shape(world)
    current = (chance.random(world.history.assets) < _CURRENT) & (place >= 0)
    here = place[current]
    count = np.bincount(here, minlength=shape)
    money, odds = _open(world, evidence, shape)
    table = Cells(
        open_amount=money,
        chance=odds,
        searches=np.zeros(shape),
        zero_results=np.zeros(shape),
        requests=np.zeros(shape),
        best_lift=_best(here, evidence.findings.lift[current], shape),
        current=count,
        finished=np.zeros(shape),
        observed=np.zeros(shape),
        expected=np.zeros(shape),
    )
    helpful = world.lift[world.lift > HELPS]
    good = float(np.quantile(helpful, 0.8))
    value = money * np.maximum(good - _best(here, world.lift[current], shape), 0.0)
    score = gaps(table, usual_need=0.0, target=evidence.outlook.target).gap
    return Ranked(
        world.name,
        shape,
        value_in_top(score, value, TOP),
        value_in_top(money, value, TOP),
        _mean_of_draws(chance, -count.astype(float), value),
        _mean_of_draws(chance, np.zeros(shape), value),
    )


def _shape(world: World) -> int:
    deals = world.history.deals
    return (int(deals.persona.max()) + 1) * world.history.stages * (int(deals.segment.max()) + 1)


def _places(world: World, persona: np.ndarray, stage: np.ndarray, segment: np.ndarray) -> np.ndarray:
    segments = int(world.history.deals.segment.max()) + 1
    return (persona * world.history.stages + stage) * segments + segment


def _cells_of_assets(world: World) -> np.ndarray:
    """(assets,) the cell that each is for, -1 for one that was never used in a stage."""
    history = world.history
    known = (history.uses.deal >= 0) & (history.uses.asset >= 0)
    deal, asset, day = (column[known] for column in (history.uses.deal, history.uses.asset, history.uses.day))
    stage = _stage_of_use(world, deal, day)
    inside = stage >= 0
    deal, asset, stage = deal[inside], asset[inside], stage[inside]
    tags = [_most(asset, values, history.assets) for values in (history.deals.persona[deal], stage)]
    segment = _most(asset, history.deals.segment[deal], history.assets)
    used = np.bincount(asset, minlength=history.assets) > 0
    return np.where(used, _places(world, tags[0], tags[1], segment), -1)


def _stage_of_use(world: World, deal: np.ndarray, day: np.ndarray) -> np.ndarray:
    entries = world.history.entries
    found = np.full(len(deal), -1)
    for stage in range(world.history.stages):
        of_stage = entries.stage == stage
        entered, left = (np.full(len(world.history.deals), np.nan) for _ in range(2))
        entered[entries.deal[of_stage]] = entries.entered[of_stage]
        left[entries.deal[of_stage]] = np.nan_to_num(entries.left[of_stage], nan=np.inf)
        with np.errstate(invalid="ignore"):
            found[(day >= entered[deal]) & (day <= left[deal])] = stage
    return found


def _most(asset: np.ndarray, values: np.ndarray, assets: int) -> np.ndarray:
    """(assets,) the value that each is used with most."""
    many = np.zeros((assets, int(values.max()) + 1))
    np.add.at(many, (asset, values), 1)
    return many.argmax(axis=1)


def _open(world: World, evidence: Evidence, shape: int) -> tuple[np.ndarray, np.ndarray]:
    """(cells,) open money, and the chance to win it."""
    deals, waiting = world.history.deals, evidence.pipeline.open_deals
    place = _places(world, deals.persona[waiting.deal], waiting.stage, deals.segment[waiting.deal])
    amount = np.nan_to_num(deals.amount[waiting.deal])
    money = np.bincount(place, amount, minlength=shape)
    expected = np.bincount(place, amount * waiting.chance, minlength=shape)
    return money, np.divide(expected, money, out=np.zeros(shape), where=money > 0)


def _best(place: np.ndarray, lift: np.ndarray, shape: int) -> np.ndarray:
    best = np.zeros(shape)
    np.maximum.at(best, place, lift)
    return best


def _mean_of_draws(chance: np.random.Generator, by: np.ndarray, value: np.ndarray) -> float:
    draws = []
    for _ in range(_DRAWS):
        order = chance.permutation(len(by))
        draws.append(value_in_top(by[order], value[order], TOP))
    return float(np.mean(draws))


def _show(found: Sequence[Ranked]) -> None:
    table = Table("world", "cells", "gap score", "open money", "fewest assets", "chance")
    for name in dict.fromkeys(one.world for one in found):
        of_world = [one for one in found if one.world == name]
        table.add_row(name, str(of_world[0].cells), *(f"{value:.3f}" for value in _means(of_world)))
    table.add_row("all", "", *(f"{value:.3f}" for value in _means(found)))
    Console(width=None if os.isatty(1) else 120).print(table)
    gap, _, fewest, _ = _means(found)
    for name, rule, value, reached in (
        ("value in the top 10 by gap", ">= .85", gap, gap >= 0.85),
        ("value in the top 10 by fewest assets", "<= .50", fewest, fewest <= 0.5),
    ):
        print(f"{name} {rule}: {value:.3f} {'reached' if reached else 'NOT REACHED'}")


def _means(found: Sequence[Ranked]) -> list[float]:
    return [float(np.mean([getattr(one, name) for one in found])) for name in ("gap", "money", "fewest", "chance")]


if __name__ == "__main__":
    app()

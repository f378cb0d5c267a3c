"""`python -m bench.evidence --worlds FOLDER…`: evidence on simulated worlds against the figures to reach.

A world is a folder that the generator has exported (deals.csv, stage_history.csv, usage_events.csv, assets.csv,
truth.json); a folder of such folders counts for all of them. HUB_BENCH_WORLDS does as well. `--cost FOLDER` measures
CPU and memory on one world, which may be a large one.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.evidence import cost
from bench.evidence.page import as_page
from bench.evidence.reach import Reached, figures
from bench.evidence.scores import Score, score
from bench.evidence.worlds import read_world
from hub.insights.attribution import attribute
from hub.insights.evidence import estimate, false_alarms

WORLDS = "HUB_BENCH_WORLDS"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    worlds: Annotated[list[Path] | None, typer.Option(exists=True, file_okay=False, help="May be given often.")] = None,
    costs: Annotated[
        list[Path] | None, typer.Option("--cost", exists=True, file_okay=False, help="A world to measure CPU on.")
    ] = None,
    placebo: Annotated[bool, typer.Option(help="The false-alarm test on every world as well.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures there as well.")] = None,
    page: Annotated[Path | None, typer.Option(help="Write them as a page of the documentation as well.")] = None,
) -> None:
    """Evidence against planted truths."""
    told = Console(stderr=True)
    folders = _folders(worlds or [Path(name) for name in os.environ.get(WORLDS, "").split(os.pathsep) if name])
    if not folders and not costs:
        raise typer.BadParameter(f"give exported worlds with --worlds or {WORLDS}, or one with --cost")
    scores, alarms = [], []
    for folder in folders:
        world = read_world(folder)
        scores.append(score(world, estimate(world.history), attribute(world.history)))
        told.print(_line(scores[-1]))
        if placebo:
            alarms.append(false_alarms(world.history).proven)
    found = figures(scores) if scores else []
    if alarms:
        found.append(Reached("placebo: proven, worst world", "<= 1", float(max(alarms)), max(alarms) <= 1))
    spent = {str(folder): cost.measured(folder) for folder in costs or []}
    _show(found, spent)
    if json_file is not None:
        run = {"figures": [asdict(one) for one in found], "scores": [asdict(one) for one in scores], "costs": spent}
        json_file.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    if page is not None:
        page.write_text(as_page(found, scores, spent), encoding="utf-8")


def _folders(given: list[Path]) -> list[Path]:
    """Exported worlds among the folders and right below them, by name."""
    below = [one for folder in given for one in sorted(folder.iterdir()) if (one / "truth.json").exists()]
    return [folder for folder in given if (folder / "truth.json").exists()] + below


def _line(one: Score) -> str:
    return (
        f"{one.world}: covered {one.covered:.3f}, proven {one.proven.made} ({one.proven.false} false), "
        f"top 10 {one.top_10:.1f}, rank correlation {one.rank_correlation:.2f}"
    )


def _show(found: list[Reached], spent: dict[str, dict[str, float]]) -> None:
    told = Console(width=None if os.isatty(1) else 140)
    if found:
        table = Table("figure", "to reach", "value", "")
        for one in found:
            word = {True: "reached", False: "NOT REACHED", None: "no such world"}[one.reached]
            table.add_row(one.figure, one.rule, f"{one.value:.3f}", word)
        told.print(table)
    for folder, costs in spent.items():
        table = Table(folder, "s or MB")
        for name, value in costs.items():
            table.add_row(name, f"{value:,.2f}")
        told.print(table)


if __name__ == "__main__":
    app()

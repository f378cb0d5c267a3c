"""The evidence: `hub evidence compute`, `hub evidence export FILE`. Both may run while the server runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.terminal import AsJson, explained, opened, progress, say_json, tell

if TYPE_CHECKING:
    from hub.insights.models import EvidenceRun

app = typer.Typer(no_args_is_help=True, help="Evidence: which content helps to win, and how sure we may be.")


@app.command()
@explained
def compute(
    placebo: Annotated[
        bool, typer.Option("--placebo/--no-placebo", help="Test for false alarms too: half of the work.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Compute the evidence from all deals and uses. What is shown stays until the new run is complete."""
    from hub.insights import runs
    from hub.insights.computing import Computer
    from hub.insights.inputs import Inputs

    with opened() as hub:
        with progress(quiet=as_json) as bar:
            task = bar.add_task("computing", total=100)
            computer = Computer(hub.database, Inputs.of(hub.settings))
            run_id = computer.compute(
                placebo=placebo,
                progress=lambda share, doing: bar.update(task, completed=round(100 * share), description=doing),
            )
        with hub.database.reading() as session:
            run = runs.find(session, run_id)
    if as_json:
        say_json(_told(run))
    else:
        _say(run)


@app.command()
@explained
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The JSON file to write.")],
    run: Annotated[int | None, typer.Option(help="What this run found, instead of what is shown now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the evidence of all assets to a JSON file."""
    from hub.insights.export import export as write

    with opened() as hub, hub.database.reading() as session:
        found, many = write(session, file, run)
    if as_json:
        say_json({"file": str(file), "rows": many, "run": found.id, "missing": found.missing or None})
    else:
        tell(f"{many:,} assets of run {found.id} are in {file}.")


def _told(run: "EvidenceRun") -> dict[str, Any]:
    figures = run.figures
    return {
        "run": run.id,
        "computed_at": run.finished_at,
        "cut_off": run.cut_off,
        "missing": run.missing or None,
        "finished": figures["finished"],
        "verdicts": figures["verdicts"],
        "placebo": figures["placebo"],
        "read": run.read,
        "warnings": run.warnings,
    }


def _say(run: "EvidenceRun") -> None:
    finished = run.figures["finished"]
    tell(
        f"Run {run.id}: {finished['finished']:,} finished stages ({finished['advanced']:,} advanced, "
        f"{finished['lost']:,} lost) of {finished['owners']:,} owners, {run.read['uses']:,} counted uses."
    )
    if run.missing:
        tell(run.missing)
    for verdict, many in sorted(run.figures["verdicts"].items()):
        print(f"{verdict:<18} {many:>6,}")
    if (placebo := run.figures["placebo"]) is not None:
        tell(f"False-alarm test: {placebo['proven']} called proven by chance; 0 or 1 is as it should be.")
    for warning in run.warnings:
        tell(warning)

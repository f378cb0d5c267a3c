"""`python -m bench [NAME…]`: run all benches or the named ones, print a table, write JSON with `--json FILE`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import deals, extension, figures, folder, imports, insights, library, upkeep, usage
from bench.figures import Figure
from bench.places import POSTGRES, engines

SIZES = (1_000, 10_000)
MANY = 10_000


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="library, folder, imports, upkeep, deals, usage, insights, extension; all when left out."),
    ] = None,
    assets: Annotated[
        list[int] | None, typer.Option(min=1_000, help="How large a library; may be given several times.")
    ] = None,
    handbook: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="A content folder to sync; else one is made up.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures there as well.")] = None,
) -> None:
    """What the hub's work costs, beside the bare parts. With HUB_TEST_POSTGRES_URL on PostgreSQL too."""
    sizes = assets or SIZES
    benches: dict[str, Callable[[], Iterator[Figure]]] = {
        "library": lambda: (figure for size in sizes for figure in library.measured(size)),
        "folder": lambda: folder.measured(handbook),
        "imports": lambda: imports.measured(max(assets or [MANY])),
        "upkeep": lambda: upkeep.measured(max(assets or [MANY])),
        "deals": lambda: deals.measured(100_000),
        "usage": lambda: usage.measured(100_000),
        "insights": insights.measured,
        "extension": lambda: (figure for size in sizes for figure in extension.measured(size)),
    }
    wanted = names or list(benches)
    if unknown := [name for name in wanted if name not in benches]:
        raise typer.BadParameter(f"there is no bench {unknown[0]!r}; there are {', '.join(benches)}")
    told = Console(stderr=True)
    if len(engines()) == 1:
        told.print(f"SQLite only: set {POSTGRES} to a server on which databases may be made.")
    found: list[Figure] = []
    try:
        for name in wanted:
            for figure in benches[name]():
                found.append(figure)
                told.print(f"{figure.work} ({figure.where}): {figure.value:.2f} {figure.unit}")
                if json_file is not None:  # each time, so that a run that is stopped leaves what it has found
                    figures.write_json(found, json_file)
    finally:
        figures.show(found)


if __name__ == "__main__":
    app()

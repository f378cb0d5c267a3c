"""A figure with what it stands beside, and how a run shows them: a table for people, JSON for programs."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """`bare` is the same measure of the bare parts; `reach` is what DESIGN.md asks for, in the same unit."""

    bench: str
    work: str
    where: str
    value: float
    unit: str
    bare: float | None = None
    bare_is: str = ""
    reach: str = ""


def show(figures: Sequence[Figure]) -> None:
    table = Table("work", "on", "hub", "bare", "unit", "bare is", "to reach")
    for column in (2, 3):
        table.columns[column].justify = "right"
    for figure in figures:
        bare = "" if figure.bare is None else _short(figure.bare)
        table.add_row(figure.work, figure.where, _short(figure.value), bare, figure.unit, figure.bare_is, figure.reach)
    Console(width=None if os.isatty(1) else 170).print(table)


def write_json(figures: Sequence[Figure], file: Path) -> None:
    run = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "figures": [asdict(figure) for figure in figures],
    }
    file.write_text(json.dumps(run, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

"""Tables to take along, as downloads: CSV that a spreadsheet reads as text and numbers, and never as formulas."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from fastapi.responses import StreamingResponse

from hub.imports import csv_out

Cell = str | int | float | bool | date | datetime | None


def answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingResponse:
    """The file; texts that a spreadsheet would calculate are made harmless (see `csv_out`)."""
    return StreamingResponse(
        csv_out.lines(columns, ([_shown(cell) for cell in row] for row in rows)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "private, no-cache"},
    )


def _shown(cell: Cell) -> object:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return round(cell, 4)
    return cell.isoformat() if isinstance(cell, date) else cell

"""Tables written for a spreadsheet: cells that a spreadsheet would take for a formula are made harmless."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# The full-width forms too: a spreadsheet set to Japanese reads them as the plain ones.
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BUFFER = 64_000


def harmless(cell: object) -> str:
    """The cell as text; before what a spreadsheet would reckon out stands a `'`, as it is there no number."""
    text = str(cell) if cell is not None else ""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) and not _is_number(text) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """A CSV file in parts, as UTF-8 with a byte-order mark, so that a spreadsheet reads it as such."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow([harmless(cell) for cell in header])
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        if out.tell() > _BUFFER:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    part = out.getvalue().encode("utf-8", "replace")
    out.seek(0)
    out.truncate()
    return part


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True

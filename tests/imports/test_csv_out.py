"""Tables for a spreadsheet: nothing in a cell is reckoned out, and everything can be read again."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.imports import csv_out

cell = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=20)


@given(st.lists(st.lists(cell, min_size=2, max_size=2), max_size=5))
def test_no_cell_begins_like_a_formula_and_the_text_is_kept(rows: list[list[str]]) -> None:
    text = b"".join(csv_out.lines(["a", "b"], rows)).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows) + 1
    for before, after in zip(rows, read[1:], strict=True):
        for one, other in zip(before, after, strict=True):
            assert other in {one, f"'{one}"}
            assert not other.startswith(("=", "@", "\t"))


@pytest.mark.parametrize(("value", "written"), [(-5, "-5"), ("-5,2", "-5,2"), ("-x", "'-x"), ("=1", "'=1"), (None, "")])
def test_numbers_stay_numbers(value: object, written: str) -> None:
    assert csv_out.harmless(value) == written

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.imports import cells
from hub.imports.report import Refused
from hub.taxonomy.schemas import LABEL_LENGTH


def test_a_date_is_its_midnight_and_a_time_is_brought_to_utc() -> None:
    assert cells.moment("created", "2027-03-01") == datetime(2027, 3, 1, tzinfo=UTC)
    assert cells.moment("created", "2027-03-01 10:30") == datetime(2027, 3, 1, 10, 30, tzinfo=UTC)
    assert cells.moment("created", "2027-03-01T01:00:00+02:00") == datetime(2027, 2, 28, 23, tzinfo=UTC)
    assert cells.moment("created", "2027-03-01T10:00:00Z") == datetime(2027, 3, 1, 10, tzinfo=UTC)


def test_a_pattern_reads_other_dates_and_iso_ones_still() -> None:
    assert cells.moment("created", "01.03.2027", "%d.%m.%Y") == datetime(2027, 3, 1, tzinfo=UTC)
    assert cells.moment("created", "2027-03-01", "%d.%m.%Y") == datetime(2027, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["", "-", "NaT", "n/a"])
def test_no_date_is_none(cell: str) -> None:
    assert cells.moment("created", cell) is None


@pytest.mark.parametrize(
    "cell", ["soon", "03/01/2027", "2027-13-01", "0000-00-00", "1" * 1000, "1899-12-30", "9999-12-31"]
)
def test_what_is_no_date_is_refused_by_its_column(cell: str) -> None:
    with pytest.raises(Refused) as refused:
        cells.moment("created", cell)
    assert refused.value.column == "created"


@given(st.text(max_size=40), st.sampled_from(["", "%d.%m.%Y", "%", "%z", "nonsense"]))
def test_any_text_is_a_date_nothing_or_refused(cell: str, pattern: str) -> None:
    try:
        found = cells.moment("created", cell, pattern)
    except Refused:
        return
    assert found is None or found.tzinfo is UTC


def test_a_word_is_tidy_and_on_one_line() -> None:
    assert cells.word("segment", "  mid \n market ") == "mid market"
    assert cells.word("segment", "e\u0301") == "é"
    assert cells.word("segment", "None") == cells.word("segment", "") == ""
    # Its canonical form is three times as long.
    with pytest.raises(Refused, match="too long"):
        cells.word("segment", "\ufb2c" * LABEL_LENGTH)
    with pytest.raises(Refused, match="too long"):
        cells.word("segment", "x" * 1_000_000)

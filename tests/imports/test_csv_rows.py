import io

from hypothesis import given
from hypothesis import strategies as st

from hub.imports.csv_rows import Row, reading

CELLS = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)


def rows_of(data: bytes) -> list[Row]:
    with reading(io.BytesIO(data), what="deals") as table:
        return list(table.rows())


@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20),
    st.sampled_from(",;\t"),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_writes_is_read_back(
    cells: list[tuple[str, str]], delimiter: str, mark: str, end: str
) -> None:
    def quoted(cell: str) -> str:
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'

    lines = [f"a{delimiter}b", *(delimiter.join(map(quoted, row)) for row in cells)]
    found = rows_of((mark + end.join(lines)).encode())
    said = [(number, row) for number, row in enumerate(cells, start=2) if any(cell.strip() for cell in row)]
    assert [(row.number, (row.cells["a"], row.cells["b"])) for row in found] == said
    assert all(row.fault is None for row in found)


def test_a_row_that_cannot_be_read_names_its_column() -> None:
    found = rows_of(b"a,b\n1,x\x00y\n2,\xff\n3,\xc3\xa9\n4,x,y\n5\n6,x,,,\n")
    assert [(row.number, row.fault and row.fault[0]) for row in found] == [
        (2, "b"), (3, "b"), (4, None), (5, ""), (6, None), (7, None),
    ]  # fmt: skip
    assert found[2].cells["b"] == "é"
    assert found[4].cells == {"a": "5"}


def test_rows_come_in_batches_and_empty_lines_count_only_in_the_numbers() -> None:
    with reading(io.BytesIO(b"a\n1\n\n \n2\n3\n"), what="deals") as table:
        batches = [[row.number for row in batch] for batch in table.batches(2)]
    assert batches == [[2, 5], [6]]

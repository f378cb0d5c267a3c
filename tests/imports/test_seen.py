import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from hub.imports.seen import Seen


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2)), max_size=3_000))
def test_a_key_is_known_by_the_row_that_had_it_first(rows: list[tuple[int, int]]) -> None:
    seen = Seen()
    first: dict[int, tuple[int, int]] = {}
    for row, (key, contents) in enumerate(rows, start=2):
        found = seen.other(key, row, contents)
        if key not in first:
            assert found is None
            first[key] = (row, contents)
        else:
            assert found == (0 if contents == first[key][1] else first[key][0])


def test_a_million_keys_take_a_few_dozen_bytes_each() -> None:
    tracemalloc.start()
    seen = Seen()
    for number in range(200_000):
        assert seen.first(f"deal-{number}", number + 2) == number + 2
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 200_000 * 60
    assert seen.first("deal-7", 999_999) == 9

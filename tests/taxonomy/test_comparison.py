"""Which side of a file and the hub wins, field by field. `.` says that a side has nothing there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.taxonomy.comparison import decide, order_to_take


def _fields(value: str) -> dict[str, Any]:
    return {} if value == "." else {"goals": "" if value == "empty" else value}


@pytest.mark.parametrize(
    ("stated", "before", "hub", "touched", "outcome"),
    [
        # nobody changed anything, or both to the same
        ("a", "a", "a", True, "stays"),
        ("b", "a", "b", True, "stays"),
        ("b", ".", "b", True, "stays"),
        # only one side changed
        ("b", "a", "a", True, "b"),
        ("a", "a", "b", True, "stays"),
        # both changed
        ("b", "a", "c", True, "conflict"),
        ("b", "a", "c", False, "conflict"),
        # the file says it for the first time
        ("b", ".", ".", True, "b"),
        ("b", ".", "c", False, "b"),
        ("b", ".", "c", True, "conflict"),
        # the file says it no more
        (".", "a", "a", True, None),
        (".", "a", ".", True, "stays"),
        (".", "a", "b", True, "conflict"),
        # the file says it is empty
        ("empty", "a", "a", True, None),
        ("empty", "empty", "a", True, "stays"),
        ("empty", ".", ".", True, "stays"),
        ("empty", ".", "a", True, "conflict"),
        ("empty", ".", "a", False, None),
        # the file never said anything about it
        (".", ".", "a", False, "stays"),
        (".", ".", "a", True, "stays"),
        # it was taken out in the hub
        ("a", "a", ".", True, "stays"),
        ("b", "a", ".", True, "conflict"),
    ],
)
def test_the_side_that_changed_wins(stated: str, before: str, hub: str, touched: bool, outcome: str | None) -> None:
    decision = decide(_fields(stated), _fields(before), _fields(hub), touched=touched)
    if outcome == "stays":
        assert (decision.changes, decision.conflicts) == ({}, {})
    elif outcome == "conflict":
        sides = tuple(_fields(side).get("goals") or None for side in (stated, hub))
        assert (decision.changes, decision.conflicts) == ({}, {"goals": sides})
    else:
        assert (decision.changes, decision.conflicts) == ({"goals": outcome}, {})


values = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y", "z"]))


@given(stated=values, before=values, hub=values, edit=values, touched=st.booleans())
def test_what_a_person_wrote_since_the_last_sync_is_never_overwritten(
    stated: dict[str, str], before: dict[str, str], hub: dict[str, str], edit: dict[str, str], touched: bool
) -> None:
    agreed = {**hub, **before}
    edited = {**agreed, **edit}
    decision = decide(stated, before, edited, touched=True)
    for name, value in edit.items():
        changed_since = (value or None) != (agreed.get(name) or None)
        if changed_since and value:
            assert name not in decision.changes


@given(stated=values, before=values, hub=values, touched=st.booleans())
def test_once_taken_over_there_is_nothing_left_to_do(
    stated: dict[str, str], before: dict[str, str], hub: dict[str, str], touched: bool
) -> None:
    decision = decide(stated, before, hub, touched=touched)
    after = {**hub, **decision.changes}
    if not decision.conflicts:
        again = decide(stated, stated, after, touched=True)
        assert (again.changes, again.conflicts) == ({}, {})


@pytest.mark.parametrize(
    ("file", "before", "hub", "touched", "taken"),
    [
        ("abc", None, "abc", False, None),
        ("cab", None, "abc", False, "cab"),
        ("cab", None, "abc", True, None),
        ("abc", "abc", "cab", True, None),
        ("cab", "abc", "abc", True, "cab"),
        ("cab", "abc", "bca", True, None),
        ("cab", "abc", "cab", True, None),
        ("ba", "abc", "abc", True, "ba"),
        ("abc", "bc", "abc", True, None),
        ("xab", "ab", "ab", True, None),
    ],
)
def test_the_files_order_is_taken_unless_the_hub_has_one_of_its_own(
    file: str, before: str | None, hub: str, touched: bool, taken: str | None
) -> None:
    ids = [None if it is None else [ord(letter) for letter in it] for it in (file, before, hub, taken)]
    assert order_to_take(ids[0] or [], ids[1], ids[2] or [], touched=touched) == ids[3]

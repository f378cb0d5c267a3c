"""Differences between texts: exact always, readable where the texts are alike, bounded where they are hostile."""

import difflib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.assets.differences import Change, Piece, changes, unified

LINES = st.lists(st.sampled_from(["a", "b", "", "the price", "the price is", "x y z"]), max_size=12)
TEXTS = st.builds("".join, st.lists(st.sampled_from(["a", "b ", " ", "\n", "\r\n", "\r", "wörd", "."]), max_size=40))


def joined(change: Change, side: str) -> str:
    return "".join(piece.text for piece in change.words if piece.kind in ("same", side))


def lines_of(text: str) -> list[str]:
    return [re.sub(r"\r?\n\Z", "", line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)]


@given(TEXTS, TEXTS)
def test_all_changes_together_are_both_texts(before: str, after: str) -> None:
    found = changes(before, after, context=None)

    assert [line for change in found for line in change.before] == lines_of(before)
    assert [line for change in found for line in change.after] == lines_of(after)
    for change in found:
        assert change.kind != "same" or change.before == change.after


@given(TEXTS, TEXTS)
def test_the_words_of_a_change_join_to_both_sides(before: str, after: str) -> None:
    for change in changes(before, after):
        if change.kind == "changed":
            assert lines_of(joined(change, "removed")) == list(change.before)
            assert lines_of(joined(change, "added")) == list(change.after)
            assert joined(change, "removed") in before
            assert joined(change, "added") in after
        else:
            assert change.words == ()


@given(TEXTS, TEXTS)
def test_only_equal_texts_have_no_changes(before: str, after: str) -> None:
    assert (changes(before, after) == []) == (before == after)
    assert (unified(before, after) == "") == (before == after)


@given(LINES, LINES, st.integers(0, 4))
def test_line_numbers_lead_to_the_lines(old: list[str], new: list[str], context: int) -> None:
    before, after = "\n".join(old), "\n".join(new)
    for change in changes(before, after, context=context):
        for number, found, lines in (
            (change.before_line, change.before, lines_of(before)),
            (change.after_line, change.after, lines_of(after)),
        ):
            assert (number is None) == (found == ())
            assert number is None or tuple(lines[number - 1 : number - 1 + len(found)]) == found


def test_a_changed_word_is_found_within_its_line() -> None:
    [change] = changes("The price is too high.\n", "The price is fair.\n")

    assert change == Change(
        kind="changed",
        before_line=1,
        after_line=1,
        before=("The price is too high.",),
        after=("The price is fair.",),
        words=(
            Piece("same", "The price is "),
            Piece("removed", "too high"),
            Piece("added", "fair"),
            Piece("same", ".\n"),
        ),
    )


def test_texts_with_little_in_common_are_not_cut_to_confetti() -> None:
    [change] = changes("We do it in a day", "Costs fall by half, a win")

    assert [piece.kind for piece in change.words] == ["removed", "added"]


def test_added_and_removed_lines_have_no_words() -> None:
    assert [c.kind for c in changes("a\nb\n", "a\nnew\nb\n")] == ["same", "added", "same"]
    assert [c.kind for c in changes("a\nold\nb\n", "a\nb\n")] == ["same", "removed", "same"]


def test_long_unchanged_runs_keep_only_their_edges() -> None:
    before = "".join(f"{number}\n" for number in range(1, 41))
    after = before.replace("10\n", "ten\n").replace("30\n", "thirty\n")

    found = changes(before, after, context=2)

    assert [(c.kind, c.before_line, len(c.before)) for c in found] == [
        ("same", 8, 2),
        ("changed", 10, 1),
        ("same", 11, 2),
        ("same", 28, 2),
        ("changed", 30, 1),
        ("same", 31, 2),
    ]


def test_a_short_run_between_two_changes_is_kept_whole() -> None:
    found = changes("x\n1\n2\n3\n4\ny\n", "X!\n1\n2\n3\n4\nY!\n", context=2)

    assert [c.kind for c in found] == ["changed", "same", "changed"]
    assert found[1].before == ("1", "2", "3", "4")


def test_no_context_leaves_only_changes() -> None:
    assert [c.kind for c in changes("a\nb\nc\n", "a\nB\nc\n", context=0)] == ["changed"]


@pytest.mark.parametrize(
    ("before", "after", "removed", "added"),
    [("a\r\nb\n", "a\nb\n", "\r\n", "\n"), ("a\n", "a", "\n", ""), ("a", "a\n", "", "\n")],
)
def test_a_change_of_line_endings_alone_is_visible(before: str, after: str, removed: str, added: str) -> None:
    change = changes(before, after)[0]

    assert (change.kind, change.before, change.after) == ("changed", ("a",), ("a",))
    assert "".join(piece.text for piece in change.words if piece.kind == "removed") == removed
    assert "".join(piece.text for piece in change.words if piece.kind == "added") == added


@given(LINES, LINES)
def test_the_unified_form_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    before, after = "".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)

    assert applied(unified(before, after), before) == after


def applied(patch: str, text: str) -> str:
    """The text with a patch applied, as `patch` does it, for texts that end with a line feed."""
    old, new, place = text.splitlines(keepends=True), [], 0
    for line in patch.splitlines(keepends=True)[2:]:
        if header := re.match(r"@@ -(\d+)(,0)?", line):
            start = int(header[1]) - (0 if header[2] else 1)
            new += old[place:start]
            place = start
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert old[place] == line[1:]
            new += [line[1:]] if line[0] == " " else []
            place += 1
    return "".join(new + old[place:])


def test_the_unified_form_is_that_of_diff() -> None:
    before = "".join(f"{number}\n" for number in range(30))
    after = before.replace("5\n", "five\n", 1).replace("20\n", "").replace("29\n", "29\nmore\n")
    expected = difflib.unified_diff(before.splitlines(True), after.splitlines(True), "version 1", "version 2")

    assert unified(before, after, names=("version 1", "version 2")) == "".join(expected)


def test_a_missing_line_feed_at_the_end_is_said() -> None:
    assert unified("a\n", "a") == "--- before\n+++ after\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"


HOSTILE = {
    "two lines alternating": ("a\nb\n" * 10_000, "b\na\na\n" * 6_667),
    "two lines in another rhythm": ("a\na\nb\n" * 7_000, "a\nb\nb\n" * 7_000),
    "one endless line": ("x y " * 250_000, "y x x " * 166_667),
    "one endless word": ("x" * 1_000_000, "y" * 1_000_000),
    "nothing in common": ("".join(f"a{n}\n" for n in range(100_000)), "".join(f"b{n}\n" for n in range(100_000))),
    "every line changed": ("".join(f"a {n}\n" for n in range(50_000)), "".join(f"a {n}!\n" for n in range(50_000))),
    "two halves shuffled": (
        "".join(f"{n}\n" for n in range(40_000)),
        "".join(f"{n + 20_000}\n{n}\n" for n in range(20_000)),
    ),
    "empty lines": ("\n" * 500_000, "\n" * 499_990 + "a"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_get_a_coarse_but_exact_difference(name: str) -> None:
    # difflib alone needs minutes to hours for most of these: a lost bound shows as a test that never ends.
    before, after = HOSTILE[name]

    found = changes(before, after)

    assert found
    assert sum(len(c.before) for c in found if c.kind != "same") <= before.count("\n") + 1
    for change in found:
        if change.kind == "changed":
            assert joined(change, "removed") in before
            assert joined(change, "added") in after
    assert unified(before, after).startswith("--- before\n")

"""Checks while writing: each finding appears when it should and goes when it is cured."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.assets.checks import Rules, Written, check
from hub.errors import Fault

TODAY = date(2026, 11, 3)
RULES = Rules(
    lengths={"objection": (10, 20)}, avoid=[("leverage", "use “use”")], leftovers=["Remove this block"],
)  # fmt: skip
SOUND = Written(
    title="Objection: it costs too much", summary="For the finance lead who compares prices.", body="Ask first.\n",
    kind="objection", personas=["cfo"], stages=["decision"], authors={"marketing": ["ana"], "sales": ["ben"]},
    review_by=date(2027, 3, 1), words=15,
)  # fmt: skip


def codes(written: Written) -> list[str]:
    return [one.code for one in check(written, RULES, today=TODAY)]


def test_a_sound_text_has_nothing_to_look_at() -> None:
    assert codes(SOUND) == []


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"title": "  "}, "no_title", "title"),
        ({"summary": "Short."}, "no_summary", "summary"),
        ({"words": 0}, "no_text", "body"),
        ({"personas": []}, "no_persona", "personas"),
        ({"stages": []}, "no_stage", "stages"),
        ({"authors": {"marketing": ["ana"]}}, "no_author", "sales"),
        ({"authors": {"sales": ["ben"], "marketing": []}}, "no_author", "marketing"),
        ({"review_by": None}, "no_review_date", "review_by"),
        ({"review_by": date(2026, 11, 2)}, "review_overdue", "review_by"),
        ({"expires_on": date(2026, 11, 2)}, "expired", "expires_on"),
        ({"expires_on": date(2027, 1, 1)}, "review_after_expiry", "review_by"),
        ({"broken_links": ["not.there"]}, "broken_link", "body"),
        ({"body": "x\n> Remove this block before you submit\n"}, "template", "body"),
        ({"body": "We Leverage it.\n"}, "word_to_avoid", "body"),
        ({"title": "Leverage: now"}, "word_to_avoid", "title"),
        ({"words": 9}, "too_short", "body"),
        ({"words": 21}, "too_long", "body"),
        ({"refused": [Fault(("body", "products"), "there is no product 'x'")]}, "not_understood", "products"),
    ],
)
def test_each_fault_is_found_at_its_field(change: dict[str, object], code: str, field: str) -> None:
    found = check(replace(SOUND, **change), RULES, today=TODAY)
    assert [(one.code, one.field) for one in found] == [(code, field)]


def test_the_last_good_day_is_not_over_yet() -> None:
    assert "expired" not in codes(replace(SOUND, expires_on=TODAY))


def test_a_word_within_another_is_not_that_word() -> None:
    assert codes(replace(SOUND, body="Leveraged buy-outs are no topic.\n")) == []


def test_a_finding_names_its_line_in_the_text() -> None:
    body = "One.\n\nTwo [there](asset:not.there).\n"
    [found] = check(replace(SOUND, body=body, broken_links=["not.there"]), RULES, today=TODAY)
    assert found.line == 3


def test_what_reviewers_would_send_back_comes_first() -> None:
    found = check(replace(SOUND, personas=[], title="", words=30), RULES, today=TODAY)
    assert [one.serious for one in found] == [True, False, False]


@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 10_000))
def test_any_text_is_checked_without_an_error(title: str, body: str, words: int) -> None:
    lines = body.count("\n") + 1
    for one in check(replace(SOUND, title=title, body=body, words=words), RULES, today=TODAY):
        assert one.line is None or 1 <= one.line <= lines

"""Taking questions apart."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.search.question import MOST_CHARACTERS, MOST_WORDS, Names, by_name, parse, read_dates

TODAY = date(2026, 11, 1)
PERSONAS = by_name({"cfo": ("Chief Financial Officer", "bursar"), "cto": ()})
NAMES = Names(("persona", "kind", "stage"), {"persona": PERSONAS})


def test_words_phrases_exclusions_and_filters_are_told_apart() -> None:
    question = parse('price "audit logs" -acme persona:cfo,cto -kind:note', NAMES, TODAY)
    assert question.words == ("price", "audit", "logs")
    assert question.quoted == {1, 2}
    assert question.phrases == (("audit", "logs"),)
    assert question.excluded == (("acme",),)
    assert question.filters.one_of == {"persona": {"cfo", "cto"}}
    assert question.filters.none_of == {"kind": {"note"}}
    assert question.notices == ()


@pytest.mark.parametrize(
    ("text", "ended"),
    [("pric", True), ("pric ", False), ("price?", False), ('"pric"', False), ("a persona:cfo", False)],
)
def test_only_a_last_free_word_may_be_unfinished(text: str, ended: bool) -> None:
    assert parse(text, NAMES, TODAY).open_ended is ended


@pytest.mark.parametrize("typed", ["bursar", "CFO", '"chief financial officer"', '"Chief  Financial Officer'])
def test_a_value_goes_by_its_label_and_synonyms(typed: str) -> None:
    assert parse(f"persona:{typed}", NAMES, TODAY).filters.one_of == {"persona": {"cfo"}}


def test_plural_and_case_of_a_filter_do_not_matter() -> None:
    assert parse("Personas:cto", NAMES, TODAY).filters.one_of == {"persona": {"cto"}}


def test_an_address_is_text_without_a_notice() -> None:
    question = parse("https://example.com/price", NAMES, TODAY)
    assert question.words == ("https", "example", "com", "price")
    assert question.notices == ()


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-05-03", date(2026, 5, 3), date(2026, 5, 3)),
        (">2026-05", date(2026, 6, 1), None),
        (">=2026-05", date(2026, 5, 1), None),
        ("<2026-05", None, date(2026, 4, 30)),
        ("<=2026-05", None, date(2026, 5, 31)),
        ("2026-01..2026-03", date(2026, 1, 1), date(2026, 3, 31)),
        ("..2026-03", None, date(2026, 3, 31)),
        ("2026-01..", date(2026, 1, 1), None),
        ("30d", date(2026, 10, 2), None),
        ("last-2-weeks", date(2026, 10, 18), None),
        ("today", TODAY, TODAY),
    ],
)
def test_dates_are_read(value: str, first: date | None, last: date | None) -> None:
    expected = (first.toordinal() if first else None, last.toordinal() if last else None)
    assert read_dates(value, TODAY) == expected


@pytest.mark.parametrize(
    "value", ["", "..", "x", "2026-13", "2026-02-30", "<", ">x", "0000", "9999", "2026..x", "x..2026"]
)
def test_what_is_no_date_is_none(value: str) -> None:
    assert read_dates(value, TODAY) is None


def test_bounds_hold_and_are_said() -> None:
    question = parse("word " * 30_000, NAMES, TODAY)
    assert len(question.words) == MOST_WORDS
    assert {notice.code for notice in question.notices} == {"too_long", "too_many_words"}
    assert len(question.free) <= MOST_CHARACTERS


@given(st.text() | st.from_regex(r'([\w:"\- ,.<>]{0,12} ?){0,6}', fullmatch=True))
def test_any_text_is_taken_apart(text: str) -> None:
    question = parse(text, NAMES, TODAY)
    assert all(question.words)
    assert all(at < len(question.words) for at in question.quoted)
    question.free.encode()

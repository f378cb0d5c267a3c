"""How close words stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.search.documents import Texts
from hub.search.engine import Alternative, Word
from hub.search.nearness import EXACT, SAID_OTHERWISE, SIMILAR, Chain, Near
from tests.factories.search import document


def reading(title: str, body: str = "", headings: tuple[str, ...] = ()) -> str:
    texts = Texts.of(document("one", title, body, headings=headings))
    return texts.read(texts.stemmed("en"))


def word(text: str, *alternatives: Alternative, stem: str = "", open_: bool = False) -> Word:
    return Word(text, (stem or text,), scores=True, open=open_, known=True, alternatives=alternatives)


def near(words: list[Word], text: str) -> Near | None:
    return Chain(words, 2).near(text)


def gaps(question: str, body: str) -> int | None:
    found = near([word(text) for text in question.split()], reading("title", body))
    return found and found.gaps


@pytest.mark.parametrize(
    ("question", "body", "expected"),
    [
        ("a b", "a b", 1),
        ("a b", "x b a", 2),
        ("a b", "a x b", 2),
        ("a b", "a x x b", None),
        ("a b c", "a x b x c", 4),
        ("a b", "a x x x x x a b", 1),
        ("b b", "b", 2),
        ("a missing", "a b", None),
    ],
)
def test_the_sum_of_gaps_decides_what_is_near(question: str, body: str, expected: int | None) -> None:
    assert gaps(question, body) == expected


def test_words_in_two_fields_or_headings_are_not_near() -> None:
    assert near([word("alpha"), word("beta")], reading("alpha", "beta")) is None
    assert near([word("alpha"), word("beta")], reading("x", headings=("alpha", "beta"))) is None


def test_the_whole_title_comes_before_a_whole_heading_before_a_part_of_a_title() -> None:
    words = [word("alpha"), word("beta")]
    whole, heading, part, body = (
        near(words, reading(*given))
        for given in (("alpha beta",), ("x", "", ("alpha beta",)), ("alpha beta x",), ("x", "alpha beta"))
    )
    assert None not in (whole, heading, part, body)
    assert whole < heading < part < body
    assert (whole.field, heading.field, part.field, body.field) == ("title", "headings", "title", "body")
    assert (whole.whole, heading.whole, part.whole) == (True, True, False)


def test_a_single_word_counts_where_it_begins_a_field_or_heading() -> None:
    assert near([word("alpha")], reading("alpha x")) is not None
    assert near([word("alpha")], reading("x alpha", "x", ("y", "alpha z"))) is not None
    assert near([word("alpha")], reading("x alpha", "x alpha")) is None


def test_words_as_typed_come_before_stems_before_synonyms() -> None:
    typed = word("prices", Alternative(("cost",), "synonym", 0.9), stem="price")
    found = [near([typed], reading(title)) for title in ("prices x", "pricing x", "cost x")]
    assert [one and one.grade for one in found] == [EXACT, SIMILAR, SAID_OTHERWISE]


def test_the_fewest_typos_count() -> None:
    typed = word("prise", Alternative(("price",), "typo", 0.4, 1))
    found = near([typed, word("list")], reading("price list"))
    assert found is not None
    assert found.typos == 1


def test_an_unfinished_word_is_found_by_its_beginning() -> None:
    assert near([word("audit"), word("lo", open_=True)], reading("audit logs")) is not None


def test_a_synonym_of_several_words_stands_as_one() -> None:
    other = Alternative(("chief", "financial", "officer"), "synonym", 0.9)
    found = near([word("cfo", other), word("letter")], reading("chief financial officer letter"))
    assert found is not None
    assert (found.gaps, found.whole) == (1, True)


@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=30),
    st.lists(st.sampled_from("abc"), min_size=2, max_size=4),
)
def test_near_agrees_with_trying_every_choice(body: list[str], question: list[str]) -> None:
    assert gaps(" ".join(question), " ".join(body)) == slow_gaps(question, body)


def slow_gaps(question: list[str], body: list[str]) -> int | None:
    places = [[at for at, one in enumerate(body) if one == text] for text in question]
    best = dict.fromkeys(places[0], 0)
    for following in places[1:]:
        best = {at: min((cost + gap(before, at) for before, cost in best.items()), default=99) for at in following}
    least = min(best.values(), default=99)
    return least if least <= 2 * (len(question) - 1) else None


def gap(before: int, after: int) -> int:
    return min(8, after - before if after > before else max(2, before - after + 1))

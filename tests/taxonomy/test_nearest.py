"""Whether a refusal names what the writer probably meant."""

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import clock
from hub.taxonomy.models import Term
from hub.taxonomy.nearest import NAMED, folded, nearest_names, nearest_terms, shown


def _term(key: str, label: str, *synonyms: str) -> Term:
    return Term(vocabulary="personas", key=key, label=label, synonyms=list(synonyms), created_at=clock.now())


PERSONAS = [
    _term("cfo", "Chief financial officer", "finance director", "head of finance", "Finanzleiter", "最高財務責任者"),
    _term("cto", "Chief technology officer", "VP engineering"),
    _term("operations-director", "Operations director", "head of logistics", "COO"),
    _term("it-security", "IT and security lead", "CISO", "head of IT"),
    _term("warehouse-manager", "Warehouse manager", "shift lead", "responsable d'entrepôt"),
]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CFO", "cfo"),
        ("cf0", "cfo"),
        ("cfoo", "cfo"),
        ("Chief Financial Officer", "cfo"),
        ("chief-financial-officer", "cfo"),
        ("chief finance officer", "cfo"),
        ("Finance Director", "cfo"),
        ("finanzleiter", "cfo"),
        ("最高財務", "cfo"),
        ("head of it", "it-security"),
        ("ciso", "it-security"),
        ("operations", "operations-director"),
        ("operation_director", "operations-director"),
        ("coo", "operations-director"),
        ("wharehouse-manager", "warehouse-manager"),
        ("Responsable d'entrepot", "warehouse-manager"),
        ("vp engeneering", "cto"),
    ],
)
def test_the_term_that_was_meant_is_named_first(written: str, meant: str) -> None:
    assert nearest_terms(written, PERSONAS)[0].key == meant


def test_the_best_one_is_named_even_when_nothing_is_near() -> None:
    assert len(nearest_terms("zzzz", PERSONAS)) == 1


def test_no_more_than_three_are_named() -> None:
    alike = [_term(f"cfo-{number}", f"CFO {number}") for number in range(9)]
    assert [term.key for term in nearest_terms("cfo", alike)] == ["cfo-0", "cfo-1", "cfo-2"]


def test_unlikely_ones_are_left_out_beside_a_likely_one() -> None:
    assert [term.key for term in nearest_terms("最高財務責任者", PERSONAS)] == ["cfo"]


def test_an_empty_vocabulary_has_nothing_near() -> None:
    assert nearest_terms("cfo", []) == []
    assert nearest_names("cfo", []) == []


def test_names_of_vocabularies_are_found_by_their_singular() -> None:
    assert nearest_names("persona", ["stages", "personas", "products"])[0] == "personas"


@pytest.mark.parametrize("written", ["x" * 100_000, "\x00\u202e\n" * 50, "", " ", "👩‍🚀", "<script>alert(1)</script>"])
def test_whatever_was_written_is_shown_short_and_on_one_line(written: str) -> None:
    assert len(shown(written)) < 70
    assert shown(written).isprintable()
    assert len(nearest_terms(written, PERSONAS)) in range(1, NAMED + 1)


words = st.text(ascii_lowercase + "äöü語", min_size=1, max_size=12)


@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=12), st.data())
def test_a_name_in_other_letters_always_finds_a_term_of_that_name_first(
    names: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    terms = [_term(key, label, synonym) for key, label, synonym in names]
    wanted = data.draw(st.sampled_from([name for trio in names for name in trio]))
    best = nearest_terms(wanted.upper().replace(" ", "_"), terms)[0]
    assert folded(wanted.upper()) in {folded(name) for name in (best.key, best.label, *best.synonyms)}


@given(
    st.sampled_from([term.key for term in PERSONAS if len(term.key) > 5]), st.integers(1, 20), st.sampled_from("qxz7")
)
def test_one_wrong_letter_in_a_long_key_still_names_it_first(key: str, place: int, letter: str) -> None:
    place %= len(key)
    assert nearest_terms(key[:place] + letter + key[place + 1 :], PERSONAS)[0].key == key

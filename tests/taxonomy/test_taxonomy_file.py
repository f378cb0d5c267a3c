"""taxonomy.yaml as text: what is read from it, what is refused in which line, and hostile input."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.taxonomy import taxonomy_file
from hub.taxonomy.taxonomy_file import MOST_BYTES, MOST_TERMS, Content

PERSONAS = "personas:\n"


def _read(text: str) -> Content:
    return taxonomy_file.read(text, name="taxonomy.yaml")


def _refused(text: str) -> list[tuple[int, str]]:
    content = _read(text)
    assert all(it.file == "taxonomy.yaml" for it in content.rejected)
    return [(it.line, it.reason) for it in content.rejected]


def test_a_term_says_what_stands_there_and_nothing_else() -> None:
    text = """\
# a comment
personas:
  - key: cfo
    label: Chief  financial officer
    synonyms: [FD, fd, 最高財務責任者]
    goals: >-
      Sleep
      well.
    pains:
    owners: {marketing: ana@example.com}
    former_keys: [finance]
  - {key: cto, label: CTO, confirmed: false}
products: []
regions:
"""
    cfo, cto = _read(text).statements
    assert (cfo.vocabulary, cfo.key, cfo.line, cfo.former_keys) == ("personas", "cfo", 3, ("finance",))
    assert cfo.stated() == {
        "label": "Chief financial officer",
        "synonyms": ["FD", "最高財務責任者"],
        "text.goals": "Sleep well.",
        "text.pains": "",
        "marketing_owner": "ana@example.com",
    }
    assert (cto.stated(), cto.draft.confirmed, cto.line) == ({"label": "CTO"}, False, 12)


@pytest.mark.parametrize("word", ["no", "on", "1e3", "0x10", "2027-01-01", "1.0", "true", "y"])
def test_a_word_stays_the_word_that_was_written(word: str) -> None:
    [term] = _read(f"languages:\n- {{key: {word}, label: {word}, note: {word}}}").statements
    assert (term.key, term.draft.label, term.draft.text) == (word, word, {"note": word})


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff", "personas:\n", "personas: []\n", "personas: ~"])
def test_a_file_may_say_nothing(text: str) -> None:
    assert (_read(text).statements, _refused(text)) == ([], [])


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: [", 2, "this is not YAML: "),
        ("a:\n b: 1\n  c: 2\n", 3, "this is not YAML: "),
        ("personas: [*cfo]", 1, "anchors and aliases (& and *) are not used here"),
        ("personas:\n- &cfo {key: a, label: A}", 2, "anchors and aliases"),
        ("personas:\n- !!python/object/apply:os.system [id]", 2, "tags like "),
        ("personas:\n- {key: a, label: !!binary aGk=}", 2, "tags like "),
        ("a: []\n---\nb: []\n", 3, "only one document may stand in this file"),
        ("a: []\nb: []\na: []\n", 3, '"a" stands here twice, first in line 1'),
        ("- a\n", 1, "a taxonomy file names vocabularies"),
        ("just words", 1, "a taxonomy file names vocabularies"),
        ("a: []\nb: x\x07y\n", 2, "the character U+0007 cannot stand in a text file"),
        ("a: []\nb: \ud800\n", 2, "the character U+D800"),
        ("? {a: b}\n: c", 1, "a name is expected here"),
        ("a: " + "[" * 50, 1, "this is nested deeper"),
        ("a: x" + "x" * MOST_BYTES, 1, "the file is larger than 1,000,000 bytes"),
        ("a:\n" + "- b\n" * (MOST_TERMS + 1), 1, "the file has more than 20,000 terms"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_refusal_with_its_line(text: str, line: int, reason: str) -> None:
    content = _read(text)
    assert content.statements == []
    [(where, why)] = _refused(text)
    assert (where, why[: len(reason)]) == (line, reason)


@pytest.mark.parametrize(
    ("term", "line", "reason"),
    [
        ("- x", 2, "a term has a key and a label"),
        ("- [key, label]", 2, "a term has a key and a label"),
        ("- {label: Chief Größe}", 2, "this term has no key; say key: chief-grosse"),
        ("- key: cto", 2, '"cto" has no label'),
        ("- key: cto\n  label:", 2, '"cto" has no label'),
        ("- key: CTO\n  label: X", 2, '"key": a key is words of a-z and 0-9'),
        ("- label: X\n  key: [a]", 3, '"key": Input should be a valid string'),
        ("- key: cto\n  label: X\n  label: Y", 4, '"label" stands here twice, first in line 3'),
        ("- key: cto\n  label: " + "x" * 201, 3, '"label": String should have at most 200'),
        ("- key: cto\n  label: X\n  synonyms: word", 4, '"synonyms": Input should be a valid list'),
        ("- key: cto\n  label: X\n  synonyms:\n  - ok\n  - ''", 6, '"synonyms": String should have at least 1'),
        ("- key: cto\n  label: X\n  goals: {a: b}", 4, '"goals" is a text or a list of texts'),
        ("- key: cto\n  label: X\n  goals: [[a]]", 4, '"goals" is a text or a list of texts'),
        ("- key: cto\n  label: X\n  goals: " + "x" * 5_001, 4, '"goals": String should have at most 5000'),
        ("- key: cto\n  label: X\n  goals:\n  - ok\n  - " + "x" * 201, 6, '"goals": String should have at most 200'),
        ("- key: cto\n  label: X\n  Goals: x", 4, "\"Goals\": 'Goals' cannot name a text"),
        ("- key: cto\n  label: X\n  <<: x", 4, "\"<<\": '<<' cannot name a text"),
        ("- key: cto\n  label: X\n  position: 3", 4, "position is not written here"),
        ("- key: cto\n  label: X\n  confirmed: perhaps", 4, "confirmed is true or false"),
        ("- key: cto\n  label: X\n  owners: ana", 4, "owners names one person of each team"),
        ("- key: cto\n  label: X\n  owners:\n    finance: ana", 5, "owners names one person of each team"),
        ("- key: cto\n  label: X\n  owners:\n    sales: ''", 5, '"owners": String should have at least 1'),
        ("- key: cto\n  label: X\n  former_keys: [A B]", 4, "former_keys is a list of keys"),
        ("- key: cto\n  label: X\n  deal_stages: [Demo]", 4, "deal_stages is a list, of a buyer-journey stage only"),
        ("- key: cto\n  label: X\n  goals: [[[a]]]", 4, "this is nested deeper"),
    ],
)
def test_a_wrong_term_is_refused_in_its_line(term: str, line: int, reason: str) -> None:
    [(where, why)] = _refused(PERSONAS + term)
    assert (where, why[: len(reason)]) == (line, reason)


def test_a_wrong_term_does_not_keep_the_others_out() -> None:
    content = _read("personas:\n- {key: A, label: A}\n- {key: b, label: B}\nBad: []\nregions:\n- {key: c, label: C}\n")
    assert [(it.vocabulary, it.key) for it in content.statements] == [("personas", "b"), ("regions", "c")]
    assert [it.line for it in content.rejected] == [2, 4]


def test_a_key_stands_once_in_a_vocabulary() -> None:
    assert _refused("personas:\n- {key: a, label: A}\n- {key: a, label: B}\nregions:\n- {key: a, label: A}\n") == [
        (3, "personas has a already, in line 2")
    ]


def test_a_deal_stage_stands_under_one_stage() -> None:
    text = """\
stages:
- {key: awareness, label: A, deal_stages: [Lead, Demo]}
- key: decision
  label: D
  deal_stages:
  - Proposal
  - DEMO
- {key: retention, label: R, deal_stages: [proposal]}
"""
    assert _refused(text) == [(7, 'the deal stage "DEMO" belongs to awareness already, in line 2')]


@pytest.mark.parametrize("name", ["Personas", "a-b", "1a", "a b", "x" * 51, "<b>"])
def test_a_vocabulary_is_named_in_lower_case_words(name: str) -> None:
    assert _read(f"{name}:\n- {{key: a, label: A}}").statements == []
    assert "cannot name a vocabulary" in _refused(f"{name}: []")[0][1]


@pytest.mark.parametrize("name", ["title", "body", "owner", "tags", "language", "review_by"])
def test_a_vocabulary_cannot_be_named_like_a_field_of_a_content_file(name: str) -> None:
    assert _refused(f"{name}: []") == [(1, f"{name} is a field of content files and cannot name a vocabulary")]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 900_000,
        "a: " + "{a: " * 200_000,
        "- " * 400_000,
        'a: "' + "\\n" * 400_000,
        "a: &x [b]\nc: [" + "*x, " * 200_000 + "]",
        "? " * 400_000,
        "a:\n" + "".join(f" - {{key: k{number}, label: {'é' * 10}}}\n" for number in range(19_000)),
        "a:\n- {key: a, label: A, " + ", ".join(f"f{number}: x" for number in range(60_000)) + "}",
        "a:\n- {key: a, label: A, synonyms: [" + "x, " * 300_000 + "]}",
    ],
    ids=["lists", "mappings", "sequences", "escapes", "aliases", "keys", "terms", "fields", "synonyms"],
)
def test_a_hostile_file_is_read_or_refused(text: str) -> None:
    """What unfolds or goes quadratic would not come to an end here."""
    content = _read(text[:MOST_BYTES])
    assert len(content.rejected) <= 1
    assert len(content.statements) <= MOST_TERMS


@given(st.text(max_size=300))
def test_no_text_whatever_raises(text: str) -> None:
    content = _read(text)
    assert all(1 <= it.line <= text.count("\n") + text.count("\r") + 2 for it in content.rejected)


lines = st.sampled_from(
    [
        "personas:",
        "stages:",
        "- key: a",
        "  label: A",
        "  synonyms: [x, y]",
        "  owners: {sales: b}",
        "- {",
        "  : ",
        "\t-",
    ]
)


@given(st.lists(lines, max_size=12).map("\n".join))
def test_no_nearly_right_file_raises(text: str) -> None:
    content = _read(text)
    assert all(1 <= it.line <= text.count("\n") + 2 for it in content.rejected)


words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20).filter(str.strip)
keys = st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5})?", fullmatch=True)
texts = st.dictionaries(
    st.sampled_from(["goals", "pains"]), words | st.lists(words, min_size=1, max_size=3), max_size=2
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["personas", "use_cases"]), keys, words, st.lists(words, max_size=3), texts),
        unique_by=lambda term: term[:2],
        max_size=8,
    )
)
def test_what_is_written_is_read_again(terms: list[tuple[str, str, str, list[str], dict[str, Any]]]) -> None:
    """Whatever stands in a term: words that YAML takes for numbers, colons, quotes, emoji."""
    written = taxonomy_file.write(
        [
            {"vocabulary": name, "key": key, "label": label, "synonyms": synonyms, **text}
            for name, key, label, synonyms, text in sorted(terms)
        ]
    )
    content = _read(written)
    assert content.rejected == []
    assert [(it.vocabulary, it.key) for it in content.statements] == [(name, key) for name, key, *_ in sorted(terms)]
    again = [
        {"vocabulary": it.vocabulary, "key": it.key, "label": it.draft.label}
        | ({"synonyms": it.draft.synonyms} | it.draft.text)
        for it in content.statements
    ]
    second = _read(taxonomy_file.write(again))
    assert [(it.key, it.stated()) for it in second.statements] == [(it.key, it.stated()) for it in content.statements]

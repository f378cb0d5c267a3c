"""Tokens, stems and their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.search.analysis import flattened, places, stems, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello World's snake_case", "hello world s snake case"),
        ("Köln Straße café ŁÓDŹ İstanbul", "koln strasse cafe lodz istanbul"),
        ("e\u0301tude \ufb01ne \uff21\uff22", "etude fine ab"),
        ("東京都は", "東京 京都 都は"),
        ("価", "価"),
        ("한국어", "한국 국어"),
        ("ภาษา", "ภา าษ ษา"),
        ("हिन्दी में", "हिन्दी में"),
        ("GPT4 東京 mix", "gpt4 東京 mix"),
        ("“curly” — dash … 😀", "curly dash"),
        ("x" * 41, ""),
    ],
)
def test_text_becomes_folded_tokens(text: str, expected: str) -> None:
    assert " ".join(tokens(text)) == expected


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        ("prices pricing", "en", "price price"),
        ("prices", "en-US", "price"),
        ("hauser", "de", "haus"),
        ("approuves", "fr", "approuv"),
        ("prices", "ja", "prices"),
        ("prices", "", "prices"),
    ],
)
def test_stems_follow_the_language(words: str, language: str, expected: str) -> None:
    assert " ".join(stems(words.split(), language)) == expected


@given(st.text())
def test_places_are_the_tokens_in_order(text: str) -> None:
    found = list(places(text))
    assert [place.token for place in found] == tokens(text)
    assert all(0 <= place.start < place.end <= len(text) for place in found)


@given(st.text(alphabet=st.characters(max_codepoint=0x2100)))
def test_flattening_keeps_every_character_in_its_place(text: str) -> None:
    flat = flattened(text)
    if flat is not None:
        assert len(flat) == len(text)
        assert flat.isascii()


@given(st.text())
def test_tokens_can_stand_between_spaces(text: str) -> None:
    assert not any(set(token) & set(" |\n") for token in tokens(text))

"""Marks in the text, and the passage that is shown."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from hub.search.engine import Word
from hub.search.highlights import SNIPPET_LENGTH, Marker, _excerpt


def marker(*texts: str, open_: bool = False) -> Marker:
    return Marker([Word(text, (text,), scores=True, open=open_, known=True) for text in texts])


def test_the_surroundings_of_the_most_matches_are_shown() -> None:
    text = "filler words here " * 40 + "the audit logs stand here " + "and more filler " * 40
    shown = _excerpt(text, "en", marker("audit", "logs"))
    assert "<mark>audit</mark> <mark>logs</mark>" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")


def test_pairs_of_characters_are_marked_as_one() -> None:
    assert marker("東京", "京都").mark("東京都", "ja") == "<mark>東京都</mark>"


def test_an_accent_does_not_hide_a_match() -> None:
    assert marker("koln").mark("In Köln", "de") == "In <mark>Köln</mark>"


@given(st.text(), st.lists(st.text(min_size=1, max_size=3), max_size=3), st.booleans())
def test_marked_text_is_the_text(text: str, words: list[str], open_: bool) -> None:
    marked = marker(*words, open_=open_).mark(text, "en")
    assert html.unescape(re.sub("</?mark>", "", marked)) == html.unescape(html.escape(text))
    assert "<" not in re.sub("</?mark>", "", marked)


@given(st.text(min_size=300), st.sampled_from(["a", "0", "x"]))
def test_an_excerpt_is_bounded_and_escaped(text: str, word: str) -> None:
    shown = re.sub("</?mark>", "", _excerpt(text, "en", marker(word)))
    assert len(html.unescape(shown)) <= SNIPPET_LENGTH + len("…  …")
    assert "<" not in shown

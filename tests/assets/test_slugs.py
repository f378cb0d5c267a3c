"""Slugs from paths and titles."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.assets.slugs import MAX_LENGTH, is_slug, slug_of_path, slug_of_title


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("objection/too-dear.md", "objection.too-dear"),
        ("objection/too-dear", "objection.too-dear"),
        ("Case Studies/ACME & Sons (2026).md", "case-studies.acme-sons-2026"),
        ("Übersicht.md", "ubersicht"),
        ("価格.md", "sige"),
        ("Größe/Straße.MD", "grosse.strasse"),
        ("a/b/c/d.markdown", "a.b.c.d"),
        ("release v1.2.md", "release-v1-2"),
        ("why they don't buy.md", "why-they-dont-buy"),
        ("it\u2019s time.md", "its-time"),
        ("snake_case__name.md", "snake-case-name"),
        ("/leading//double/.md", "leading.double"),
    ],
)
def test_a_path_becomes_words_and_folders(path: str, slug: str) -> None:
    assert slug_of_path(path) == slug


def test_a_folder_keeps_its_own_words() -> None:
    assert slug_of_path("won deals/index.md") == "won-deals.index"
    assert slug_of_path("won.deals/index.md") == "won-deals.index"


def test_a_name_without_word_characters_gets_a_stable_hash() -> None:
    first, second = slug_of_path("!!!.md"), slug_of_path("---.md")
    assert is_slug(first)
    assert is_slug(second)
    assert first != second
    assert first == slug_of_path("!!!.md")
    assert slug_of_path("objection/\u2026.md").startswith("objection.")


@pytest.mark.parametrize("path", ["", "/", ".md", "..", "../.."])
def test_a_path_without_any_name_still_has_a_slug(path: str) -> None:
    assert is_slug(slug_of_path(path))


def test_composed_and_decomposed_names_share_a_slug() -> None:
    for path in ("Übersicht/Größe.md", "\u1e9b\u0323" * 3 + ".md", "é" * 300 + ".md"):
        composed, decomposed = unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)
        assert slug_of_path(composed) == slug_of_path(decomposed)


def test_long_paths_are_shortened_and_stay_apart() -> None:
    first, second = slug_of_path("word/" * 100 + "one.md"), slug_of_path("word/" * 100 + "two.md")
    assert is_slug(first)
    assert is_slug(second)
    assert first != second
    assert first.startswith("word.word.word")


def test_a_slug_of_exactly_the_longest_length_is_kept() -> None:
    assert slug_of_title("x" * MAX_LENGTH) == "x" * MAX_LENGTH
    assert slug_of_title("x" * (MAX_LENGTH + 1)) != "x" * (MAX_LENGTH + 1)


def test_a_slash_in_a_title_makes_no_folder() -> None:
    assert slug_of_title("CI/CD: what it costs") == "ci-cd-what-it-costs"


def test_a_title_that_ends_like_a_file_keeps_its_ending() -> None:
    assert slug_of_title("How to write README.md") == "how-to-write-readme-md"


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "-a", "a.", ".a", "a--b", "a..b", "a.-b", "A", "ü", "a b", "a/b", "a\n", "x" * 201],
)
def test_what_is_not_a_slug(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize("text", ["a", "7", "too-dear", "objection.too-dear", "a.b.c", "x" * 200])
def test_what_is_a_slug(text: str) -> None:
    assert is_slug(text)


@given(st.text())
def test_every_path_and_title_makes_a_slug(text: str) -> None:
    assert is_slug(slug_of_path(text))
    assert is_slug(slug_of_title(text))


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*", fullmatch=True))
def test_a_path_that_is_a_slug_already_only_swaps_its_slashes(path: str) -> None:
    if len(path) <= MAX_LENGTH:
        assert slug_of_path(path + ".md") == path.replace("/", ".")

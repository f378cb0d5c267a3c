"""The files of `search/`."""

import shutil
from pathlib import Path

import pytest

from hub.search.configuration import BadConfiguration, Configuration

SHIPPED = Path(__file__).parents[2] / "search"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "search"))


def test_what_ships_can_be_read() -> None:
    configuration = Configuration.load(SHIPPED)
    assert {"kind", "persona", "stage", "competitor"} <= set(configuration.facets)
    assert "visible_to" not in configuration.facets
    assert configuration.synonyms["too", "dear"] == (("expensive",),)
    assert "the" in configuration.stop_words["en"]
    assert [rule.name for rule in configuration.rules] == ["persona", "stage", "competitor", "industry"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("settings.json", "{", "settings.json, line 1"),
        ("settings.json", "[]", "one JSON object"),
        ("synonyms.json", '{"a": "b"}', '"a": must be a list of words'),
        ("ranking.toml", "[weights]\nplain = 'x'", r"\[weights\]: plain must be a number"),
        ("ranking.toml", "=", "ranking.toml"),
        ("recommendations.toml", "[[rule]]\nname = 'x'", "rule 1: asset is missing"),
    ],
)
def test_a_mistake_is_named_with_its_place(folder: Path, name: str, content: str, says: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(BadConfiguration, match=says):
        Configuration.load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "ranking.toml").unlink()
    with pytest.raises(BadConfiguration, match=r"ranking.toml cannot be read"):
        Configuration.load(folder)


@pytest.mark.parametrize("name", ["synonyms.json", "ranking.toml", "stop-words/en.txt"])
def test_every_change_that_matters_changes_the_fingerprint(folder: Path, name: str) -> None:
    before = Configuration.load(folder).fingerprint
    text = (folder / name).read_text()
    changed = {
        "synonyms.json": text.replace("pricey", "priceless"),
        "ranking.toml": text.replace("0.75", "0.7"),
        "stop-words/en.txt": text + " verily",
    }
    (folder / name).write_text(changed[name])
    assert Configuration.load(folder).fingerprint != before


@pytest.mark.parametrize(
    ("word", "edits"), [("deck", 0), ("price", 1), ("pricing", 1), ("marketing", 2), ("2026112345", 0)]
)
def test_edits_follow_the_length(word: str, edits: int) -> None:
    assert Configuration.load(SHIPPED).typos.edits(word) == edits

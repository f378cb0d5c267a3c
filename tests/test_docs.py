"""The pages in docs/ and the README are true where a program can tell: links, commands, and settings."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from hub.cli import app
from hub.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
CODE = re.compile(r"`[^`]+`")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = unquote(target).partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_that_is_named_exists_with_its_options(page: Path) -> None:
    wrong = [line for line in commands_in(page.read_text(encoding="utf-8")) if not is_command(line)]
    assert not wrong


def test_every_setting_stands_in_the_operators_guide_and_none_besides() -> None:
    guide = (ROOT / "docs/guides/operating.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `HUB_")]
    told = {name for cell in table for name in re.findall(r"`(HUB_[A-Z_]+)`", cell)}
    assert told == {f"HUB_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_that_a_page_names_is_one() -> None:
    known = {f"HUB_{name.upper()}" for name in Settings.model_fields}
    # A person's token, and what only the tests read.
    others = {"HUB_TOKEN", "HUB_TEST_POSTGRES_URL", "HUB_TEST_REQUIRE_ALL"}
    named = {name for page in PAGES for name in re.findall(r"\bHUB_[A-Z_]+\b", page.read_text(encoding="utf-8"))}
    assert named <= known | others


def test_decisions_are_numbered_without_a_gap_and_say_their_number() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]} ")
        parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
        assert parts[:2] == ["Context", "Decision"], page.name
        assert parts[2:] in ([], ["Consequences"], ["Alternatives"], ["Consequences", "Alternatives"]), page.name


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands_in(page: str) -> Iterator[str]:
    """What a reader would type: from `hub` on, in lines of code blocks, in $(…) and between backticks."""
    for block in FENCE.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            if found := re.search(r"(?:^|[|(] ?|\$ )(?:HUB_\w+=\S+ )*(hub [a-z].*)", line):
                yield re.split(r"\)|\s#|\s\|\s", found[1])[0]
    yield from re.findall(r"`(hub [a-z][^`]*)`", " ".join(FENCE.sub("", page).split()))


def is_command(line: str) -> bool:
    """Whether its words lead to a command, and whether that command has the options named behind it."""
    node = get_command(app)
    words = line.split()[1:]
    while isinstance(node, TyperGroup) and words and words[0] != "…":
        found = node.commands.get(words.pop(0))
        if found is None:
            return False
        node = found
    known = {name for parameter in node.params for name in parameter.opts} if isinstance(node, TyperCommand) else set()
    return {word.partition("=")[0] for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("hub content sync", True),
        ("hub asset …", True),
        ("hub backup FILE --force", True),
        ("hub content frobnicate", False),
        ("hub backup FILE --farce", False),
    ],
)
def test_a_command_is_recognised_by_its_words_and_options(line: str, right: bool) -> None:
    assert is_command(line) is right


def test_commands_are_found_in_blocks_and_sentences() -> None:
    page = "Run `hub serve\n--port 1` or:\n```\nexport X=$(hub token create A)\nHUB_WORKER=false hub work  # so\n```\n"
    assert list(commands_in(page)) == ["hub token create A", "hub work ", "hub serve --port 1"]

"""The README's map is true: every folder and room that is there stands in it, and nothing else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def mapped(pattern: str) -> set[str]:
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(pattern, row.split("|")[1])}


def test_every_folder_at_the_top_is_on_the_map() -> None:
    hidden = {"data", "build", "dist"}
    there = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - hidden
    there = {name for name in there if not name.endswith(".egg-info")}
    assert mapped(r"`(\w+)/`") == there


def test_every_room_of_the_program_is_on_the_map() -> None:
    rooms = {path for path in (ROOT / "hub").iterdir() if not path.name.startswith(("_", "."))}
    folders = {path.name for path in rooms if path.is_dir() and any(path.glob("*.py"))}
    files = {path.name for path in rooms if path.suffix == ".py"}
    assert mapped(r"`hub/(\w+)/`") == folders
    assert mapped(r"`hub/(\w+\.py)`") == files

"""Made-up messaging of a believable size, the same in every run: for a library, a content folder, a table to import."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

WORDS = (  # noqa: SIM905 - a list of fifty would take fifty lines
    "buyer team price proof delivery contract renewal margin risk audit forecast switch rollout champion budget "
    "pilot outcome effort week quarter order line plan shift stock supplier late early ask show name cost save keep "
    "they we you your their because before after without unless more fewer faster simpler every one two three"
).split()
STAGES = ("awareness", "consideration", "decision", "retention")
KINDS = ("note", "battlecard", "email_template", "call_script", "objection", "one_pager")


def body(number: int) -> str:
    """About 2 kB of Markdown: headings, paragraphs, a list, a table, a link."""
    chance = random.Random(number)
    points = "\n".join(f"- **{_words(chance, 2)}**: {_sentence(chance)}" for _ in range(4))
    cells = "\n".join(f"| {_words(chance, 2)} | {_words(chance, 4)} |" for _ in range(3))
    paragraphs = [" ".join(_sentence(chance) for _ in range(4)) for _ in range(4)]
    return (
        f"# {_words(chance, 4).capitalize()}\n\n{paragraphs[0]}\n\n{points}\n\n## {_words(chance, 3).capitalize()}\n\n"
        f"{paragraphs[1]}\n\n| they say | you say |\n| --- | --- |\n{cells}\n\n{paragraphs[2]}\n\n"
        f"{paragraphs[3]} See [more](https://example.com/{number}).\n"
    )


def fields(number: int) -> dict[str, str]:
    """What stands beside the text."""
    chance = random.Random(-number)
    return {
        "title": f"{_words(chance, 4).capitalize()} {number}",
        "summary": _sentence(chance),
        "kind": KINDS[number % len(KINDS)],
        "stages": STAGES[number % len(STAGES)],
    }


def write_folder(root: Path, files: int) -> None:
    """A content folder of so many files."""
    for number in range(files):
        place = root / f"shelf-{number % 20:02d}" / f"asset-{number}.md"
        place.parent.mkdir(parents=True, exist_ok=True)
        given = fields(number)
        place.write_text(
            f"---\ntitle: {given['title']}\nsummary: {given['summary']}\nkind: {given['kind']}\n"
            f"stages: [{given['stages']}]\n---\n{body(number)}",
            encoding="utf-8",
        )


def write_table(file: Path, rows: int) -> None:
    """A CSV file as `hub import --assets` takes it."""
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, ["asset_id", "title", "summary", "kind", "stages", "body", "published"])
        table.writeheader()
        table.writerows(_rows(rows))


def _rows(count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        yield {"asset_id": f"old-{number}", **fields(number), "body": body(number), "published": "2025-03-01"}


def _sentence(chance: random.Random) -> str:
    return _words(chance, chance.randint(8, 16)).capitalize() + "."


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count))

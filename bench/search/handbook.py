"""A folder of Markdown files as documents: whole files, or their sections, multiplied where more are wanted."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.search.documents import Document, Tag

_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*_`<>]|\{\{.*?\}\}")
START = datetime(2026, 1, 1, tzinfo=UTC)
FACETS = ("persona", "stage", "product", "industry", "competitor")


def files(folder: Path) -> list[Document]:
    """One document a file: its first heading (else its name) is the title."""
    found = []
    for path in sorted(folder.rglob("*.md")):
        headings, passages = _parts(path.read_text(encoding="utf-8"))
        title = headings[0] if headings else path.stem.replace("_", " ").replace("-", " ")
        name = path.relative_to(folder).with_suffix("").as_posix()
        found.append(_document(name, title, headings[1:], passages))
    return found


def sections(folder: Path) -> list[Document]:
    """One document a heading, with the text up to the next one."""
    found = []
    for path in sorted(folder.rglob("*.md")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        for number, (title, passages) in enumerate(_sections(path.read_text(encoding="utf-8"))):
            found.append(_document(f"{name}#{number}", title, [], passages))
    return found


def multiplied(documents: list[Document], count: int, seed: int = 1) -> Iterator[Document]:
    """`count` documents with tags: the real ones, then new ones of sentences of two real ones."""
    chance = random.Random(seed)
    for number in range(count):
        base = documents[number % len(documents)]
        passages = base.passages
        if number >= len(documents):
            sentences = [
                *" ".join(base.passages).split(". "),
                *" ".join(chance.choice(documents).passages).split(". "),
            ]
            chance.shuffle(sentences)
            passages = (". ".join(sentences[: max(1, len(sentences) // 2)]),)
        tags = tuple(
            Tag(facet, f"{facet}-{value}", f"{facet.title()} {value}")
            for facet in FACETS
            for value in {chance.randrange(12) for _ in range(2)}
        )
        yield Document(
            id=f"{number}-{base.id}",
            slug=f"{number}-{base.slug}",
            title=base.title,
            headings=base.headings,
            passages=passages,
            tags=tags,
            kind=chance.choice(("battlecard", "objection", "case_study", "one_pager", "faq", "note")),
            updated_at=START + timedelta(minutes=chance.randrange(400_000)),
            evidence_band=chance.choice((0, 0, 0, 1, 2, 3, 4)),
        )


def file_document(name: str, title: str) -> Document:
    """A document of which only the name and the title matter."""
    return _document(name, title, [], [])


def _document(name: str, title: str, headings: list[str], passages: list[str]) -> Document:
    return Document(
        id=name, slug=name, title=title, headings=tuple(headings), passages=tuple(passages), updated_at=START
    )


def _parts(text: str) -> tuple[list[str], list[str]]:
    headings, passages = [], []
    for heading, paragraphs in _sections(text, whole=True):
        if heading:
            headings.append(heading)
        passages += paragraphs
    return headings, passages


def _sections(text: str, *, whole: bool = False) -> Iterator[tuple[str, list[str]]]:
    heading, lines, fenced = "", list[str](), False
    for line in text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        match = None if fenced else _HEADING.match(line)
        if match is None:
            lines.append(line)
            continue
        if heading or whole:
            yield heading, _paragraphs(lines)
        heading, lines = _bare(match[1]), []
    if heading or whole:
        yield heading, _paragraphs(lines)


def _paragraphs(lines: list[str]) -> list[str]:
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    return [bare for block in blocks if (bare := _bare(" ".join(block.split())))]


def _bare(text: str) -> str:
    return _MARKUP.sub(lambda match: match[1] or "", text).strip()

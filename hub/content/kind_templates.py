"""Where a new text begins: the template of its kind, and the house rules that checks go by.

Both are files of the content folder, `_templates/KIND.md` and `_templates/checks.yaml`, which a company changes as it
likes; what it has not is taken from the starter library. A file that cannot be read is named, and stops nobody.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hub import shipped
from hub.assets.checks import Rules
from hub.assets.models import Audience, Kind
from hub.content.folder import FileRefused, Folder
from hub.content.front_matter import ContentError, read
from hub.taxonomy.bounded_yaml import Node, YamlFault, parsed

FOLDER = "_templates"
RULES = "checks.yaml"
_LARGEST_RULES = 200_000
# What a template says to the author, not to the reader: a first line in italics, and a quoted list at the end.
_ADVICE = re.compile(r"\A\s*\*(Target:[^\n]*?)\*[ \t]*(?:\n|\Z)")
_QUESTIONS = re.compile(r"(?:^>[^\n]*(?:\n|\Z))+\s*\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """`advice` and `questions` stand beside the text while it is written; `problem` says why a file was passed over."""

    kind: Kind
    title: str
    audience: str
    body: str
    advice: str
    questions: str
    problem: str = ""


def template(content_dir: Path, kind: Kind) -> Template:
    """The template of a kind; an empty text when nobody wrote one."""
    path, problem = f"{FOLDER}/{kind}.md", ""
    for root in (content_dir, shipped.folder("content")):
        if (data := _data(root, path)) is None:
            continue
        try:
            return _template(kind, data, problem)
        except ContentError as error:
            problem = f"{path} cannot be read, line {error.line}: {error.reason}"
    return Template(kind, "", Audience.INTERNAL, "", "", "", problem)


def rules(content_dir: Path) -> Rules:
    """The house rules; those of the starter library when the folder has none, or none that can be read."""
    for root in (content_dir, shipped.folder("content")):
        if (data := _data(root, f"{FOLDER}/{RULES}")) is not None and (found := _rules(data)) is not None:
            return found
    return Rules()


def _data(root: Path, path: str) -> bytes | None:
    try:
        return Folder(root.resolve(), "").read(path)
    except FileRefused:
        return None


@lru_cache(maxsize=64)
def _template(kind: Kind, data: bytes, problem: str) -> Template:
    file = read(data)
    body = file.body.replace("\r\n", "\n")
    advice = _ADVICE.match(body)
    body = body[advice.end() :].lstrip("\n") if advice else body
    asked = _QUESTIONS.search(body)
    questions = asked[0] if asked and "checks:**" in asked[0] else ""
    body = body.removesuffix(questions).rstrip("\n") + "\n" if questions else body
    audience = str(file.fields.get("audience") or Audience.INTERNAL)
    return Template(
        kind=kind,
        title=str(file.fields.get("title") or ""),
        audience=audience if audience in set(Audience) else str(Audience.INTERNAL),
        body=body,
        advice=advice[1] if advice else "",
        questions="\n".join(line.removeprefix(">").strip() for line in questions.strip().split("\n")[:40]),
        problem=problem,
    )


@lru_cache(maxsize=8)
def _rules(data: bytes) -> Rules | None:
    try:
        root = parsed(data.decode(), most_bytes=_LARGEST_RULES, deepest=4)
        if root.kind != "mapping":
            return None
        parts = {name: value for name, (_, value) in root.fields().items()}
        return Rules(lengths=_lengths(parts), avoid=_avoid(parts), leftovers=_phrases(parts))
    except (YamlFault, ValueError, KeyError, TypeError):
        return None


def _lengths(parts: dict[str, Node]) -> dict[str, tuple[int, int]]:
    given = parts["lengths"].plain if "lengths" in parts else {}
    return {str(kind): (int(least), int(most)) for kind, (least, most) in (given or {}).items()}


def _avoid(parts: dict[str, Node]) -> tuple[tuple[str, str], ...]:
    given = parts["avoid"].plain if "avoid" in parts else []
    return tuple((str(one["word"]), str(one["say"])) for one in given or [] if one["word"])


def _phrases(parts: dict[str, Node]) -> tuple[str, ...]:
    given = parts["leftovers"].plain if "leftovers" in parts else []
    return tuple(str(phrase) for phrase in given or [] if phrase)

"""YAML from anywhere, read within bounds and with line numbers.

It reads YAML's events and never builds its objects: every scalar stays the text that was written (the language `no`
is not False), anchors and tags are refused before they can unfold, and size and depth are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from hub.taxonomy.nearest import shown

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlFault(Exception):
    """What is wrong, and in which line (from 1)."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of YAML and its line. `kind` says what `value` is: "text" a string or None, "list" a list of nodes,
    "mapping" a list of pairs of nodes."""

    kind: str
    value: Any
    line: int

    @property
    def plain(self) -> Any:
        """As strings, None, lists and dicts. Raises YamlFault for a name that stands twice."""
        if self.kind == "list":
            return [part.plain for part in self.value]
        if self.kind == "mapping":
            return {name: value.plain for name, (_, value) in self.fields().items()}
        return self.value

    def fields(self) -> dict[str, tuple["Node", "Node"]]:
        """The pairs of a mapping by name. Raises YamlFault for a name that stands twice or is no text."""
        fields: dict[str, tuple[Node, Node]] = {}
        for name, value in self.value:
            if name.kind != "text" or not name.value:
                raise YamlFault(name.line, "a name is expected here")
            if name.value in fields:
                first = fields[name.value][0].line
                raise YamlFault(name.line, f"{shown(name.value)} stands here twice, first in line {first}")
            fields[name.value] = (name, value)
        return fields


def parsed(text: str, *, most_bytes: int, deepest: int) -> Node:
    """The one document of this text, an empty mapping when there is none. `deepest` counts from 0 for the document
    itself. Raises YamlFault."""
    text = text.removeprefix("\ufeff")
    if len(text.encode("utf-8", "surrogatepass")) > most_bytes:
        raise YamlFault(1, f"the file is larger than {most_bytes:,} bytes")
    if found := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise YamlFault(line, f"the character U+{ord(found.group()):04X} cannot stand in a text file; take it out")
    try:
        return _document(yaml.parse(text, Loader=_Loader), deepest)
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark or error.context_mark)
        raise YamlFault(line, f"this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise YamlFault(1, f"this is not YAML: {error}") from None


def _document(events: Iterator[yaml.Event], deepest: int) -> Node:
    root = None
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            if root is not None:
                _refuse(event, "only one document may stand in this file; take the line with --- out")
            root = _node(events, event, deepest)
    return root or Node("mapping", [], 1)


def _node(events: Iterator[yaml.Event], event: yaml.Event, room: int) -> Node:
    if getattr(event, "anchor", None) is not None:
        _refuse(event, "anchors and aliases (& and *) are not used here; write the text out")
    if (tag := getattr(event, "tag", None)) is not None:
        _refuse(event, f"tags like {shown(tag)} are not used here; write plain text")
    if room < 0:
        _refuse(event, "this is nested deeper than anything that this file may say")
    line = _line(event.start_mark)
    if isinstance(event, yaml.ScalarEvent):
        return Node("text", None if _is_null(event) else event.value, line)
    is_list = isinstance(event, yaml.SequenceStartEvent)
    end = yaml.SequenceEndEvent if is_list else yaml.MappingEndEvent
    parts = []
    while not isinstance(following := next(events), end):
        parts.append(_node(events, following, room - 1))
    if is_list:
        return Node("list", parts, line)
    return Node("mapping", list(zip(parts[::2], parts[1::2], strict=True)), line)


def _is_null(event: yaml.ScalarEvent) -> bool:
    return not event.style and event.value in {"", "~", "null", "Null", "NULL"}


def _refuse(event: yaml.Event, reason: str) -> NoReturn:
    raise YamlFault(_line(event.start_mark), reason)


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1

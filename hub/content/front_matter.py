"""Content files: YAML front matter above a Markdown body, read strictly and written without loss.

`ContentFile.source` keeps the front matter exactly as it stood, so that `source + body` is the file, byte for byte.
Front matter is data, never a program: anchors, aliases, tags and merges are refused, and so are duplicate keys and
whatever is larger than anybody writes. Every refusal names its line in the file and the cure.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from markdown_it.token import Token

from hub.assets.markdown import Environment, RenderingError, inline_text, one_line, parse_blocks, text_of_html

MAX_FILE_BYTES = 2_000_000
MAX_FRONT_MATTER_BYTES = 64 * 1024
MAX_KEYS = 200
MAX_DEPTH = 6
# Longer numbers are identifiers; Python refuses to write out those above 4,300 digits.
MAX_NUMBER_CHARACTERS = 100
MAX_TITLE = 200
MAX_SUMMARY = 300

_BOM = "\ufeff"
_LINE_END = re.compile(r"\r\n|\n|\r")
_OPENING = re.compile(r"\ufeff?---[ \t]*(?:\r\n|\n|\r)")
_CLOSING = re.compile(r"(?<=[\r\n])---[ \t]*(?:\r\n|\n|\r|\Z)")
_KEY_LINE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r))*[A-Za-z_][\w -]*:(?:[ \t\r\n]|\Z)")
# In a body they are odd but harmless (a page pasted from a PDF has them); in a title or a key they are a mistake.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContentError(Exception):
    """A file that cannot be read: `line` counts from 1 in the file, `reason` says what is wrong and what to do."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class ContentFile:
    """`source` is the exact text before the body (byte-order mark, `---` lines and all), empty when there is none."""

    fields: dict[str, Any]
    body: str
    source: str


def read(data: bytes, *, limit: int = MAX_FILE_BYTES) -> ContentFile:
    """Read a content file; a plain Markdown file has no fields. Raises ContentError."""
    if len(data) > limit:
        raise ContentError(1, f"the file is larger than {limit:,} bytes; split it")
    text = _decoded(data)
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return _plain(text, opening)
    source, inner = text[: closing.end()], text[opening.end() : closing.start()]
    return ContentFile(_Block(inner).fields(), text[closing.end() :], source)


def write(fields: Mapping[str, Any], body: str) -> str:
    """A content file that reads back as these fields, in this order, and this body.

    Fields hold what YAML has (text, numbers, booleans, dates, None, lists, dicts with text keys); YAMLError otherwise.
    """
    if not fields:
        # Without a block of its own, a body that looks like one would lose its beginning.
        return f"---\n---\n{body}" if body.startswith(("---", _BOM)) else body
    block = yaml.dump(dict(fields), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    return f"---\n{block}---\n{body}"


def title_and_summary(body: str) -> tuple[str, str]:
    """Title and summary of plain Markdown, each one line of plain text, empty when there is none.

    The title is the first heading, else the first line; the summary is the first paragraph after it.
    """
    try:
        tokens, env = parse_blocks(body)
    except RenderingError:
        first_line = next((line for line in map(one_line, body[:10_000].splitlines()) if line), "")
        return _cut(first_line, MAX_TITLE), ""
    title, rest = _title(tokens, env)
    return _cut(title, MAX_TITLE), _cut(_summary(rest, env), MAX_SUMMARY)


# --- reading ---------------------------------------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_at(data[: error.start].decode("utf-8"), error.start)
        raise ContentError(line, "this is not UTF-8 text; save the file with the encoding UTF-8") from error
    if (place := text.find("\0")) >= 0:
        raise ContentError(
            _line_at(text, place), "there is a NUL character here; this is no text file, or it is damaged"
        )
    return text


def _line_at(text: str, position: int) -> int:
    return len(_LINE_END.findall(text, 0, position)) + 1


def _plain(text: str, opening: re.Match[str] | None) -> ContentFile:
    """A file without front matter. One that seems to begin some, but never ends it, is a mistake."""
    if opening and _KEY_LINE.match(text, opening.end()):
        raise ContentError(1, "the front matter has no end; close it with a line of three dashes (---)")
    if text.startswith(_BOM):
        return ContentFile({}, text[1:], _BOM)
    return ContentFile({}, text, "")


class _Block:
    """The YAML between the two `---` lines, which begins on line 2 of the file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys = 0

    def fields(self) -> dict[str, Any]:
        if len(self._text.encode()) > MAX_FRONT_MATTER_BYTES:
            raise ContentError(1, f"the front matter is larger than {MAX_FRONT_MATTER_BYTES // 1024} KB; shorten it")
        if control := _CONTROL.search(self._text):
            raise ContentError(_line_at(self._text, control.start()) + 1, _reason_of_control(control[0]))
        try:
            self._refuse_what_is_not_plain_data()
            node = yaml.compose(self._text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise ContentError(_line(mark), f"this is not YAML: {error.problem or error.context}") from error
        except yaml.YAMLError as error:
            raise ContentError(2, f"the front matter is not YAML: {one_line(str(error))}") from error
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            reason = (
                "the front matter must be keys with values (title: …); start a text that begins with a rule with ***"
            )
            raise ContentError(_line(node.start_mark), reason)
        return self._mapping(node)

    def _refuse_what_is_not_plain_data(self) -> None:
        """Stops at the first event beyond the bounds, before anything is built."""
        depth, documents = 0, 0
        for event in yaml.parse(self._text, Loader=_Loader):
            line = _line(event.start_mark)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise ContentError(line, "anchors and aliases (&, *) are not allowed; write the value out, or quote it")
            if getattr(event, "tag", None) is not None:
                raise ContentError(line, "tags (!) are not allowed; remove the tag, or put the value in quotes")
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ContentError(line, f"values are nested more than {MAX_DEPTH} deep here; flatten them")
            if documents > 1:
                raise ContentError(line, "there is a second YAML document here; remove the line that starts it")

    def _value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item) for item in node.value]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in values:
                raise ContentError(_line(key_node.start_mark), f"the key {key!r} is here a second time; remove one")
            values[key] = self._value(value_node)
        return values

    def _key(self, node: yaml.Node) -> str:
        line = _line(node.start_mark)
        self._keys += 1
        if self._keys > MAX_KEYS:
            raise ContentError(line, f"the front matter has more than {MAX_KEYS} keys; remove some")
        key = _scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            raise ContentError(line, "this key is not text; put it in quotes")
        return key


def _scalar(node: yaml.Node) -> Any:
    """The value as the safe loader has it, without what no database or JSON can keep."""
    line = _line(node.start_mark)
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "merge":
        raise ContentError(line, "merging (<<) is not allowed; write the keys out")
    if kind in ("int", "float") and len(node.value) > MAX_NUMBER_CHARACTERS:
        raise ContentError(line, "this number is too long; put it in quotes")
    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        what = "date" if kind == "timestamp" else "value"
        raise ContentError(line, f"{node.value!r} is no {what}; correct it, or put it in quotes") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise ContentError(line, f"{node.value!r} is no number to calculate with; put it in quotes")
    if isinstance(value, str) and (control := _CONTROL.search(value)):
        raise ContentError(line, _reason_of_control(control[0]))
    return value


def _reason_of_control(character: str) -> str:
    return f"there is a control character (U+{ord(character):04X}) here; remove it"


def _line(mark: Any) -> int:
    """A place in the block as a line of the file: marks count from 0, and the block begins on line 2."""
    return int(mark.line) + 2 if mark is not None else 2


# --- writing ---------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists of plain values on one line, longer texts as blocks, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the library's signature)
        return True


def _list_node(dumper: _Dumper, values: list[Any]) -> yaml.Node:
    # Times of day have colons, which would need quotes and a tag between brackets.
    on_one_line = not any(isinstance(value, list | dict | datetime) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=on_one_line)


def _text_node(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(list, _list_node)
_Dumper.add_representer(str, _text_node)


# --- title and summary -----------------------------------------------------------------------------------------------

_ANCHOR = re.compile(r"\s*\{#[^{}\s]+\}$")
_ALERT = re.compile(r"\[![A-Za-z]+\]\s*")
_HAS_WORDS = re.compile(r"\w")
# More than a summary ever needs: the rest of an endless paragraph is not worth parsing.
_ENOUGH = 5_000


def _title(tokens: Sequence[Token], env: Environment) -> tuple[str, Sequence[Token]]:
    """The first heading with words in it, else the first line with words; and the tokens to find a summary in."""
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and (text := _words(tokens[index + 1].content, env)):
            return _ANCHOR.sub("", text) or text, tokens[index + 3 :]
    for index, token in enumerate(tokens):
        in_table = tokens[index - 1].type in ("th_open", "td_open")
        if token.type == "inline" and not in_table and (text := _first_line(token.content, env)):
            is_all = text == _words(token.content, env)
            return text, tokens[index + 1 if is_all else index - 1 :]
    lines = (one_line(line) for token in tokens for line in _raw_text(token).splitlines())
    return next(filter(None, lines), ""), ()


def _raw_text(token: Token) -> str:
    if token.type == "html_block":
        return text_of_html(token.content[:_ENOUGH])
    return token.content if token.type in ("fence", "code_block") else ""


def _summary(tokens: Sequence[Token], env: Environment) -> str:
    """The first paragraph with words in it, else what the lists say."""
    items: list[str] = []
    for in_list, content in _paragraphs(tokens):
        text = _ALERT.sub("", _words(content, env), count=1)
        if not _HAS_WORDS.search(text):
            continue
        if not in_list:
            return text
        if len(items) < MAX_SUMMARY:
            items.append(text)
    return "; ".join(items)


def _paragraphs(tokens: Sequence[Token]) -> Iterator[tuple[bool, str]]:
    """Each paragraph's source, and whether it stands in a list."""
    lists = 0
    for index, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open", "footnote_reference_open"):
            lists += 1
        elif token.type in ("bullet_list_close", "ordered_list_close", "footnote_reference_close"):
            lists = max(0, lists - 1)
        elif token.type == "paragraph_open":
            yield lists > 0, tokens[index + 1].content


def _first_line(content: str, env: Environment) -> str:
    lines = (_words(line, env) for line in content[:_ENOUGH].splitlines())
    return next(filter(None, lines), "")


def _words(content: str, env: Environment) -> str:
    return inline_text(content[:_ENOUGH], env)


def _cut(text: str, length: int) -> str:
    """At most so many characters, ending at a word."""
    if len(text) <= length:
        return text
    start, space, _ = text[:length].rpartition(" ")
    return (start if space else text[: length - 1]).rstrip(" ,;:.–-") + "…"

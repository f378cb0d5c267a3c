"""Markdown to safe HTML, with what else a body says: its headings, its links to assets, its plain text.

Pure and bounded: no database, no settings, no network. `markdown` parses, `safe_html` cleans; here the two
come together, and here stands the version that says when a kept rendering is out of date.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from markdown_it.token import Token

from hub.assets.markdown import RenderingError, one_line, parse, plain_text, text_of_html, to_html
from hub.assets.safe_html import Link, Resolver, clean

__all__ = ["RENDERER", "Heading", "Link", "Passage", "Rendering", "RenderingError", "render"]

# Kept beside the HTML: when it changes, renderings are made anew. Raise the number with every change of
# output.
RENDERER = " ".join(["1", *(f"{name}/{version(name)}" for name in ("markdown-it-py", "pygments", "nh3"))])

# For some tags the HTML parser looks up through all open elements, so depth times tags bounds its time (25 ns
# each).
MAX_DEPTH_TIMES_TAGS = 40_000_000
MAX_HTML_CHARACTERS = 16_000_000


@dataclass(frozen=True)
class Heading:
    """`id` is the anchor in the HTML (it begins with `h-`), `text` is plain."""

    level: int
    id: str
    text: str


@dataclass(frozen=True)
class Passage:
    """Plain text under one heading (empty before the first), each block on lines of its own; never markup."""

    heading: str
    text: str


@dataclass(frozen=True)
class Rendering:
    html: str
    headings: tuple[Heading, ...]
    links: tuple[Link, ...]
    passages: tuple[Passage, ...]
    words: int


def render(body: str, *, resolve: Resolver | None = None) -> Rendering:
    """Render a body. Raises RenderingError, with the line, for a body beyond the limits.

    `resolve` is given each link to an asset and each image that is not on the web, as written (with its
    `#fragment`; characters beyond ASCII percent-encoded), and returns the address to use. What it does not
    know (None) becomes `<span class="broken-link">`. Without it, relative addresses stay. Safe in every
    thread.
    """
    tokens, env = parse(body)
    depth = _possible_depth(tokens)
    _refuse_costly_nesting(depth, tags=depth)
    _refuse_size(_size_of_addresses(tokens))
    headings, passages = _outline(tokens)
    raw = to_html(tokens, env)
    _refuse_costly_nesting(depth, tags=raw.count("<"))
    html, links = clean(raw, resolve)
    _refuse_size(len(html))
    return Rendering(html, headings, tuple(links), passages, sum(map(_count_words, passages)))


def _outline(tokens: Sequence[Token]) -> tuple[tuple[Heading, ...], tuple[Passage, ...]]:
    """Headings and passages; on the way headings get ids, and table cells a class for their inline style."""
    headings: list[Heading] = []
    passages: list[tuple[str, list[str]]] = [("", [])]
    ids = _Ids()
    for before, token in zip((None, *tokens), tokens, strict=False):
        if token.type == "heading_open":
            continue
        if before is not None and before.type == "heading_open":
            text = one_line(plain_text(token.children or ()))
            headings.append(Heading(int(before.tag[1]), ids.of(text), text))
            before.attrSet("id", headings[-1].id)
            passages.append((text, []))
            continue
        if style := token.attrs.pop("style", None):
            token.attrSet("class", str(style).replace("text-align:", "align-"))
        passages[-1][1].append(_words_of(token))
    made = (Passage(heading, _tidy("".join(parts))) for heading, parts in passages)
    return tuple(headings), tuple(passage for passage in made if passage.heading or passage.text)


def _words_of(token: Token) -> str:
    match token.type:
        case "inline":
            return plain_text(token.children or ())
        case "fence" | "code_block":
            return f"{token.content}\n"
        case "html_block":
            return f"{text_of_html(token.content)}\n"
        case "th_close" | "td_close":
            return " "
    return "\n" if token.block and token.nesting == -1 else ""


def _tidy(text: str) -> str:
    return "\n".join(line for line in map(one_line, text.split("\n")) if line)


# Chinese and Japanese put no spaces between words: there each character counts as one.
_A_WORD = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+(?:['\u2019-][^\\W_]+)*"
)


def _count_words(passage: Passage) -> int:
    return sum(1 for text in (passage.heading, passage.text) for _ in _A_WORD.finditer(text))


class _Ids:
    """Ids of the headings of one text: GitHub's form behind `h-`, each only once."""

    _dropped = re.compile(r"[^\w\- ]")
    _of_footnotes = re.compile(r"fn(?:ref)?-\d")

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: Counter[str] = Counter()

    def of(self, text: str) -> str:
        base = self._dropped.sub("", text.lower())[:100].strip().replace(" ", "-") or "section"
        if self._of_footnotes.match(base):
            base = f"section-{base}"
        name = base
        while name in self._taken:
            self._last[base] += 1
            name = f"{base}-{self._last[base]}"
        self._taken.add(name)
        return f"h-{name}"


def _possible_depth(tokens: Iterable[Token]) -> int:
    """How deep the HTML may get: raw HTML may leave its tags open, so each may surround everything after it."""
    raw, deepest = 0, 0
    for token in tokens:
        for part in (token, *(token.children or ())):
            if part.type in ("html_block", "html_inline"):
                raw += part.content.count("<")
            deepest = max(deepest, part.level)
    return raw + deepest


def _size_of_addresses(tokens: Iterable[Token]) -> int:
    """One long address, defined once, may be referred to ten thousand times: counted before it is written out."""
    children = (child for token in tokens for child in token.children or ())
    return sum(len(str(value)) for child in children for value in child.attrs.values())


def _refuse_costly_nesting(depth: int, *, tags: int) -> None:
    if depth * tags > MAX_DEPTH_TIMES_TAGS:
        raise RenderingError(1, "there is too much HTML here, or it is nested too deeply; use Markdown")


def _refuse_size(characters: int) -> None:
    if characters > MAX_HTML_CHARACTERS:
        raise RenderingError(1, "the text would become too large a page; split it")

"""The Markdown parser of the hub, and plain text out of what it parsed.

CommonMark with GFM tables, strikethrough, bare URLs, task lists and footnotes. One parser for the program,
made at import, safe in every thread. Its time and memory are bounded for every input: a body beyond the
limits below is refused with `RenderingError`. What it renders is not safe to show yet; that is the work of
`safe_html`.
"""

import re
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

import nh3
import pygments  # type: ignore[import-untyped]
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.block import block
from markdown_it.rules_core.normalize import normalize
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]

MAX_CHARACTERS = 300_000
MAX_LINES = 10_000
# Each `[` may open a link, and looking for its end is the dearest thing an author can ask for.
MAX_BRACKETS = 20_000
# A list counts twice (list and item): 40 is twenty lists within one another.
MAX_NESTING = 40
# Finding bare URLs is quadratic in the length of one run of text, and in the runs of one paragraph.
MAX_URL_RUN = 2_000
MAX_URL_PARAGRAPH = 20_000
# Lexers are quadratic on some input, so what is highlighted is bounded in one block and in all of a body.
MAX_HIGHLIGHTED_BLOCK = 4_000
MAX_HIGHLIGHTED = 20_000

# Lexers that took at most 0.3 s for 4,000 hostile characters; java, csharp, c, ini and others took up to 2.4
# s.
_LANGUAGES = frozenset(
    (
        *("bash", "css", "diff", "docker", "dockerfile", "go", "graphql", "html", "javascript", "js", "json"),
        *("kotlin", "markdown", "md", "nginx", "php", "powershell", "properties", "py", "python", "rb", "rs"),
        *("ruby", "rust", "sh", "shell", "sql", "swift", "toml", "ts", "typescript", "xml", "yaml", "yml"),
    )
)

Environment = MutableMapping[str, Any]


class RenderingError(Exception):
    """A body beyond the limits: `line` counts from 1 in the body, `reason` names the limit and the cure."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def parse(body: str) -> tuple[list[Token], Environment]:
    """A body as the parser's tokens, and what `to_html` needs besides. Raises RenderingError."""
    env: Environment = {"highlighted": 0}
    return _MARKDOWN.parse(_bounded(body), env), env


def to_html(tokens: Sequence[Token], env: Environment) -> str:
    """HTML of parsed tokens, with the author's raw HTML in it: clean it before anybody sees it."""
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))


def parse_blocks(body: str) -> tuple[list[Token], Environment]:
    """The block structure alone, at a third of the cost: enough to find a title. Raises RenderingError."""
    state = StateCore(_bounded(body), _MARKDOWN, {})
    normalize(state)
    block(state)
    return state.tokens, state.env


def inline_text(content: str, env: Environment) -> str:
    """Inline Markdown of `parse_blocks` as plain text on one line: no marks, HTML, images or link targets."""
    return one_line(plain_text(_MARKDOWN.inline.parse(content, _MARKDOWN, env, []), images=False))


def plain_text(children: Iterable[Token], *, images: bool = True) -> str:
    """The words of inline tokens; of images their description, unless `images` is false."""
    parts = []
    for child in children:
        if child.type in ("text", "text_special", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or child.content.lower().startswith("<br"):
            parts.append(" ")
        elif child.type == "image" and images:
            parts.append(plain_text(child.children or ()))
    return "".join(parts)


def text_of_html(html: str) -> str:
    """The words of a block of raw HTML. Plain text, not safe HTML: escape it like any other."""
    # A space before each tag keeps `<td>a</td><td>b</td>` two words.
    return unescape(nh3.clean(html.replace("<", " <"), tags=set()))


def one_line(text: str) -> str:
    return " ".join(text.split())


_SURROGATES = re.compile("[\ud800-\udfff]")


def _bounded(body: str) -> str:
    """The body, fit for UTF-8; refused when it is longer than anybody reads."""
    if len(body) > MAX_CHARACTERS:
        line = body.count("\n", 0, MAX_CHARACTERS) + 1
        raise RenderingError(line, f"the text is longer than {MAX_CHARACTERS:,} characters; split it")
    if body.count("\n") > MAX_LINES:
        raise RenderingError(MAX_LINES + 1, f"the text has more than {MAX_LINES:,} lines; split it")
    if body.count("[") > MAX_BRACKETS:
        before = "[".join(body.split("[", MAX_BRACKETS + 1)[:-1])
        reason = f"the text has more than {MAX_BRACKETS:,} opening brackets; split it"
        raise RenderingError(before.count("\n") + 1, reason)
    return _SURROGATES.sub("\ufffd", body)


class _Blocks(ParserBlock):
    """Refuses what is nested too deeply; the parser alone would leave it out without a word."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:
        if state.level >= MAX_NESTING:
            reason = f"lists and quotes are nested more than {MAX_NESTING // 2} deep here; move some out"
            raise RenderingError(startLine + 1, reason)
        super().tokenize(state, startLine, endLine)


@dataclass(frozen=True, slots=True)
class _Found:
    """A bare URL, as the parser's rule wants to hear of it."""

    schema: str
    index: int
    last_index: int
    text: str
    url: str


class _BareUrls:
    """Bare web and e-mail addresses as GFM has them. linkify alone also makes links of `README.md`."""

    _sign = re.compile(r"https?://|www\.|@", re.IGNORECASE)
    # Any letters may be a top-level domain: the library's own list lacks .dev and .tech.
    _finder = LinkifyIt().tlds([r"[^\W\d_]{2,63}"])

    def pretest(self, text: str) -> bool:
        return len(text) <= MAX_URL_PARAGRAPH and self._sign.search(text) is not None

    def test(self, text: str) -> bool:
        return len(text) <= MAX_URL_RUN and self._sign.search(text) is not None

    def match(self, text: str) -> list[_Found]:
        matches = self._finder.match(text) or ()
        found = (_Found(m.schema, m.index, m.last_index, m.text, m.url) for m in matches)
        return [link for link in found if self._is_wanted(link)]

    def _is_wanted(self, link: _Found) -> bool:
        if link.schema:
            return link.schema.lower() in ("http:", "https:", "mailto:")
        return link.text.lower().startswith("www.")


_FOOTNOTE_REFERENCE = re.compile(r"\[\^[^\s\[\]]{1,100}\]")


def _bounded_footnote_ref(state: StateInline, silent: bool) -> bool:
    # The plugin's rule looks for `]` to the end of the paragraph: 20,000 times `[^` took it 16 s.
    return _FOOTNOTE_REFERENCE.match(state.src, state.pos) is not None and footnote_ref(state, silent)


def _footnote_anchor_name(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: Environment
) -> str:
    return f"-{tokens[index].meta['id'] + 1}"


# Formatting elements that are left open are opened again in every following paragraph. The HTML parser does
# so three times at most for elements that are alike, but without limit when their attributes differ: 35 KB
# made 28 MB. None of these elements keeps an attribute anyway.
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/]|\Z)[^>]*(?:>|\Z)", re.IGNORECASE
)


def _raw_html(_: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: Environment) -> str:
    return _FORMATTING.sub(r"<\1>", tokens[index].content)


def _fence(_: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: Environment) -> str:
    code = tokens[index].content
    language = (tokens[index].info.split() or [""])[0].lower()
    fits = len(code) <= min(MAX_HIGHLIGHTED_BLOCK, MAX_HIGHLIGHTED - env["highlighted"])
    if language not in _LANGUAGES or not fits:
        return f"<pre><code>{escape(code, quote=False)}</code></pre>\n"
    env["highlighted"] += len(code)
    return f'<pre class="highlight"><code>{_highlighted(code, language)}</code></pre>\n'


def _highlighted(code: str, language: str) -> str:
    # Without the last option, code within Markdown would bring in every other lexer.
    options = {"stripnl": False, "ensurenl": False, "handlecodeblocks": False}
    formatter = HtmlFormatter(nowrap=True, classprefix="hl-")
    return str(pygments.highlight(code, get_lexer_by_name(language, **options), formatter))


def _parser() -> MarkdownIt:
    markdown = MarkdownIt()
    markdown.block = _Blocks()
    markdown.linkify = _BareUrls()
    markdown.configure("gfm-like", {"maxNesting": MAX_NESTING, "tasklists": True, "xhtmlOut": False})
    # It searches all text before each `://`: quadratic. The core rule of the same name finds the links.
    markdown.inline.ruler.disable("linkify")
    markdown.use(footnote_plugin, inline=False)
    markdown.inline.ruler.at("footnote_ref", _bounded_footnote_ref)
    markdown.add_render_rule("footnote_anchor_name", _footnote_anchor_name)
    markdown.add_render_rule("html_inline", _raw_html)
    markdown.add_render_rule("html_block", _raw_html)
    markdown.add_render_rule("fence", _fence)
    # The rule chains are compiled at their first use, which two threads must not do at once.
    markdown.render("> - a\n\n[b](c)")
    return markdown


_MARKDOWN = _parser()

"""The HTML that authors may bring onto a page: an allow-list, and links that lead where they should.

The second half of rendering, after `markdown`. Whatever HTML comes in, only the tags, attributes and
addresses below come out. Every `id` begins with `h-`, so that no author can name a part of the page around
the text (DOM clobbering), and `#fragment` links are rewritten to match. Classes are only those that the
renderer makes, so that no text can dress up as the hub's own controls.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape

import nh3
from pygments.token import STANDARD_TYPES  # type: ignore[import-untyped]

from hub.assets.markdown import one_line

Resolver = Callable[[str], str | None]

TAGS = frozenset(
    (
        *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "div"),
        *("dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img"),
        *("input", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small"),
        *("span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
        *("u", "ul", "var"),
    )
)

_SPANS = {str(number) for number in range(1, 51)}
_ALIGNED = {"align-left", "align-center", "align-right"}

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={
        "*": {"dir", "id", "lang", "title"},
        "a": {"href"},
        "details": {"open"},
        "img": {"alt", "height", "src", "width"},
        "input": {"checked"},
        "li": {"value"},
        "ol": {"start"},
    },
    tag_attribute_values={
        "td": {"colspan": _SPANS, "rowspan": _SPANS},
        "th": {"colspan": _SPANS, "rowspan": _SPANS, "scope": {"col", "row"}},
    },
    # A wide block of code can be scrolled with the keyboard only when it can be focused.
    set_tag_attribute_values={
        "img": {"loading": "lazy"},
        "input": {"aria-label": "Task", "disabled": "", "type": "checkbox"},
        "pre": {"tabindex": "0"},
    },
    allowed_classes={
        "a": {"footnote-backref"},
        "hr": {"footnotes-sep"},
        "input": {"task-list-item-checkbox"},
        "li": {"footnote-item", "task-list-item"},
        "ol": {"contains-task-list", "footnotes-list"},
        "pre": {"highlight"},
        "section": {"footnotes"},
        "span": {f"hl-{name}" for name in STANDARD_TYPES.values() if name},
        "sup": {"footnote-ref"},
        "td": _ALIGNED,
        "th": _ALIGNED,
        "ul": {"contains-task-list"},
    },
    id_prefix="h-",
    # The last two are the hub's own and never reach a page: _Addresses replaces them.
    url_schemes={"http", "https", "mailto", "tel", "asset", "attachment"},
    link_rel=None,
)

# The cleaner writes every attribute in double quotes and `<`, `>` within them as entities: a tag is exactly
# this.
_LINK_OR_IMAGE = re.compile(r'<(/a|a|img)((?: [a-z]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_ANY_TAG = re.compile(r"<[^>]*>")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Browsers leave these out of an address before they look at it.
_IGNORED = re.compile(r"[\t\n\r]|^[\x00-\x20]+|[\x00-\x20]+$")
_REL = "noopener noreferrer nofollow"


@dataclass(frozen=True)
class Link:
    """A link that may lead to an asset: relative, `asset:` or `/assets/…`. `target` is what `resolve` got."""

    target: str
    text: str


def clean(html: str, resolve: Resolver | None) -> tuple[str, list[Link]]:
    """Safe HTML, and the links between assets in it; `resolve` as for `rendering.render`."""
    addresses = _Addresses(resolve)
    return _LINK_OR_IMAGE.sub(addresses.rewrite, _CLEANER.clean(html)), addresses.links


class _Addresses:
    """Rewrites links and images of clean HTML one after the other, Markdown's and raw HTML's alike.

    A link that leads nowhere becomes a span, so the end of each link depends on its start; the HTML parser
    has made sure that links are closed and never nested.
    """

    def __init__(self, resolve: Resolver | None) -> None:
        self.links: list[Link] = []
        self._resolve = resolve
        self._target: str | None = None
        self._text_starts = 0
        self._end_tag = "</a>"

    def rewrite(self, tag: re.Match[str]) -> str:
        if tag[1] == "/a":
            return self._end(tag)
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[2])}
        return self._image(attributes) if tag[1] == "img" else self._start(tag, attributes)

    def _start(self, tag: re.Match[str], attributes: dict[str, str]) -> str:
        href = _IGNORED.sub("", attributes.get("href", ""))
        if _leads_to_an_asset(href):
            self._target, self._text_starts = href, tag.end()
            address = self._address(href)
            if address is None:
                self._end_tag = "</span>"
                return '<span class="broken-link">'
            href = address
        elif href.startswith("#"):
            href = _own_fragment(href)
        elif _leads_outside(href):
            attributes["rel"] = _REL
        return _tag("a", attributes | {"href": href} if href else attributes)

    def _end(self, tag: re.Match[str]) -> str:
        if self._target is not None:
            text = unescape(_ANY_TAG.sub("", tag.string[self._text_starts : tag.start()]))
            self.links.append(Link(self._target, one_line(text)))
        end_tag, self._end_tag, self._target = self._end_tag, "</a>", None
        return end_tag

    def _image(self, attributes: dict[str, str]) -> str:
        src = _IGNORED.sub("", attributes.get("src", ""))
        scheme = _scheme(src)
        if scheme not in ("http", "https") and not src.startswith("/"):
            address = self._address(src) if src and scheme in ("", "attachment") else None
            if address is None:
                return f'<span class="broken-link">{escape(attributes.get("alt", ""))}</span>'
            src = address
        return _tag("img", attributes | {"src": src})

    def _address(self, target: str) -> str | None:
        """Where a target leads. Without a resolver a browser may still find what is relative."""
        if self._resolve is None:
            return None if _scheme(target) else target
        address = self._resolve(target)
        if address is None:
            return None
        path, mark, fragment = address.partition("#")
        return path + (_own_fragment(mark + fragment) if mark else "")


def _leads_to_an_asset(href: str) -> bool:
    if scheme := _scheme(href):
        return scheme == "asset"
    return href.startswith("/assets/") or (href != "" and href[0] not in "/\\#")


def _leads_outside(href: str) -> bool:
    return _scheme(href) in ("http", "https") or href[:2].replace("\\", "/") == "//"


def _scheme(address: str) -> str:
    found = _SCHEME.match(address)
    return found[1].lower() if found else ""


def _own_fragment(fragment: str) -> str:
    return fragment if fragment.startswith("#h-") or fragment == "#" else f"#h-{fragment[1:]}"


def _tag(name: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>"

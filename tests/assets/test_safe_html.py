"""What authors may bring onto a page, looked at with a parser that has nothing to do with the one that cleans."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.assets.rendering import render
from hub.assets.safe_html import TAGS

ATTRIBUTES = {
    *("href", "src", "alt", "title", "id", "class", "rel", "loading", "width", "height", "colspan", "rowspan"),
    *("scope", "start", "value", "open", "checked", "disabled", "type", "tabindex", "lang", "dir", "aria-label"),
}
EMPTY = {"br", "hr", "img", "input"}
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


class Page(HTMLParser):
    """Every tag as a browser would read it, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.oddities: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.oddities.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.oddities.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.oddities.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.oddities.append(f"instruction {data}")


def page(markdown: str) -> Page:
    return Page(render(markdown).html)


def assert_harmless(found: Page) -> None:
    assert found.oddities == []
    assert found.open == []
    for tag, attributes in found.tags:
        assert tag in TAGS
        assert attributes.keys() <= ATTRIBUTES
        for name in ("href", "src"):
            # What a browser sees: no white space or control characters within the scheme.
            scheme = SCHEME.match(re.sub(r"[\x00-\x20]", "", attributes.get(name) or ""))
            assert scheme is None or scheme[1].lower() in ("http", "https", "mailto", "tel")
        assert (attributes.get("id") or "h-").startswith("h-")
        assert tag != "input" or ("disabled" in attributes and attributes["type"] == "checkbox")


PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1)//<</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x oNeRrOr\n=\n'alert(1)'>",
    "<img/src='x'/onerror=alert(1)>",
    '<img src="x` `<script>alert(1)</script>"` `>',
    "<img src=\"javascript:alert('x')\">",
    "<img src='data:image/svg+xml;base64,PHN2Zy8+'>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<textarea><p title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<title><p title='</title><img src=x onerror=alert(1)>'></title>",
    "<template><script>alert(1)</script></template>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='data:text/html,<script>alert(1)</script>'>",
    "<form action='javascript:alert(1)'><input type=submit></form>",
    "<form id=f></form><button form=f formaction='javascript:alert(1)'>x</button>",
    "<input type=image src=x onerror=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<div style='position:fixed;inset:0'>pay here</div>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<a href='&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)'>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='blob:https://evil.example/1'>x</a>",
    "<a href='x' onclick=alert(1) onmouseover=alert(1)>x</a>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<isindex action=javascript:alert(1) type=image>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>",
    "<plaintext><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](javascript&#58;alert(1))",
    "[x](JaVaScRiPt:alert(1) 'title')",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](https://a.example/'onmouseover='alert(1))",
    "[x](https://a.example/ \"' onmouseover=alert(1) '\")",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](https://a.example/x.png)',
    "![<img src=x onerror=alert(1)>](nowhere:x)",
    "<javascript:alert(1)>",
    '<https://a.example/"onmouseover=alert(1)>',
    '```"><script>alert(1)</script>\n<script>alert(1)</script>\n```',
    "```html\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    "# <script>alert(1)</script> {#x}",
    "| <script>alert(1)</script> |\n|-|\n| <img src=x onerror=alert(1)> |",
    "x[^1]\n\n[^1]: <script>alert(1)</script>",
    '[^"><script>alert(1)</script>]: a\n\nx [^"><script>alert(1)</script>]',
    "- [ ] <script>alert(1)</script>",
    "</div></main><script>alert(1)</script>",
    "</p></section></body></html><h1>mine now</h1>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("around", ["{}", "text {} text", "> - {}\n", "<div>\n\n{}\n\n</div>", "<b title='{}"])
def test_no_payload_survives(payload: str, around: str) -> None:
    assert_harmless(page(around.format(payload)))


FRAGMENTS = st.sampled_from(
    [
        *(
            "<",
            ">",
            "</",
            "/>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?",
            "&",
            "&lt;",
            "&#60;",
            "'",
            '"',
            "`",
            "=",
            "\n",
        ),
        *("<a href=", "javascript:", "asset:", "attachment:", "<img src=", " onerror=x", "<svg>", "<math>", "<style>"),
        *("<table>", "<td>", "<select>", "<template>", "<title>", "<textarea>", "<noscript>", "<p>", "<b x=1>", "</b>"),
        *(
            "[",
            "](",
            ")",
            "![",
            "[^1]",
            "[^1]: ",
            "# ",
            "- [ ] ",
            "> ",
            "|",
            "|-|\n",
            "```",
            "~~",
            "**",
            "x",
            " ",
            "\0",
        ),
    ]
)


@given(st.one_of(st.text(), st.lists(FRAGMENTS, max_size=30).map("".join)))
@example("\ud800 <a href='\udfff'>")
def test_every_text_renders_to_harmless_html(markdown: str) -> None:
    assert_harmless(page(markdown))


@given(st.lists(FRAGMENTS, max_size=30).map("".join), st.sampled_from([None, "/assets/x", "/a?b='\"<>&#c d"]))
def test_links_resolved_or_broken_leave_html_harmless(markdown: str, address: str | None) -> None:
    assert_harmless(Page(render(markdown, resolve=lambda _: address).html))


def tags(markdown: str, name: str) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in page(markdown).tags if tag == name]


def test_useful_html_stays() -> None:
    html = render(
        "<details open><summary>More</summary>\n\n*inside*\n\n</details>\n\n"
        "Press <kbd>Ctrl</kbd>, H<sub>2</sub>O, x<sup>2</sup>, <mark>new</mark><br>next"
    ).html

    assert "<details open" in html
    assert "<summary>More</summary>" in html
    assert "<em>inside</em>" in html
    assert "<kbd>Ctrl</kbd>, H<sub>2</sub>O, x<sup>2</sup>, <mark>new</mark><br>next" in html


def test_an_author_cannot_dress_up_as_the_hub() -> None:
    html = render("<span class='button hl-k broken-link'>x</span> <div class='modal'>y</div>").html

    assert "button" not in html
    assert "modal" not in html
    assert "broken-link" not in html


def test_an_author_cannot_name_a_part_of_the_page() -> None:
    found = page("<p id='main'>x</p>\n\n<a id=location>y</a> <img name=cookie src='https://a.example/b.png'>\n\n# body")

    assert [a["id"] for _, a in found.tags if "id" in a] == ["h-main", "h-location", "h-body"]
    assert not any("name" in attributes for _, attributes in found.tags)


@pytest.mark.parametrize(
    "address", ["https://a.example/", "HTTP://a.example", "//a.example/x", "/\\a.example", "\\\\a.example/x"]
)
def test_links_that_leave_the_hub_say_so(address: str) -> None:
    [link] = tags(f"<a href='{address}'>x</a>", "a")

    assert link["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize("target", ["#part", "other.md", "/search", "mailto:ana@example.com", "tel:+4912345"])
def test_other_links_have_no_rel(target: str) -> None:
    [link] = tags(f"[x]({target})", "a")

    assert "rel" not in link


def test_an_author_cannot_set_rel_or_target() -> None:
    [link] = tags("<a href='https://a.example' rel=opener target=_blank>x</a>", "a")

    assert link == {"href": "https://a.example", "rel": "noopener noreferrer nofollow"}


def test_images_load_late_and_keep_their_words() -> None:
    [image] = tags("![a chart](https://a.example/b.png 'Costs')", "img")

    assert image == {"src": "https://a.example/b.png", "alt": "a chart", "title": "Costs", "loading": "lazy"}


def test_spans_of_table_cells_are_bounded() -> None:
    cells = tags("<table><tr><td colspan=2>a</td><td rowspan=65534>b</td></tr></table>", "td")

    assert cells == [{"colspan": "2"}, {}]

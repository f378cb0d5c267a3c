"""The bounds of the parser: every hostile body is rendered or refused, and ordinary ones are never refused."""

import pytest

from hub.assets.markdown import MAX_BRACKETS, MAX_CHARACTERS, MAX_LINES, MAX_NESTING, RenderingError, parse
from hub.assets.rendering import render

# Each took seconds to hours, or gigabytes, in the libraries alone or before its bound was set: a lost bound shows
# as a test that does not end.
RENDERED = {
    "asterisks": "*" * 100_000,
    "emphasis without end": "*a _b" * 20_000,
    "opening brackets": "[" * MAX_BRACKETS,
    "images without end": "![" * (MAX_BRACKETS // 4),
    "brackets within brackets": "[" * 10_000 + "a" + "]" * 10_000,
    "backticks": "".join("e" + "`" * n for n in range(400)),
    "one long line": "word " * 50_000,
    "open comments": "a <!-- " * 1_000,
    "footnotes that never close": "[^1]: a\n\n" + "[^" * 15_000,
    "schemes without addresses": "://" * 50_000,
    "schemes line by line": ("://" * 600 + "\n\n") * 100,
    "addresses side by side": "*x* www.a.example " * 10_000,
    "addresses with open brackets": ("http://a.example/( " * 100 + "\n\n") * 100,
    "a quote that goes on": "> " * (MAX_NESTING - 2) + "a\n" + "b\n" * 2_500,
    "a table of empty rows": "|" + "a|" * 200 + "\n|" + "-|" * 200 + "\n" + "|\n" * 5_000,
    "headings of one name": "# a\n" * 9_000,
    "code that lexers dislike": ("```ts\n" + "a?" * 1_900 + "\n```\n") * 20,
    "code of blanks": ("```python\n" + " \n" * 1_900 + "```\n") * 5,
    "formatting left open": "<p>" + "".join(f"<b x={n}>" for n in range(900)) + "\n\n" + "a\n\n" * 4_000,
}

REFUSED = {
    "quotes within quotes": (">" * 100_000, 1),
    "lists within lists": ("\n".join("  " * n + "- a" for n in range(200)), MAX_NESTING // 2),
    "numbered lists on one line": ("text\n\n" + "1) " * 10_000, 3),
    "footnotes within footnotes": ("\n".join("    " * n + f"[^{n}]: a" for n in range(100)), MAX_NESTING),
    "a line of two megabytes": ("x" * 2_000_000, 1),
    "too many characters": ("abcdefghi\n" * 100 + "x" * MAX_CHARACTERS, 101),
    "too many lines": ("\n" * (MAX_LINES + 5), MAX_LINES + 1),
    "too many brackets": ("one\ntwo\n" + "[" * (MAX_BRACKETS + 1), 3),
    "one long address used often": ("[a]: https://a.example/" + "x" * 100_000 + "\n\n" + "[a] " * 5_000, 1),
    "elements within elements": ("<ul><li>" * 20_000, 1),
    "elements left open": ("<div>" * 10_000 + "</p>" * 10_000, 1),
}


@pytest.mark.parametrize("name", RENDERED)
def test_what_is_odd_but_bounded_is_rendered(name: str) -> None:
    assert len(render(RENDERED[name]).html) < 4_000_000


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_beyond_the_bounds_is_refused_with_its_line(name: str) -> None:
    body, line = REFUSED[name]

    with pytest.raises(RenderingError) as refusal:
        render(body)

    assert refusal.value.line == line
    assert str(refusal.value) == f"line {line}: {refusal.value.reason}"


def test_lists_as_deep_as_people_write_them_are_kept_whole() -> None:
    html = render("\n".join("  " * depth + f"- item {depth}" for depth in range(MAX_NESTING // 2 - 1))).html

    assert html.count("<ul>") == MAX_NESTING // 2 - 1
    assert f"item {MAX_NESTING // 2 - 2}" in html


@pytest.mark.parametrize("word", ["README.md", "Node.js", "e.g.this", "acme.example", "ftp://a.example", "//a.example"])
def test_what_only_looks_like_an_address_stays_text(word: str) -> None:
    assert render(f"See {word} for more").html == f"<p>See {word} for more</p>\n"


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("https://a.example/x_y_z?q=1", "https://a.example/x_y_z?q=1"),
        ("HTTP://a.example", "HTTP://a.example"),
        ("www.a.example", "http://www.a.example"),
        ("ana@a.example", "mailto:ana@a.example"),
        ("mailto:ana@a.example", "mailto:ana@a.example"),
    ],
)
def test_bare_addresses_become_links(text: str, href: str) -> None:
    assert f'<a href="{href}"' in render(f"See {text}, please.").html


def test_an_address_in_code_or_in_a_link_stays_as_it_is() -> None:
    html = render("`https://a.example` and [https://b.example](https://c.example)").html

    assert html.count("<a ") == 1
    assert 'href="https://c.example"' in html


def test_two_texts_do_not_share_footnotes_or_references() -> None:
    parse("[^1]: first\n\n[a]: https://a.example\n\nx[^1]")

    assert render("x[^1] and [a]").html == "<p>x[^1] and [a]</p>\n"

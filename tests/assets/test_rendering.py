"""Rendering: what people write is what readers see, and headings, links and plain text are what search gets."""

import os
import re
import threading
from html import unescape
from pathlib import Path

import pytest

from hub.assets.rendering import RENDERER, Heading, Link, Passage, render
from hub.content.front_matter import read


def paragraph(html: str) -> str:
    return f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*a* **b** ~~c~~ `d`", "<em>a</em> <strong>b</strong> <s>c</s> <code>d</code>"),
        ("a  \nb", "a<br>\nb"),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
        ("\\*not\\* emphasis", "*not* emphasis"),
        ("Übersicht 価格 😀", "Übersicht 価格 😀"),
    ],
)
def test_inline_markdown(markdown: str, html: str) -> None:
    assert render(markdown).html == paragraph(html)


def test_an_empty_text_is_an_empty_page() -> None:
    made = render("")

    assert (made.html, made.headings, made.links, made.passages, made.words) == ("", (), (), (), 0)


def test_table_cells_are_aligned_by_class() -> None:
    html = render("| a | b | c |\n|:--|--:|---|\n| 1 | 2 | 3 |").html

    assert '<th class="align-left">a</th>\n<th class="align-right">b</th>\n<th>c</th>' in html
    assert '<td class="align-left">1</td>\n<td class="align-right">2</td>\n<td>3</td>' in html


def test_tasks_are_shown_and_cannot_be_ticked() -> None:
    html = render("- [ ] open\n- [x] done").html

    boxes = re.findall(r"<input [^>]*>", html)
    assert len(boxes) == 2
    assert all('disabled=""' in box and 'type="checkbox"' in box and 'aria-label="Task"' in box for box in boxes)
    assert ["checked" in box.replace('type="checkbox"', "") for box in boxes] == [False, True]
    assert '<ul class="contains-task-list">\n<li class="task-list-item">' in html


def test_footnotes_lead_there_and_back() -> None:
    html = render("Costs fall[^why].\n\n[^why]: By half.").html

    for address in re.findall(r'href="#([^"]+)"', html):
        assert html.count(f'id="{address}"') == 1
    assert 'href="#h-fn-1" id="h-fnref-1"' in html
    assert '<li id="h-fn-1" class="footnote-item">' in html


@pytest.mark.parametrize("language", ["python", "sql", "yaml", "sh", "markdown", "JSON", "html"])
def test_highlighted_code_is_the_code_that_was_written(language: str) -> None:
    code = "\n  # a <b> & \"c\": 'd' `e`\n\nselect *  \n\tfrom x;\n\n"

    html = render(f"```{language}\n{code}```").html

    assert 'class="highlight"' in html
    assert 'class="hl-' in html
    assert "style=" not in html
    assert unescape(re.sub(r"<[^>]*>", "", html)).removesuffix("\n") == code


@pytest.mark.parametrize("language", ["", "mermaid", "no-such-language", "c#"])
def test_other_code_is_shown_plainly(language: str) -> None:
    html = render(f"```{language}\na < b\n```").html

    assert html == '<pre tabindex="0"><code>a &lt; b\n</code></pre>\n'


def test_code_longer_than_lexers_bear_is_shown_plainly() -> None:
    assert "hl-" not in render("```python\n" + "x = 1\n" * 1_000 + "```").html


def test_headings_have_ids_of_their_own() -> None:
    made = render("# Price\n\n## What *it* `costs`\n\n## Price\n\nPrice-1\n===\n\n### 価格 & Größe\n\n#\n\n# fn-1\n")

    assert made.headings == (
        Heading(1, "h-price", "Price"),
        Heading(2, "h-what-it-costs", "What it costs"),
        Heading(2, "h-price-1", "Price"),
        Heading(1, "h-price-1-1", "Price-1"),
        Heading(3, "h-価格--größe", "価格 & Größe"),
        Heading(1, "h-section", ""),
        Heading(1, "h-section-fn-1", "fn-1"),
    )
    assert re.findall(r'<h\d id="([^"]*)"', made.html) == [heading.id for heading in made.headings]


def test_links_within_a_text_find_their_heading() -> None:
    assert '<a href="#h-what-it-costs">' in render("[costs](#what-it-costs)\n\n# What it costs").html
    assert '<a href="#h-what-it-costs">' in render("[costs](#h-what-it-costs)").html


def test_links_between_assets_are_found_in_order() -> None:
    body = (
        "[A *b*](../objection/too-dear.md#why) <a href='faq.md'>raw <b>link</b></a> [c](asset:case.acme 'title')\n\n"
        "[d](/assets/e)\n[f](Übersicht.md) [ref]\n\n[ref]: g.md\n\n"
        "[web](https://a.example) [mail](mailto:a@a.example) [part](#x) [page](/search) [none]() ![image](i.png)"
    )

    assert render(body).links == (
        Link("../objection/too-dear.md#why", "A b"),
        Link("faq.md", "raw link"),
        Link("asset:case.acme", "c"),
        Link("/assets/e", "d"),
        Link("%C3%9Cbersicht.md", "f"),
        Link("g.md", "ref"),
    )


def test_a_link_leads_where_the_resolver_says() -> None:
    asked: list[str] = []

    def resolve(target: str) -> str | None:
        asked.append(target)
        return "/assets/objection.too-dear?a=1&b=2#why"

    html = render("[a](too-dear.md#why) <a href='too-dear.md' title='t'>b</a>", resolve=resolve).html

    assert asked == ["too-dear.md#why", "too-dear.md"]
    assert html == paragraph(
        '<a href="/assets/objection.too-dear?a=1&amp;b=2#h-why">a</a> '
        '<a href="/assets/objection.too-dear?a=1&amp;b=2#h-why" title="t">b</a>'
    )


def test_a_link_that_leads_nowhere_keeps_its_words() -> None:
    html = render("[a *b*](gone.md), <a href='gone.md'>c</a> and [d](https://d.example)", resolve=lambda _: None).html

    assert html == paragraph(
        '<span class="broken-link">a <em>b</em></span>, <span class="broken-link">c</span> and '
        '<a href="https://d.example" rel="noopener noreferrer nofollow">d</a>'
    )


def test_without_a_resolver_only_addresses_of_the_web_stay() -> None:
    html = render("[a](b.md) [c](asset:d) ![e](f.png) ![g](attachment:h.png)").html

    assert html == paragraph(
        '<a href="b.md">a</a> <span class="broken-link">c</span> '
        '<img src="f.png" alt="e" loading="lazy"> <span class="broken-link">g</span>'
    )


def test_images_of_the_hub_are_resolved_and_others_left() -> None:
    asked: list[str] = []

    def resolve(target: str) -> str | None:
        asked.append(target)
        return None if target == "gone.png" else f"/files/{len(asked)}"

    html = render(
        "![a](x.png) ![b](attachment:y.png) ![c & d](gone.png) ![e](https://e.example/z.png) ![f](mailto:f)",
        resolve=resolve,
    ).html

    assert asked == ["x.png", "attachment:y.png", "gone.png"]
    assert re.findall(r'src="([^"]*)"', html) == ["/files/1", "/files/2", "https://e.example/z.png"]
    assert '<span class="broken-link">c &amp; d</span>' in html
    assert '<span class="broken-link">f</span>' in html


def test_passages_are_the_text_in_order_by_heading() -> None:
    made = render(
        "Before *all*.\n\n# First [part](x.md)\n\none\ntwo<br>three\n\n- four\n- [x] five\n\n"
        "| a | b |\n|---|---|\n| c | **d** |\n\n## Second\n\n```\ncode <here>\n  more\n```\n\n"
        "<table><tr><td>raw</td><td>cells &amp; more</td></tr></table>\n\n![a picture](x.png) note[^1]\n\n"
        "# Third\n\n<script>no()</script>\n\n[^1]: at the end\n"
    )

    assert made.passages == (
        Passage("", "Before all."),
        Passage("First part", "one two three\nfour\nfive\na b\nc d"),
        Passage("Second", "code <here>\nmore\nraw cells & more\na picture note"),
        Passage("Third", "at the end"),
    )


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("one two, three!", 3),
        ("# Four\n\ndon't well-known 3.5", 5),
        ("価格は高い", 5),
        ("- [ ] a\n\n---\n\n***", 1),
    ],
)
def test_words_are_counted(markdown: str, words: int) -> None:
    assert render(markdown).words == words


def test_the_version_names_what_the_html_depends_on() -> None:
    assert re.fullmatch(r"\d+ markdown-it-py/\S+ pygments/\S+ nh3/\S+", RENDERER)


def test_many_threads_render_the_same() -> None:
    body = "# A\n\n[^1] https://a.example *b* [c](d.md) <kbd>e</kbd>\n\n```py\nx = 1\n```\n\n[^1]: f\n" * 3
    expected = render(body)
    made: list[object] = []

    def work() -> None:
        made.extend(render(body) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made == [expected] * 80


def handbook() -> list[Path]:
    named = os.environ.get("HUB_TEST_HANDBOOK")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "data" / "handbook"
    return sorted(folder.glob("**/*.md"))


def test_a_real_handbook_renders_whole() -> None:
    files = handbook()
    if not files:
        pytest.skip("no handbook: HUB_TEST_HANDBOOK names none, and there is none beside the repository")
    for file in files:
        body = read(file.read_bytes()).body
        made = render(body, resolve=lambda _: "/assets/x")
        assert len(made.headings) == len(re.findall(r"<h[1-6] id=", made.html)), file
        assert made.words > 0 or not body.strip() or "<" in body or "![" in body, file

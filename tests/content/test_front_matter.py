"""Content files: read strictly, written without loss, and named by their first words."""

import string
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.content.front_matter import ContentError, read, title_and_summary, write


def refusal(data: bytes | str, limit: int = 2_000_000) -> ContentError:
    with pytest.raises(ContentError) as error:
        read(data.encode() if isinstance(data, str) else data, limit=limit)
    assert str(error.value) == f"line {error.value.line}: {error.value.reason}"
    return error.value


def fields(block: str) -> dict[str, Any]:
    return read(f"---\n{block}\n---\n".encode()).fields


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_content_file_has_fields_and_a_body() -> None:
    file = read(b'---\ntitle: "Objection: it costs"\npersonas: [cfo]\nreview_by: 2027-03-01\n---\n\n# Body\n')

    assert file.fields == {"title": "Objection: it costs", "personas": ["cfo"], "review_by": date(2027, 3, 1)}
    assert file.body == "\n# Body\n"
    assert file.source == '---\ntitle: "Objection: it costs"\npersonas: [cfo]\nreview_by: 2027-03-01\n---\n'


@pytest.mark.parametrize(
    "text", ["", "# Title\n", "no newline", "\n---\na: b\n---\n", " ---\na: b\n---\n", "--- a\n---\n"]
)
def test_a_plain_file_has_no_fields(text: str) -> None:
    file = read(text.encode())

    assert (file.fields, file.body, file.source) == ({}, text, "")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_line_ending_and_byte_order_mark_is_understood_and_kept(newline: str, mark: str) -> None:
    source = f"{mark}--- {newline}title: a{newline}kind: note{newline}---\t{newline}"
    file = read(f"{source}# Body{newline}".encode())

    assert (file.fields, file.body, file.source) == ({"title": "a", "kind": "note"}, f"# Body{newline}", source)


def test_a_byte_order_mark_alone_is_no_part_of_the_body() -> None:
    file = read("\ufeff# Title".encode())

    assert (file.fields, file.body, file.source) == ({}, "# Title", "\ufeff")


@pytest.mark.parametrize("block", ["", "\n\n", "# only a comment\n"])
def test_front_matter_may_be_empty(block: str) -> None:
    file = read(f"---\n{block}---\nbody".encode())

    assert (file.fields, file.body) == ({}, "body")


def test_front_matter_may_end_the_file() -> None:
    assert read(b"---\na: b\n---").fields == {"a": "b"}


@pytest.mark.parametrize(
    "text", ["---\n", "---", "---\n\nA text that starts with a rule.\n", "---\n- a list\n", "---\nhttp://a.example\n"]
)
def test_a_rule_at_the_beginning_is_no_front_matter(text: str) -> None:
    assert read(text.encode()).body == text


FILES = st.lists(
    st.sampled_from(
        [
            *(
                "---",
                "---\n",
                "---\r\n",
                "\ufeff",
                "\n",
                "\r",
                "\r\n",
                "a: b\n",
                "a: [1, 2]\r\n",
                "c: |\n  text\n",
                "# x\n",
            ),
            *(
                " ",
                "\t",
                "---\r",
                "x",
                "ü",
                "title: a\n",
                "...\n",
                "\f",
                "'",
                '"',
                "&a ",
                "*a",
                "!b ",
                "{",
                "]",
                "? ",
                "\x03",
            ),
        ]
    ),
    max_size=12,
).map("".join)


@given(st.one_of(FILES, st.text(), FILES.map(lambda text: f"---\na: b\n---\n{text}")))
def test_source_and_body_are_the_file_byte_for_byte(text: str) -> None:
    data = text.encode()
    try:
        file = read(data)
    except ContentError as error:
        line = error.line
    else:
        line = 1
        assert (file.source + file.body).encode() == data
    assert 1 <= line <= text.count("\n") + text.count("\r") + 1


@given(st.binary())
@example(b"---\n\xff\n---\n")
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    try:
        file = read(data)
    except ContentError:
        return
    assert (file.source + file.body).encode() == data


def test_a_file_that_is_too_large_is_refused_before_it_is_looked_at() -> None:
    assert refusal(b"\xff" * 101, limit=100).reason == "the file is larger than 100 bytes; split it"
    assert read(b"x" * 100, limit=100).body == "x" * 100


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a\nb\r\nc\xff\n", 3, "not UTF-8"),
        ("title\nPreis: 5 \x80".encode("cp1252", "replace") + b"\x80", 2, "not UTF-8"),
        (b"a\n\0", 2, "NUL"),
        (b"---\na: b\nc: \x1b\n---\n", 3, "U+001B"),
        (b'---\na: b\nc: "x\\0y"\n---\n', 3, "U+0000"),
        (b"---\ntitle: a\n\nbody\n", 1, "no end"),
        (b"---\n# a comment\n\ntitle: a\n", 1, "no end"),
        (b"---\na: b\nc: [1, 2\n---\n", 4, "not YAML"),
        (b"---\na: b\n\tc: d\n---\n", 3, "not YAML"),
        (b"---\na: 'b\n---\n", 3, "not YAML"),
        (b"---\ntitle: Objection: too dear\n---\n", 2, "not YAML"),
        (b"---\n- a\n- b\n---\n", 2, "keys with values"),
        (b"---\n\njust words\n---\n", 3, "keys with values"),
        (b"---\na: 1\nb: 2\na: 3\n---\n", 4, "'a' is here a second time"),
        (b"---\na: 1\nb:\n  c: 1\n  'c': 2\n---\n", 5, "'c' is here a second time"),
        (b"---\na: &x 1\nb: 2\n---\n", 2, "anchors"),
        (b"---\na: 1\nb: *x\n---\n", 3, "anchors"),
        (b"---\na: 1\nb:\n  - &x [1]\n---\n", 4, "anchors"),
        (b"---\na: 1\nb: !!python/object/apply:os.system ['true']\n---\n", 3, "tags"),
        (b"---\na: !!str 1\n---\n", 2, "tags"),
        (b"---\na: ! b\n---\n", 2, "tags"),
        (b"---\na: 1\n<<: {b: 2}\n---\n", 3, "merging"),
        (b"---\na: 1\n2: b\n---\n", 3, "quotes"),
        (b"---\na: 1\nyes: b\n---\n", 3, "quotes"),
        (b"---\na: {2027-01-01: b}\n---\n", 2, "quotes"),
        (b"---\na: 1\n? [b, c]\n: d\n---\n", 3, "quotes"),
        (b"---\na: 1\nreview_by: 2027-13-45\n---\n", 3, "'2027-13-45' is no date"),
        (b"---\na: 1\nb: .nan\n---\n", 3, "no number"),
        (b"---\na: 1\nb: -.inf\n---\n", 3, "no number"),
        (b"---\na: 1\nb: =\n---\n", 3, "quotes"),
        (b"---\na: 1\n...\nb: 2\n---\n", 4, "not YAML"),
        (b"---\na: 1\n--- b\n---\n", 3, "second YAML document"),
    ],
)
def test_what_is_refused_names_its_line(data: bytes, line: int, words: str) -> None:
    error = refusal(data)

    assert words in error.reason
    assert error.line == line


def test_other_control_characters_in_a_body_are_kept() -> None:
    # Pages pasted from a PDF have them; they do no harm, and refusing the page would.
    assert read(b"---\na: b\n---\nx\x03\x0by").body == "x\x03\x0by"


@pytest.mark.parametrize(
    ("block", "line", "words"),
    [
        ("a: b\nlong: " + "x" * 70_000, 1, "64 KB"),
        ("\n".join(f"k{n}: 1" for n in range(201)), 202, "200 keys"),
        ("a:\n  - {b: 1, c: 2}\n" + "\n".join(f"k{n}: 1" for n in range(198)), 201, "200 keys"),
        ("a: 1\nb: [[[[[[1]]]]]]", 3, "nested"),
        ("a: " + "[" * 30_000, 2, "nested"),
        ("a: " + "{a: " * 10_000, 2, "nested"),
        ("a: " + "1" * 5_000, 2, "number"),
        ("a: 0x" + "f" * 5_000, 2, "number"),
        ("a: 1\nb: " + "? " * 20_000, 3, ""),
    ],
)
def test_front_matter_beyond_the_bounds_is_refused(block: str, line: int, words: str) -> None:
    error = refusal(f"---\n{block}\n---\n")

    assert words in error.reason
    assert error.line == line


def test_front_matter_within_the_bounds_is_read() -> None:
    assert len(fields("\n".join(f"k{n}: 1" for n in range(200)))) == 200
    assert fields("a: [[[[[1]]]]]") == {"a": [[[[[1]]]]]}


def test_values_are_what_yaml_says() -> None:
    block = "a: 1\nb: 1.5\nc: yes\nd:\ne: 2027-03-01\nf: 2027-03-01 10:00:00\ng: |\n  x\n  y\nh: '1'\ni: {j: [k]}"

    assert fields(block) == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": date(2027, 3, 1),
        "f": datetime(2027, 3, 1, 10, 0, 0),  # noqa: DTZ001 (YAML without a zone has none)
        "g": "x\ny\n",
        "h": "1",
        "i": {"j": ["k"]},
    }


# --- writing ---------------------------------------------------------------------------------------------------------


def test_front_matter_is_written_as_people_write_it() -> None:
    text = write(
        {
            "title": "Größe: 価格 😀",
            "personas": ["cfo", "head of IT"],
            "products": [],
            "authors": {"marketing": ["ana@example.com"], "sales": ["ben@example.com"]},
            "review_by": date(2027, 3, 1),
            "summary": "one\ntwo\n",
            "rank": 3,
        },
        "# Body\n",
    )

    assert text == (
        "---\n"
        "title: 'Größe: 価格 😀'\n"
        "personas: [cfo, head of IT]\n"
        "products: []\n"
        "authors:\n"
        "  marketing: [ana@example.com]\n"
        "  sales: [ben@example.com]\n"
        "review_by: 2027-03-01\n"
        "summary: |\n"
        "  one\n"
        "  two\n"
        "rank: 3\n"
        "---\n"
        "# Body\n"
    )


def test_a_long_text_stays_on_one_line() -> None:
    assert write({"summary": "word " * 100 + "end"}, "").count("\n") == 3


def test_equal_lists_are_written_twice() -> None:
    stages = ["decision"]

    assert read(write({"a": stages, "b": stages}, "").encode()).fields == {"a": stages, "b": stages}


WRITABLE = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r\f")
WORDS = st.one_of(
    st.text(WRITABLE, max_size=30),
    st.text(string.printable.replace("\x0b", ""), max_size=30),
    st.sampled_from(
        ["2027-03-01", "1", "1.5", "1e3", "0x1f", "1_000", "12:30", "yes", "no", "null", "~", "true", "", " "]
    ),
    st.sampled_from(
        ["- a", "# a", "a: b", "&a", "*a", "!a", "[", "{", "'", '"', "|", ">", "%a", "@a", "---", "...", "<<"]
    ),
    st.sampled_from(
        ["=", "\na", " a\n", "a\n\n", "---\n", "a\n---\nb", "\u2028", "\ufeff", "\ufffe", "😀" * 200, "a" * 150]
    ),
)
SCALARS = st.one_of(
    WORDS,
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC])).map(lambda moment: moment.replace(fold=0)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
BODIES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60),
    FILES,
    st.sampled_from(
        ["", "\n", "---", "---\n", "---\na: b\n---\nc", "---\r\na: b\r\n---\r\n", "\ufeff---\n---\n", "\ufeffa"]
    ),
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(st.dictionaries(WORDS, VALUES.filter(lambda value: depth(value) < 6), max_size=5), BODIES)
def test_what_is_written_reads_back_the_same(written: dict[str, Any], body: str) -> None:
    file = read(write(written, body).encode())

    assert file.fields == written
    assert list(file.fields) == list(written)
    assert file.body == body
    assert repr(file.fields) == repr(written)


def test_without_fields_a_plain_body_is_the_file() -> None:
    assert write({}, "# Title\n") == "# Title\n"
    assert write({}, "---\na: b\n---\n") == "---\n---\n---\na: b\n---\n"


# --- title and summary -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "title", "summary"),
    [
        ("# Title\n\nFirst paragraph.\n\nSecond.", "Title", "First paragraph."),
        ("Title\n=====\n\nFirst\nparagraph.", "Title", "First paragraph."),
        ("## Only a second level\n\nText.", "Only a second level", "Text."),
        ("Before.\n\n# Title\n\nAfter.", "Title", "After."),
        ("# *The* [price](x.md) of `it` :moneybag: 😀 ##", "The price of it :moneybag: 😀", ""),
        ("# A [reference][r]\n\nB [r].\n\n[r]: https://a.example", "A reference", "B r."),
        ('# <a name="x"></a>Title {#anchor}\n\nText.', "Title", "Text."),
        ("# ![logo](x.png) Title", "Title", ""),
        ("# ![only a logo](x.png)\n\n## Title\n\nText.", "Title", "Text."),
        ("<!-- a comment -->\n\n# Title\n\n<!-- another -->\n\nText <b>bold</b>.", "Title", "Text bold."),
        ("[![build](b.svg)](https://ci.example)\n\n# Title\n\n![x](y.png)\n\nText.", "Title", "Text."),
        ("```\n# not a title\n```\n\n# Title\n\n```\ncode\n```\n\nText.", "Title", "Text."),
        ("# Title\n\n| a | b |\n|---|---|\n| c | d |\n\nText.", "Title", "Text."),
        ("# Title\n\n> [!NOTE] Mind this.\n\nText.", "Title", "Mind this."),
        ("# Title\n\n- one\n- [two](x.md)\n\n## More\n\nText.", "Title", "Text."),
        ("# Title\n\n- one\n- [two](x.md)", "Title", "one; two"),
        ("# Title\n\nCosts fall[^1].\n\n[^1]: By half.", "Title", "Costs fall."),
        ("# Title\n\n✂️ ------\n\nText.", "Title", "Text."),
        ("# Ti\\*tle &amp; Söhne\n\na &lt; b  \nc", "Ti*tle & Söhne", "a < b c"),
        ("First line\nsecond line.\n\nNext.", "First line", "First line second line."),
        ("Only line.\n\nNext paragraph.", "Only line.", "Next paragraph."),
        ("![x](y.png)\nWords below.", "Words below.", ""),
        ("- item one\n- item two", "item one", "item two"),
        ("<div>Raw <b>words</b></div>", "Raw words", ""),
        ("```\ncode only\nmore\n```", "code only", ""),
        ("| a |\n|---|\n| b |", "", ""),
        ("", "", ""),
        ("\n \n", "", ""),
        ("<!-- nothing -->", "", ""),
        ("# Title\r\n\r\nText\r\nmore.\r\n", "Title", "Text more."),
        (">" * 10_000 + " # deep\nword", ">" * 199 + "…", ""),
    ],
)
def test_title_and_summary_of_plain_markdown(body: str, title: str, summary: str) -> None:
    assert title_and_summary(body) == (title, summary)


def test_long_titles_and_summaries_end_at_a_word() -> None:
    title, summary = title_and_summary("# " + "title " * 100 + "\n\n" + "summary, " * 1_000)

    assert title == " ".join(["title"] * 33) + "…"
    assert summary == "summary, " * 32 + "summary…"


@given(st.one_of(st.text(), FILES))
def test_title_and_summary_are_always_short_single_lines(body: str) -> None:
    title, summary = title_and_summary(body)

    assert len(title) <= 200
    assert len(summary) <= 300
    for text in (title, summary):
        assert text == " ".join(text.split())

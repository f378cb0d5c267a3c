"""Attached files: what is read out of good ones, and that bad ones are refused with a sentence."""

import io
import unicodedata
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hub.assets.extraction import (
    DOCX,
    PDF,
    PPTX,
    Extract,
    ExtractionRefused,
    Limits,
    extract,
    media_type_of,
    safe_name,
)
from hub.assets.extraction_process import cleaned
from tests.factories import documents

ORDINARY = Limits()


def refusal(data: bytes, name: str, limits: Limits = ORDINARY) -> str:
    with pytest.raises(ExtractionRefused) as refused:
        extract(data, name, limits)
    return refused.value.reason


def texts(found: Extract) -> list[tuple[int, str]]:
    return [(page.number, page.text) for page in found.pages]


def thumbnail(found: Extract) -> Image.Image:
    assert found.thumbnail is not None
    image = Image.open(io.BytesIO(found.thumbnail))
    assert image.format == "WEBP"
    return image


# --- PDF ----------------------------------------------------------------------------------------------


def test_a_pdf_is_read_page_by_page_with_a_picture_of_the_first() -> None:
    found = extract(documents.pdf(["Café (new)\nsecond line", "Page two"]), "sheet.pdf")
    assert texts(found) == [(1, "Café (new)\nsecond line"), (2, "Page two")]
    assert (found.media_type, found.page_count, found.truncated) == (PDF, 2, False)
    assert max(thumbnail(found).size) == ORDINARY.thumbnail
    assert (found.width, found.height) == (None, None)


def test_a_word_broken_at_the_end_of_a_line_is_whole_again() -> None:
    assert texts(extract(documents.pdf(["the best messag-\ning wins"]), "a.pdf")) == [(1, "the best messaging wins")]


def test_pages_past_the_limit_are_counted_but_not_read() -> None:
    found = extract(documents.pdf(["one", "two", "three"]), "a.pdf", Limits(pages=2))
    assert texts(found) == [(1, "one"), (2, "two")]
    assert (found.page_count, found.truncated) == (3, True)


@pytest.mark.parametrize(("characters", "kept", "truncated"), [(6, ["one", "two"], False), (5, ["one", "tw"], True)])
def test_text_is_cut_exactly_at_the_limit_of_characters(characters: int, kept: list[str], truncated: bool) -> None:
    found = extract(documents.pdf(["one", "two"]), "a.pdf", Limits(characters=characters))
    assert ([page.text for page in found.pages], found.truncated) == (kept, truncated)


def test_a_lost_page_leaves_the_others_their_numbers() -> None:
    found = extract(documents.pdf_with_a_lost_page(["one", "two", "three"]), "a.pdf")
    assert texts(found) == [(1, "one"), (2, ""), (3, "three")]
    assert (found.page_count, found.truncated) == (3, True)


def test_an_encrypted_pdf_is_refused_with_the_cure() -> None:
    expected = "The PDF is encrypted: save it without a password and attach it again."
    assert refusal(documents.encrypted_pdf(), "a.pdf") == expected


def test_a_pdf_encrypted_with_an_empty_password_opens_for_everybody() -> None:
    assert texts(extract(documents.encrypted_pdf("Readable", opened_by=""), "a.pdf")) == [(1, "Readable")]


@pytest.mark.parametrize("data", [documents.pdf()[:200], b"%PDF-1.7\n" + bytes(range(256)) * 20])
def test_a_truncated_or_garbage_pdf_is_refused_as_damaged(data: bytes) -> None:
    assert refusal(data, "a.pdf").startswith("The PDF is damaged")


def test_a_file_that_keeps_the_reader_busy_is_refused() -> None:
    slow = documents.pdf(["slow"], padding=1_000_000)
    expected = "Reading the PDF took longer than 0.2 seconds: split it or simplify it."
    assert refusal(slow, "a.pdf", Limits(seconds=0.2)) == expected


def test_a_pdf_that_unpacks_past_the_memory_ends_its_reader_and_nothing_else() -> None:
    small = Limits(memory_bytes=150_000_000)
    assert "stopped the program that reads it" in refusal(documents.bomb_pdf(4_000_000), "a.pdf", small)
    assert texts(extract(documents.bomb_pdf(400), "a.pdf", small)) == [(1, "")]


# --- PPTX ---------------------------------------------------------------------------------------------


def test_a_presentation_is_read_slide_by_slide_with_groups_tables_and_notes() -> None:
    found = extract(documents.pptx(["Why now", "Proof"], notes="Pause here"), "deck.pptx")
    table = "Plan | Price\nTeam | 40 €"
    assert texts(found) == [
        (1, f"Why now\nGrouped below Why now\n{table}\n\nNotes: Pause here"),
        (2, f"Proof\nGrouped below Proof\n{table}"),
    ]
    assert (found.media_type, found.page_count, found.truncated) == (PPTX, 2, False)


def test_diagrams_and_chart_titles_belong_to_their_slide() -> None:
    deck = documents.with_diagram(documents.pptx(["One", "Two"], chart="Deals by outcome"), "Land, then expand")
    first, second = extract(deck, "deck.pptx").pages
    assert "Deals by outcome" in first.text
    assert "Land, then expand" in first.text
    assert second.text.startswith("Two\nGrouped below Two")


def test_the_cover_of_a_presentation_is_the_one_it_carries() -> None:
    assert thumbnail(extract(documents.pptx(cover=True), "deck.pptx")).size == (256, 192)


@pytest.mark.parametrize("cover", [None, b"no picture", documents.bomb_png(60_000, 60_000)])
def test_a_presentation_without_a_usable_cover_is_still_read(cover: bytes | None) -> None:
    found = extract(documents.repacked(documents.pptx(), {"docProps/thumbnail.jpeg": cover}), "deck.pptx")
    assert found.thumbnail is None
    assert found.pages[0].text.startswith("Why now")


def test_slides_past_the_limit_are_counted_but_not_read() -> None:
    found = extract(documents.pptx(["One", "Two"]), "deck.pptx", Limits(pages=1))
    assert ([page.number for page in found.pages], found.page_count, found.truncated) == ([1], 2, True)


# --- DOCX ---------------------------------------------------------------------------------------------


def test_a_document_is_one_page_of_header_paragraphs_and_tables() -> None:
    found = extract(documents.docx(["Dear customer", "Yours"], header="Offer 7"), "letter.docx")
    assert texts(found) == [(1, "Offer 7\n\nDear customer\nYours\nTerm | 3 years")]
    assert (found.media_type, found.page_count, found.truncated) == (DOCX, 1, False)


def test_inserted_text_counts_deleted_text_does_not_and_alternatives_count_once() -> None:
    body = (
        "<w:p><w:ins><w:r><w:t>New</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>Old</w:delText></w:r></w:del></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>Field</w:t><w:tab/><w:t>filled</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><mc:AlternateContent><mc:Choice Requires='w'><w:r><w:t>Box</w:t></w:r></mc:Choice>"
        "<mc:Fallback><w:r><w:t>Box</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>"
    )
    assert texts(extract(documents.docx_of(body), "a.docx")) == [(1, "New\nField filled\nBox")]


def test_a_table_within_a_table_stays_in_its_cell() -> None:
    def cell(content: str) -> str:
        return f"<w:tc>{content}</w:tc>"

    def word(text: str) -> str:
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"

    inner = f"<w:tbl><w:tr>{cell(word('b'))}{cell(word('c'))}</w:tr></w:tbl>"
    body = f"<w:tbl><w:tr>{cell(word('a'))}{cell(inner)}{cell(word('d') + word('e'))}</w:tr></w:tbl>"
    assert texts(extract(documents.docx_of(body), "a.docx")) == [(1, "a | b | c | d e")]


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("declaration", [LAUGHS, '<!-- x --><!DOCTYPE d SYSTEM "file:///etc/passwd">'])
def test_a_doctype_is_refused_in_any_encoding(declaration: str, encoding: str) -> None:
    bomb = documents.docx_of("<w:p/>", declaration=declaration, encoding=encoding)
    expected = "The document holds a DOCTYPE, which Office never writes: open it and save it again."
    assert refusal(bomb, "a.docx") == expected


def test_an_empty_part_that_nobody_needs_does_not_stop_the_reading() -> None:
    letter = documents.repacked(documents.docx(), {"customXml/item9.xml": b""})
    assert texts(extract(letter, "a.docx")) == [(1, "Dear customer\nTerm | 3 years")]


def test_a_document_past_the_memory_is_refused_by_that_name() -> None:
    paragraphs = "".join(f"<w:p><w:r><w:t>{number * 7919:x}</w:t></w:r></w:p>" for number in range(150_000))
    long = documents.docx_of(paragraphs)
    assert len(extract(long, "a.docx").pages[0].text) > 500_000
    expected = "Reading the document needs more than the 100 MB of memory allowed: split it or simplify it."
    assert refusal(long, "a.docx", Limits(memory_bytes=100_000_000)) == expected


# --- packages that lie --------------------------------------------------------------------------------


def test_a_zip_bomb_with_honest_sizes_is_refused_by_its_sum() -> None:
    bomb = documents.repacked(documents.pptx(), {"ppt/media/film.bin": bytes(310_000_000)})
    assert refusal(bomb, "deck.pptx").startswith("The presentation unpacks to 310")
    assert "more than the 300 MB allowed: compress its pictures" in refusal(bomb, "deck.pptx")


def test_a_zip_bomb_below_the_sum_is_refused_by_its_ratio() -> None:
    bomb = documents.repacked(documents.pptx(), {"ppt/media/film.bin": bytes(100_000_000)})
    assert "as no real one does" in refusal(bomb, "deck.pptx")


@pytest.mark.parametrize("part", ["ppt/presentation.xml", "docProps/thumbnail.jpeg"])
def test_a_part_that_holds_more_than_it_declares_is_given_up_before_it_is_unpacked(part: str) -> None:
    bomb = documents.repacked(documents.pptx(), {part: b" " * 150_000_000})
    lying = documents.with_lying_size(bomb, part, 1000)
    expected = "The presentation holds more than it declares: open it and save it again."
    assert refusal(lying, "deck.pptx", Limits(memory_bytes=120_000_000)) == expected


def test_a_picture_inside_is_never_unpacked_whatever_it_declares() -> None:
    bomb = documents.repacked(documents.pptx(), {"ppt/media/film.bin": bytes(150_000_000)})
    lying = documents.with_lying_size(bomb, "ppt/media/film.bin", 1000)
    assert extract(lying, "deck.pptx", Limits(memory_bytes=120_000_000)).page_count == 1


def overlapping(deck: bytes) -> bytes:
    """The deck with its last part said to reach over all the others, several times."""
    out = bytearray(deck)
    last = deck.rindex(b"PK\x01\x02")
    out[last + 20 : last + 24] = (len(deck) * 3).to_bytes(4, "little")
    return bytes(out)


def with_a_password(deck: bytes) -> bytes:
    out = bytearray(deck)
    out[deck.index(b"PK\x01\x02") + 8] |= 1
    return bytes(out)


def with_a_huge_directory(deck: bytes) -> bytes:
    return deck[:-10] + (900_000_000).to_bytes(4, "little") + deck[-6:]


def with_many_parts(deck: bytes) -> bytes:
    return documents.repacked(deck, {f"ppt/{number}": b"" for number in range(10_001)})


def as_zip64(deck: bytes) -> bytes:
    return deck[:-22] + b"PK\x06\x07" + bytes(16) + deck[-22:]


def in_bzip2(deck: bytes) -> bytes:
    return documents.packed(documents.parts(deck), compression=zipfile.ZIP_BZIP2)


def twice(deck: bytes) -> bytes:
    out = io.BytesIO(deck)
    with zipfile.ZipFile(out, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("ppt/presentation.xml", b"<other/>")
    return out.getvalue()


def for_a_later_unzip(deck: bytes) -> bytes:
    out = bytearray(deck)
    out[deck.rindex(b"PK\x01\x02") + 6] = 99
    return bytes(out)


def with_a_misspelt_name(deck: bytes) -> bytes:
    """The last part's name is said to be UTF-8 and is not."""
    out = bytearray(deck)
    last = deck.rindex(b"PK\x01\x02")
    out[last + 9] |= 8
    out[last + 46] = 0xFF
    return bytes(out)


def climbing(deck: bytes) -> bytes:
    return documents.repacked(deck, {"../../outside.xml": b"<x/>"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (overlapping, "parts that overlap"),
        (with_a_password, "is encrypted"),
        (with_a_huge_directory, "far too many parts"),
        (with_many_parts, "more than the 10,000 allowed"),
        (as_zip64, "packed as ZIP64"),
        (in_bzip2, "packed in a way Office does not use"),
        (twice, "forbidden or repeated names"),
        (climbing, "forbidden or repeated names"),
        (for_a_later_unzip, "table of contents cannot be read"),
        (with_a_misspelt_name, "table of contents cannot be read"),
    ],
)
def test_a_crooked_package_is_refused_by_its_table_of_contents(change: Callable[[bytes], bytes], reason: str) -> None:
    assert reason in refusal(change(documents.pptx()), "deck.pptx")


def test_a_package_cut_off_at_its_end_is_refused_as_damaged() -> None:
    expected = "The file is damaged, its end is missing: save or download it again."
    assert refusal(documents.pptx()[:-300], "deck.pptx") == expected


def test_a_package_without_the_parts_it_names_is_refused_as_damaged() -> None:
    assert refusal(documents.repacked(documents.pptx(), {"ppt/presentation.xml": None}), "deck.pptx").startswith(
        "The presentation is damaged"
    )


# --- pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_gives_its_size_and_a_thumbnail(kind: str) -> None:
    found = extract(documents.picture(kind, (640, 400)), f"shot.{kind.lower()}")
    assert (found.media_type, found.width, found.height) == (f"image/{kind.lower()}", 640, 400)
    assert (found.pages, found.page_count, found.truncated) == ((), 1, False)
    assert thumbnail(found).size == (480, 300)


def test_a_photo_is_turned_as_the_camera_meant_and_loses_what_the_camera_noted() -> None:
    data = documents.photo((400, 200), orientation=6)
    assert {"exif", "xmp", "icc_profile"} <= set(Image.open(io.BytesIO(data)).info)
    found = extract(data, "photo.jpg")
    small = thumbnail(found)
    assert (found.width, found.height, small.size) == (200, 400, (200, 400))
    at = 3 * (20 * 200 + 100)
    red, _, blue = small.convert("RGB").tobytes()[at : at + 3]
    assert red > blue  # the left half, red, is on top after a quarter turn clockwise
    assert not {"exif", "xmp", "icc_profile"} & set(small.info)
    assert b"Phone maker" not in (found.thumbnail or b"")


def test_a_tiny_file_of_enormous_dimensions_is_refused() -> None:
    expected = "The image has more than the 50 million pixels allowed: scale it down and attach it again."
    assert refusal(documents.bomb_png(60_000, 60_000), "a.png") == expected
    assert "more than the 0.25 million" in refusal(
        documents.picture("PNG", (640, 400)), "a.png", Limits(pixels=250_000)
    )


def test_a_picture_that_breaks_off_is_refused_as_damaged() -> None:
    assert refusal(documents.picture()[:300], "a.png").startswith("The image is damaged")


# --- what may be attached -----------------------------------------------------------------------------


def with_macros(package: bytes) -> bytes:
    return documents.repacked(package, {"ppt/vbaProject.bin": b"\xd0\xcf\x11\xe0"})


def retyped(package: bytes, old: bytes, new: bytes) -> bytes:
    types = documents.parts(package)["[Content_Types].xml"]
    assert old in types
    return documents.repacked(package, {"[Content_Types].xml": types.replace(old, new)})


OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
PRESENTATION, WORD = b"presentation.main", b"vnd.openxmlformats-officedocument.wordprocessingml.document.main"


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.pdf", "The file is empty"),
        (
            documents.picture(),
            "a.pdf",
            "This is a PNG although its name ends in .pdf: rename it so that it ends in .png.",
        ),
        (documents.picture(), "a", "This is a PNG although its name has no ending"),
        (documents.pdf(), "a.docx", "This is a PDF although its name ends in .docx"),
        (documents.docx(), "a.pptx", "This is a Word document although its name ends in .pptx"),
        (documents.pdf(), "a.pdf.exe", "This is a PDF although its name ends in .exe"),
        (b"plain words", "a.pdf", "The name ends in .pdf but this is no PDF"),
        (b"plain words", "a.txt", "Only PDF, PPTX, DOCX, PNG, JPEG, WebP or GIF can be attached"),
        (b"\xef\xbb\xbf <svg onload='x()'/>", "a.png", "an SVG, which can carry scripts"),
        (b"<?xml version='1.0'?><!-- x --><svg/>", "a.svg", "an SVG, which can carry scripts"),
        (b"\n<!DOCTYPE html><p>", "a.html", "a web page"),
        (b"<html><svg/>", "a.pdf", "a web page"),
        (b"MZ\x90\0", "a.pdf", "a program"),
        (b"\x7fELF", "a.png", "a program"),
        (b"#!/bin/sh", "a.sh", "a program"),
        (b"Rar!\x1a", "a.rar", "an archive"),
        (b"\0\0\0\x18ftypheic", "a.heic", "a HEIC or AVIF picture"),
        (b"BM\x10\0\0\0\0\0\0\0", "a.bmp", "a BMP or TIFF picture"),
        (b"{\\rtf1", "a.docx", "an RTF document"),
        (OLD_OFFICE, "a.ppt", "a file of an old Office version"),
        (OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"), "a.docx", "The file is encrypted"),
        (with_macros(documents.pptx()), "a.pptx", "contains macros"),
        (
            retyped(documents.docx(), WORD, b"vnd.ms-word.document.macroEnabled.main"),
            "a.docm",
            "contains macros",
        ),
        (retyped(documents.pptx(), PRESENTATION, b"slideshow.main"), "a.ppsx", "a slide show or template"),
        (documents.packed({"[Content_Types].xml": b"spreadsheetml"}), "a.xlsx", "a spreadsheet"),
        (
            documents.packed({"META-INF/manifest.xml": b"", "content.xml": b""}),
            "a.odt",
            "an OpenDocument file",
        ),
        (documents.packed({"readme.txt": b"hello"}), "a.docx", "a zip archive"),
    ],
)
def test_what_may_not_be_attached_is_told_why(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(ExtractionRefused) as refused:
        media_type_of(data, name)
    assert reason in refused.value.reason
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (documents.pdf(), "A.PDF", PDF),
        (b"\r\n" + documents.pdf(), "a.pdf", PDF),
        (documents.pptx(), "a.pptx", PPTX),
        (documents.docx(), "a.docx", DOCX),
        (documents.picture("JPEG"), "a.jpeg", "image/jpeg"),
        (documents.picture("JPEG"), "../a\u202e.jpg ", "image/jpeg"),
    ],
)
def test_the_content_decides_what_a_file_is(data: bytes, name: str, media_type: str) -> None:
    assert media_type_of(data, name) == media_type


def test_a_file_past_the_size_limit_is_refused_unread() -> None:
    expected = "The file has 1.5 kB, more than the 1 kB allowed: compress or split it."
    assert refusal(bytes(1500), "a.pdf", Limits(bytes=1000)) == expected


# --- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\deck.pptx", "deck.pptx"),
        ("a\0b.pdf", "ab.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("two\r\nlines\t.pdf", "two lines.pdf"),
        ("Übersicht, 価格 ✅.pdf", "Übersicht, 価格 ✅.pdf"),
        ("U\u0308bersicht.pdf", "Übersicht.pdf"),
        (".htaccess", "htaccess"),
        ("deck.pptx. . ", "deck.pptx"),
        ("x" * 300 + ".pptx", "x" * 115 + ".pptx"),
        ("x." + "y" * 300, "x." + "y" * 118),
        ("", "attachment"),
        ("..", "attachment"),
        ("/\u200b\u2066", "attachment"),
    ],
)
def test_a_name_keeps_its_words_and_loses_its_tricks(name: str, safe: str) -> None:
    assert safe_name(name) == safe


TRICKS = st.sampled_from([*"./\\ \0\n", "\u202e", "\u200d", "\u0308", "\ud800", "e", ".pdf", "x" * 130])


@given(st.lists(TRICKS | st.text(max_size=3)).map("".join))
def test_a_safe_name_is_short_printable_without_folders_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert 1 <= len(safe) <= 120
    assert not set(safe) & set("/\\")
    assert not {unicodedata.category(letter) for letter in safe} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(safe) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert safe_name(safe) == safe


# --- whatever arrives ---------------------------------------------------------------------------------

ENDINGS = st.sampled_from([".pdf", ".pptx", ".docx", ".png", ".jpg", ".webp", ".gif"])
MAGIC = st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg"])
REAL = [
    (documents.pdf(["one", "two"]), "a.pdf"),
    (documents.pptx(), "a.pptx"),
    (documents.docx(), "a.docx"),
    (documents.picture("PNG"), "a.png"),
    (documents.picture("JPEG"), "a.jpg"),
    (documents.picture("WEBP"), "a.webp"),
    (documents.picture("GIF"), "a.gif"),
]


def damaged(data: bytes, places: list[tuple[float, int]]) -> bytes:
    """`data` with bytes overwritten at places given as fractions of its length."""
    out = bytearray(data)
    for place, byte in places:
        out[int(place * len(out))] = byte
    return bytes(out)


PLACES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12)
END_PLACES = st.lists(st.tuples(st.floats(0.9, 1, exclude_max=True), st.integers(0, 255)))  # the directory


def reason_against(read: Callable[[], object]) -> str | None:
    """None when the file was read; any other exception than a refusal passes through and fails the test."""
    try:
        read()
    except ExtractionRefused as refused:
        return refused.reason
    return None


def is_fine(reason: str | None) -> bool:
    return reason is None or reason.endswith(".")


@given(MAGIC, st.binary(max_size=200), ENDINGS)
def test_arbitrary_bytes_have_a_media_type_or_a_reason(magic: bytes, rest: bytes, ending: str) -> None:
    assert is_fine(reason_against(lambda: media_type_of(magic + rest, "name" + ending)))


@given(st.sampled_from(REAL[1:3]), PLACES | END_PLACES)
def test_a_damaged_package_has_a_media_type_or_a_reason(
    real: tuple[bytes, str], places: list[tuple[float, int]]
) -> None:
    assert is_fine(reason_against(lambda: media_type_of(damaged(real[0], places), real[1])))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(REAL), PLACES, st.floats(0.5, 1))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    real: tuple[bytes, str], places: list[tuple[float, int]], kept: float
) -> None:
    data, name = real
    hurt = damaged(data[: round(kept * len(data))], places)
    assert is_fine(reason_against(lambda: extract(hurt, name)))


@given(st.text())
def test_cleaned_text_has_no_control_characters_and_is_clean_already(text: str) -> None:
    clean = cleaned(text)
    assert not {unicodedata.category(letter) for letter in clean.replace("\n", "")} & {"Cc", "Cs"}
    assert "\n\n\n" not in clean
    assert "  " not in clean
    assert cleaned(clean) == clean
    clean.encode()


def test_cleaning_keeps_words_lines_and_scripts() -> None:
    assert cleaned(" a \t b\x0bc\r\n\n\n\nd\x00e\ud800 שלום ") == "a b\nc\n\nde\ufffd שלום"

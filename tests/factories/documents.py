"""Real files for tests, made in memory: PDF, PPTX, DOCX and pictures, and the hostile kin of each."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence

from docx import Document
from PIL import Image
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

# --- PDF ----------------------------------------------------------------------------------------------


def pdf(texts: Sequence[str] = ("Hello from page one",), *, padding: int = 0) -> bytes:
    """A page a text, a line a line. `padding` adds that many strokes to each page: slow to read."""
    return _pdf_file(_pdf_objects(texts, padding))


def pdf_with_a_lost_page(texts: Sequence[str]) -> bytes:
    """A PDF whose second page is announced but not there."""
    objects = _pdf_objects(texts, 0)
    objects[1] = objects[1].replace(b" 6 0 R", b" 999 0 R")
    return _pdf_file(objects)


def bomb_pdf(strokes: int) -> bytes:
    """A small PDF whose only page unpacks to that many strokes; each takes pdfium some hundred bytes."""
    objects = _pdf_objects(["Bomb"], 0)
    drawing = zlib.compress(b"0 0 m 9 9 l S " * strokes)
    objects[-1] = _pdf_stream(drawing).replace(b"<< ", b"<< /Filter /FlateDecode ", 1)
    return _pdf_file(objects)


def encrypted_pdf(text: str = "Secret", opened_by: str = "open sesame") -> bytes:
    """A PDF that opens only with a password: the standard security handler's revision 2, RC4 with 40 bits."""
    identity = b"0123456789abcdef"
    owner = _rc4(_md5(_padded(opened_by))[:5], _padded(opened_by))
    permissions = struct.pack("<i", -4)
    key = _md5(_padded(opened_by) + owner + permissions + identity)[:5]
    objects = _pdf_objects([text], 0)
    stream = objects[-1].split(b"stream\n")[1].removesuffix(b"\nendstream")
    of_object = _md5(key + len(objects).to_bytes(3, "little") + b"\0\0")[:10]
    objects[-1] = _pdf_stream(_rc4(of_object, stream))
    encrypt = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (
        owner.hex().encode(),
        _rc4(key, _padded("")).hex().encode(),
    )
    return _pdf_file(
        objects, b"/Encrypt %s /ID [<%s> <%s>]" % (encrypt, identity.hex().encode(), identity.hex().encode())
    )


def _pdf_objects(texts: Sequence[str], padding: int) -> list[bytes]:
    pages = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(texts)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(texts)} /Kids [{pages}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, text in enumerate(texts):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * index)
        )
        objects.append(_pdf_stream(_pdf_drawing(text) + b"0 0 m 9 9 l S\n" * padding))
    return objects


def _pdf_drawing(text: str) -> bytes:
    lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in text.split("\n")]
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    return f"BT /F1 14 Tf 72 720 Td 18 TL\n{shown}ET\n".encode("cp1252")


def _pdf_stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _pdf_file(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return bytes(out)


def _padded(password: str) -> bytes:
    filler = "28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A"
    return (password.encode("latin-1") + bytes.fromhex(filler))[:32]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


# --- Office -------------------------------------------------------------------------------------------


def pptx(titles: Sequence[str] = ("Why now",), *, notes: str = "", chart: str = "", cover: bool = False) -> bytes:
    """A slide a title, each with a text box inside two groups and a table; notes and chart on the first."""
    presentation = Presentation()
    for title in titles:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = title
        inner = slide.shapes.add_group_shape().shapes.add_group_shape()
        box = inner.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1))
        box.text_frame.text = f"Grouped below {title}"
        table = slide.shapes.add_table(2, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
        for (row, column), text in {(0, 0): "Plan", (0, 1): "Price", (1, 0): "Team", (1, 1): "40 €"}.items():
            table.cell(row, column).text = text
    if notes:
        presentation.slides[0].notes_slide.notes_text_frame.text = notes
    if chart:
        numbers = CategoryChartData()  # type: ignore[no-untyped-call]  # python-pptx types charts in part
        numbers.categories = ["Won", "Lost"]
        numbers.add_series("Deals", (7, 3))  # type: ignore[no-untyped-call]
        place = (Inches(1), Inches(1), Inches(3), Inches(3))
        shape = presentation.slides[0].shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, numbers)
        shape.chart.chart_title.text_frame.text = chart
    out = io.BytesIO()
    presentation.save(out)
    return repacked(out.getvalue(), {"docProps/thumbnail.jpeg": picture("JPEG", (256, 192)) if cover else None})


def docx(paragraphs: Sequence[str] = ("Dear customer",), *, header: str = "") -> bytes:
    """Paragraphs, then a table of one row ("Term", "3 years")."""
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Term", "3 years"
    if header:
        document.sections[0].header.paragraphs[0].text = header
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_diagram(deck: bytes, text: str) -> bytes:
    """The deck with a SmartArt diagram of one node on its first slide."""
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    diagram = (
        f'<d:dataModel xmlns:d="{drawing}/diagram" xmlns:a="{drawing}/main"><d:ptLst><d:pt modelId="1"><d:t>'
        f"<a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>"
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    relation = f'<Relationship Id="rId99" Type="{kind}" Target="../diagrams/data1.xml"/></Relationships>'
    relations = "ppt/slides/_rels/slide1.xml.rels"
    linked = parts(deck)[relations].replace(b"</Relationships>", relation.encode())
    return repacked(deck, {relations: linked, "ppt/diagrams/data1.xml": diagram.encode()})


def docx_of(body: str, *, declaration: str = "", encoding: str = "utf-8") -> bytes:
    """A document of hand-written WordprocessingML; `declaration` stands before the root element."""
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    alternatives = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    xml = (
        f'<?xml version="1.0" encoding="{encoding}"?>{declaration}'
        f'<w:document xmlns:w="{namespace}" xmlns:mc="{alternatives}"><w:body>{body}</w:body></w:document>'
    )
    return repacked(docx(), {"word/document.xml": xml.encode(encoding)})


def parts(package: bytes) -> dict[str, bytes]:
    """A package's parts by name."""
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        return {name: source.read(name) for name in source.namelist()}


def repacked(package: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """The package with parts replaced or added; None removes one."""
    return packed({name: part for name, part in {**parts(package), **changes}.items() if part is not None})


def packed(contents: Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as package:
        for name, content in contents.items():
            package.writestr(name, content)
    return out.getvalue()


def with_lying_size(package: bytes, name: str, size: int) -> bytes:
    """The package with its table of contents saying that the part `name` unpacks to `size` bytes."""
    out = bytearray(package)
    start = package.rindex(b"PK\x05\x06")
    at = package.index(b"PK\x01\x02", int.from_bytes(package[start + 16 : start + 20], "little"))
    while package[at + 46 : at + 46 + len(name)] != name.encode():
        at = package.index(b"PK\x01\x02", at + 46)
    out[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(out)


# --- pictures -----------------------------------------------------------------------------------------


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 400), **options: object) -> bytes:
    """A picture, red on its left half and blue on its right. `options` go to Pillow's save (`exif=`, say)."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(size: tuple[int, int], orientation: int) -> bytes:
    """A JPEG as a phone writes it: turned by EXIF, with maker, place, XMP and a colour profile."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Phone maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return picture("JPEG", size, exif=exif, xmp=b"<x:xmpmeta/>", icc_profile=bytes(200))


def bomb_png(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of any size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")

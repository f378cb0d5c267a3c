"""The child process of `extraction.py`: reads one hostile file and answers with one line of JSON.

It knows nothing of the hub and imports only the library the file needs, so that it starts fast and has
nothing to lose. It binds its own hands (memory, CPU, files, processes) before it reads a byte of the file
from standard input. The second argument is the question: the fields of `Limits`, `media_type` and `noun`
("presentation"). The answer is either {"refused": sentence} or
{"pages": [[number, text], …], "page_count", "truncated", "thumbnail", "width", "height"}.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import zipfile

    from lxml.etree import _Element
    from PIL import Image

Question = dict[str, Any]
Answer = dict[str, Any]

_CHUNK = 1 << 16
# Among them U+0002 and U+FFFE, with which pdfium joins a word that a hyphen breaks at the end of a line.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}


class Refused(Exception):
    """Carries the full sentence that the parent passes on."""


def main() -> None:
    question: Question = json.loads(sys.argv[2])
    line = json.dumps(_answer(question), ensure_ascii=False).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing is left to tidy, and taking a large document apart again costs time


def _answer(question: Question) -> Answer:
    noun = question["noun"]
    try:
        read = _reader(question["media_type"])
    except ImportError as fault:
        return {"refused": f"The hub cannot read the {noun} ({fault}): tell whoever runs it to install it anew."}
    _bind(question)
    try:
        return read(sys.stdin.buffer.read(), question)
    except Refused as refused:
        return {"refused": str(refused)}
    except Exception as fault:  # the libraries raise whatever they trip over, and each of it means the same
        if _is_want_of_memory(fault):
            allowed = f"{question['memory_bytes'] // 10**6} MB of memory allowed"
            return {"refused": f"Reading the {noun} needs more than the {allowed}: split it or simplify it."}
        cause = type(fault).__name__
        return {"refused": f"The {noun} is damaged ({cause}): open it, save it again and attach the new file."}


def _is_want_of_memory(fault: Exception) -> bool:
    """Also libxml2's XML_ERR_NO_MEMORY, which lxml dresses as a syntax error."""
    return isinstance(fault, MemoryError) or (isinstance(fault, SyntaxError) and getattr(fault, "code", 0) == 2)


def _reader(media_type: str) -> Callable[[bytes, Question], Answer]:
    """Imports what the file needs before there are limits: bytecode may be cached, a missing library told."""
    if media_type in _FORMATS:
        from PIL import ImageOps, WebPImagePlugin  # noqa: F401 - loaded before memory is limited

        return _image
    if media_type == "application/pdf":
        import pypdfium2  # noqa: F401 - loaded before memory is limited
        from PIL import WebPImagePlugin  # noqa: F401 - loaded before memory is limited

        return _pdf
    if "presentationml" in media_type:
        import pptx  # noqa: F401 - loaded before memory is limited

        return _presentation
    import docx  # noqa: F401 - loaded before memory is limited

    return _document


def _bind(question: Question) -> None:
    """Little memory and CPU, no file to write, no process to start, no core dump with a deck in it."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock has to do
        return
    wanted = {
        resource.RLIMIT_AS: question["memory_bytes"],
        resource.RLIMIT_CPU: int(question["seconds"]) + 1,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):  # macOS knows RLIMIT_AS but does not let it be lowered
            resource.setrlimit(limit, (lower, lower))


# --- text ---------------------------------------------------------------------------------------------


class Pages:
    """Collects cleaned page texts until the limits are reached; `truncated` once any text was left out."""

    def __init__(self, question: Question) -> None:
        self.pages: list[tuple[int, str]] = []
        self.truncated = False
        self._pages_left: int = question["pages"]
        self._characters_left: int = question["characters"]

    def add(self, texts: Iterator[str]) -> None:
        """Numbers the texts from 1; an iterator, so that pages past the limits are never read."""
        for number, text in enumerate(texts, start=1):
            if self._pages_left <= 0 or self._characters_left <= 0:
                self.truncated = True
                return
            text = cleaned(text)
            self.truncated = self.truncated or len(text) > self._characters_left
            text = text[: self._characters_left]
            self.pages.append((number, text))
            self._pages_left -= 1
            self._characters_left -= len(text)


def cleaned(text: str) -> str:
    """No control characters or lone surrogates, one space between words, at most one empty line in a row."""
    text = _SURROGATE.sub("\ufffd", text)
    lines = (" ".join(line.split()) for line in _UNPRINTABLE.sub("", text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _found(pages: Pages, page_count: int, thumbnail: bytes | None) -> Answer:
    return {
        "pages": pages.pages,
        "page_count": page_count,
        "truncated": pages.truncated,
        "thumbnail": base64.b64encode(thumbnail).decode() if thumbnail else None,
        "width": None,
        "height": None,
    }


# --- pictures -----------------------------------------------------------------------------------------


def _image(data: bytes, question: Question) -> Answer:
    image = _opened(data, [_FORMATS[question["media_type"]]], question["pixels"])
    width, height = image.size
    if image.getexif().get(0x0112, 1) >= 5:  # orientations 5 to 8 lie on their side
        width, height = height, width
    answer = _found(Pages(question), 1, _thumbnail(image, question["thumbnail"]))
    return {**answer, "width": width, "height": height}


def _opened(data: bytes, formats: list[str], pixels: int) -> Image.Image:
    """Reads the header only; no other decoder than those named is tried."""
    import warnings

    from PIL import Image

    Image.MAX_IMAGE_PIXELS = pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        allowed = f"{pixels / 10**6:g} million pixels allowed"
        raise Refused(f"The image has more than the {allowed}: scale it down and attach it again.") from None


def _thumbnail(image: Image.Image, side: int) -> bytes:
    """A WebP of at most `side` pixels, turned as the camera meant it, without EXIF, GPS, ICC or XMP."""
    from PIL import ImageOps

    if image.mode.startswith("I;16"):
        image = image.point(lambda level: level * (1 / 256)).convert("L")
    if image.mode not in ("RGB", "L"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((side, side))
    upright = ImageOps.exif_transpose(image)  # saving takes metadata along only when told to
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=80)
    return out.getvalue()


# --- PDF ----------------------------------------------------------------------------------------------


def _pdf(data: bytes, question: Question) -> Answer:
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as fault:
        if fault.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise Refused("The PDF is encrypted: save it without a password and attach it again.") from None
        raise
    if not len(document):
        raise Refused("The PDF has no pages: save it again and attach the new file.")
    pages = Pages(question)
    pages.add(_pdf_texts(document, pages))
    return _found(pages, len(document), _pdf_thumbnail(document, question["thumbnail"]))


def _pdf_texts(document: Any, pages: Pages) -> Iterator[str]:
    import pypdfium2

    for number in range(len(document)):
        try:
            page = document[number]
            yield page.get_textpage().get_text_bounded()
            page.close()
        except pypdfium2.PdfiumError:  # one broken page of a long document: the others keep their numbers
            pages.truncated = True
            yield ""


def _pdf_thumbnail(document: Any, side: int) -> bytes | None:
    import pypdfium2

    try:
        page = document[0]
        longest = max(page.get_size())
        return _thumbnail(page.render(scale=side / longest).to_pil(), side) if longest > 0 else None
    except pypdfium2.PdfiumError:
        return None


# --- Office packages ----------------------------------------------------------------------------------


def _presentation(data: bytes, question: Question) -> Answer:
    from pptx import Presentation

    package, picture = _slimmed(data, question["noun"])
    slides = Presentation(package).slides
    pages = Pages(question)
    pages.add(_slide_text(slide) for slide in slides)
    return _found(pages, len(slides), _package_thumbnail(picture, question))


def _slide_text(slide: Any) -> str:
    """The slide, then its diagrams and chart titles (parts of their own), then the speaker's notes."""
    from pptx.oxml import parse_xml

    text = _flow(slide.element)
    for relation in _relations(slide.part, ("/diagramData", "/chart")):
        text += "\n" + _flow(parse_xml(relation.target_part.blob))
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return f"{text}\n\nNotes: {notes.text}" if notes is not None and notes.text.strip() else text


def _document(data: bytes, question: Question) -> Answer:
    from docx import Document

    package, picture = _slimmed(data, question["noun"])
    pages = Pages(question)
    pages.add(iter([_document_text(Document(package))]))
    return _found(pages, 1, _package_thumbnail(picture, question))


def _document_text(document: Any) -> str:
    """Headers first, each once however often sections repeat it; comments, talk about the text, stay out."""
    from docx.oxml.parser import parse_xml

    def parts(*kinds: str) -> list[str]:
        found = (parse_xml(relation.target_part.blob) for relation in _relations(document.part, kinds))
        return list(dict.fromkeys(_flow(part) for part in found))

    after = parts("/footnotes", "/endnotes", "/footer")
    return "\n".join([*parts("/header"), _flow(document.element), *after])


def _relations(part: Any, kinds: tuple[str, ...]) -> list[Any]:
    """The relations of these kinds, in the order their parts are numbered in the package."""

    def place(relation: Any) -> tuple[int, str]:
        return len(relation.target_part.partname), relation.target_part.partname

    inside = [relation for relation in part.rels.values() if not relation.is_external]
    return sorted((relation for relation in inside if relation.reltype.endswith(kinds)), key=place)


def _flow(root: _Element) -> str:
    """The text below an element of a slide or document: a paragraph a line, a table row a line with " | ".

    Walks the elements instead of the libraries' shapes and paragraphs, which leave out what stands in
    alternatives, content controls, text boxes and tracked insertions, and which climb up merged table cells
    anew for each row.
    """
    from lxml import etree

    buffers: list[list[str]] = [[]]
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            if tag == "Fallback":  # the same words once more, for older versions
                walk.skip_subtree()
            elif tag in ("tc", "tr"):
                buffers.append([])
            elif tag in ("t", "tab", "br", "cr"):
                buffers[-1].append((element.text or "") if tag == "t" else " " if tag == "tab" else "\n")
        elif tag == "p":
            buffers[-1].append("\n")
        elif tag == "tc":
            cell = " ".join("".join(buffers.pop()).split())
            buffers[-1].append(cell)
        elif tag == "tr":
            row = " | ".join(buffers.pop()) + "\n"
            buffers[-1].append(row)
    return "".join(buffers[0])


def _slimmed(data: bytes, noun: str) -> tuple[io.BytesIO, bytes | None]:
    """The package with its XML only, checked part by part, and its cover picture.

    The libraries would unpack every film and photo into memory, and zipfile.read() would unpack a part to its
    end before it cuts it at the declared size. Media stay as empty parts, so that references to them hold.
    """
    import zipfile

    slim, picture = io.BytesIO(), None
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(slim, "w") as rest:
        for entry in package.infolist():
            content, name = b"", entry.filename.lower()
            if name.endswith((".xml", ".rels")):
                content = _without_doctype(_unpacked(package, entry, noun), noun)
            elif re.fullmatch(r"docprops/thumbnail\.(jpe?g|png)", name):
                picture = _unpacked(package, entry, noun)
            rest.writestr(entry.filename, content)
    slim.seek(0)
    return slim, picture


def _unpacked(package: zipfile.ZipFile, entry: zipfile.ZipInfo, noun: str) -> bytes:
    """One part, read in chunks and given up as soon as it holds more than it declares."""
    import copy

    unbounded = copy.copy(entry)
    unbounded.file_size = sys.maxsize  # else zipfile quietly cuts at the declared size
    content = bytearray()
    with package.open(unbounded) as part:
        while chunk := part.read(_CHUNK):
            content += chunk
            if len(content) > entry.file_size:
                raise Refused(f"The {noun} holds more than it declares: open it and save it again.")
    return bytes(content)


def _without_doctype(content: bytes, noun: str) -> bytes:
    """The part as it is, or empty when it is not XML: the library decides whether it can do without.

    Office writes no DOCTYPE; it could only declare entities that grow without end or fetch other files.
    """
    from xml.parsers import expat

    def refuse(*_: object) -> None:
        raise Refused(f"The {noun} holds a DOCTYPE, which Office never writes: open it and save it again.")

    class Over(Exception):
        pass

    def stop(*_: object) -> None:
        raise Over

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop  # a DOCTYPE can only stand before the first element
    try:
        parser.Parse(content, True)
    except Over:
        return content
    except expat.ExpatError:
        pass
    return b""


def _package_thumbnail(picture: bytes | None, question: Question) -> bytes | None:
    """None also for a cover that cannot be read: the text is what the file was attached for."""
    if not picture:
        return None
    try:
        from PIL import WebPImagePlugin  # noqa: F401 - it registers the format

        return _thumbnail(_opened(picture, ["JPEG", "PNG"], question["pixels"]), question["thumbnail"])
    except (OSError, ValueError, SyntaxError, Refused):
        return None

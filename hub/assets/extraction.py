"""Text and a thumbnail out of an attached file that nobody trusts.

Here, in the caller's process, only headers are looked at: size, magic numbers, a package's table of contents.
The parsers run in `extraction_process.py`, a child process with little memory, little time and none of the
hub's environment; whatever happens to it becomes an `ExtractionRefused` with a sentence for whoever attached
the file.
"""

import base64
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import IO, NoReturn, cast

PDF = "application/pdf"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class Limits:
    """What one file may cost. Past `pages` and `characters` the text is cut, past the others it is refused.

    `bytes` is the file as it arrives, `unpacked_bytes` what a zip package says it holds; `seconds` of wall
    clock and of CPU; `memory_bytes` of the child's address space, Python included; `thumbnail` the longer
    side in pixels. Only the wall clock holds on Windows, and macOS ignores `memory_bytes`.
    """

    bytes: int = 50_000_000
    pages: int = 500
    characters: int = 2_000_000
    seconds: float = 20.0
    memory_bytes: int = 1_000_000_000
    pixels: int = 50_000_000
    unpacked_bytes: int = 300_000_000
    thumbnail: int = 480


@dataclass(frozen=True)
class Page:
    """The cleaned text of a page or slide. `number` counts from 1; a DOCX has no pages: it is page 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Extract:
    """What was read. `pages` is empty for an image; `truncated` says that some text was left out.

    Text is left out past the limits, and where a page of a PDF is damaged. `page_count` is the file's own,
    also past the limit. `thumbnail` is a WebP without metadata. `width` and `height` are an image's pixels as
    it is shown, after its EXIF orientation; None for documents.
    """

    media_type: str
    pages: tuple[Page, ...]
    page_count: int
    truncated: bool
    thumbnail: bytes | None
    width: int | None = None
    height: int | None = None


class ExtractionRefused(Exception):
    """The file is not taken; `reason` is a full sentence with the cause and the cure."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Kind:
    name: str  # "This is a …"
    noun: str  # "The … is damaged"
    endings: tuple[str, ...]


_KINDS = {
    PDF: _Kind("PDF", "PDF", (".pdf",)),
    PPTX: _Kind("PowerPoint presentation", "presentation", (".pptx",)),
    DOCX: _Kind("Word document", "document", (".docx",)),
    "image/png": _Kind("PNG", "image", (".png",)),
    "image/jpeg": _Kind("JPEG", "image", (".jpg", ".jpeg", ".jpe")),
    "image/webp": _Kind("WebP", "image", (".webp",)),
    "image/gif": _Kind("GIF", "image", (".gif",)),
}
_TAKEN = "PDF, PPTX, DOCX, PNG, JPEG, WebP or GIF"

_MAGIC = [
    (re.compile(rb"(\xef\xbb\xbf)?[\x00\s]{0,64}%PDF-"), PDF),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
]
_NOT_TAKEN = [
    (
        re.compile(rb"[\s\xef\xbb\xbf]*<(!doctype\s+html|html|head|body|script)", re.I),
        "a web page: print it to PDF",
    ),
    (
        re.compile(rb"[\s\xef\xbb\xbf]*<(.*<)?svg", re.DOTALL | re.I),
        "an SVG, which can carry scripts: save it as PNG",
    ),
    (re.compile(rb"MZ|\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe|#!"), f"a program: attach {_TAKEN} only"),
    (
        re.compile(rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ"),
        "an archive: unpack it and attach the files in it one by one",
    ),
    (re.compile(rb".{4}ftyp(hei|hev|mif|avif)", re.DOTALL), "a HEIC or AVIF picture: save it as JPEG or PNG"),
    (re.compile(rb"BM.{4}\0{4}|II\*\0|MM\0\*", re.DOTALL), "a BMP or TIFF picture: save it as PNG or JPEG"),
    (re.compile(rb"\{\\rtf"), "an RTF document: save it as DOCX"),
]
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the old Office files, and the new ones when they have a password
_OLE_PASSWORD = "EncryptedPackage".encode("utf-16-le")

_DIRECTORY_BYTES = 2_000_000  # of a zip's table of contents; a thousand slides need about 400 kB
_DIRECTORY_ENTRIES = 10_000
_CONTENT_TYPES_BYTES = 2_000_000
_HARMLESS_BYTES = 20_000_000  # unpacked sizes up to this are taken whatever their ratio
_RATIO = 200  # Office XML shrinks to a thirtieth at best; deflate cannot pass 1,032
_ZIP_FAULTS = (  # what zipfile lets through on damaged or made-up archives
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, LookupError, OSError, RuntimeError, ValueError),
)
_MAIN_PART = re.compile(rb"(presentationml\.presentation|wordprocessingml\.document)\.main\+xml")

_NAME_LENGTH = 120
_JOINERS = "\u200c\u200d"  # Persian, Hindi and emoji need them
_MEANINGLESS_AT_ENDS = ". " + _JOINERS

# -I keeps PYTHON* variables, the user's folder and the working directory out, -S spares what `site` would do:
# the parent's own path is passed on, so that the child finds what the parent found, installed or editable.
_PYTHON = (sys.executable, "-I", "-S", "-c")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from hub.assets.extraction_process import main; main()"
)
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def extract(data: bytes, name: str, limits: Limits = Limits()) -> Extract:
    """The text by page, the page count and a thumbnail of an attached file, or `ExtractionRefused`.

    Starts one child process and waits for it, at most `limits.seconds`; OSError when none can be started. How
    many run at a time, each with up to `limits.memory_bytes`, is for the caller to bound.
    """
    if len(data) > limits.bytes:
        allowed = _size(limits.bytes)
        _refuse(f"The file has {_size(len(data))}, more than the {allowed} allowed: compress or split it.")
    media_type = media_type_of(data, name)
    if media_type in (PPTX, DOCX):
        _refuse_bomb(data, _KINDS[media_type].noun, limits)
    return _ask_child(data, media_type, limits)


def media_type_of(data: bytes, name: str) -> str:
    """The type the content shows; refused unless it is one of the seven taken and the ending agrees."""
    media_type = _sniffed(data, _ending(name))
    kind, ending = _KINDS[media_type], _ending(name)
    if ending not in kind.endings:
        wrong = f"its name ends in {ending}" if ending else "its name has no ending"
        _refuse(f"This is a {kind.name} although {wrong}: rename it so that it ends in {kind.endings[0]}.")
    return media_type


def safe_name(name: str) -> str:
    """A name of 1 to 120 characters to store and show: no folders, nothing that hides or turns letters."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(letter for letter in last if letter in _JOINERS or not _is_unseen(letter))
    plain = " ".join(unicodedata.normalize("NFC", visible).split()).strip(_MEANINGLESS_AT_ENDS)
    if not plain:
        return "attachment"
    stem, ending = os.path.splitext(plain)
    if len(ending) > 16:
        stem, ending = plain, ""
    return stem[: _NAME_LENGTH - len(ending)].rstrip(_MEANINGLESS_AT_ENDS) + ending


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and not letter.isspace()


def _ending(name: str) -> str:
    return os.path.splitext(safe_name(name))[1].lower()


def _refuse(reason: str) -> NoReturn:
    raise ExtractionRefused(reason)


def _size(count: int) -> str:
    for unit, divisor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= divisor:
            return f"{count / divisor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


# --- what it is ---------------------------------------------------------------------------------------


def _sniffed(data: bytes, ending: str) -> str:
    if not data:
        _refuse("The file is empty: attach it again once it is saved.")
    head = data[:4096]
    for magic, media_type in _MAGIC:
        if magic.match(head):
            return media_type
    if data.startswith(b"PK\x03\x04"):
        return _package_type(data)
    if data.startswith(_OLE):
        if _OLE_PASSWORD in data:
            _refuse("The file is encrypted: save it without a password and attach it again.")
        _refuse("This is a file of an old Office version: save it as PPTX, DOCX or PDF and attach it again.")
    for magic, what in _NOT_TAKEN:
        if magic.match(head):
            _refuse(f"This is {what}.")
    for kind in _KINDS.values():
        if ending in kind.endings:
            _refuse(f"The name ends in {ending} but this is no {kind.name}: open the file and save it again.")
    _refuse(f"Only {_TAKEN} can be attached: save the file as one of these.")


def _package_type(data: bytes) -> str:
    with _directory(data) as package:
        names = package.namelist()
        types = _content_types(package)
    if b"macroEnabled" in types or any(name.lower().endswith("vbaproject.bin") for name in names):
        _refuse("The file contains macros: save it without macros, as PPTX or DOCX, and attach it again.")
    main = _MAIN_PART.search(types)
    if main:
        return PPTX if main[1].startswith(b"presentation") else DOCX
    if b"spreadsheetml" in types:
        _refuse("This is a spreadsheet: save what matters of it as PDF and attach that.")
    if b"slideshow.main" in types or b"template.main" in types:
        _refuse("This is a slide show or template: save it as an ordinary PPTX or DOCX and attach it again.")
    if "META-INF/manifest.xml" in names and "content.xml" in names:
        _refuse("This is an OpenDocument file: save it as PPTX, DOCX or PDF and attach it again.")
    _refuse("This is a zip archive, no presentation or document: unpack it and attach its files one by one.")


def _directory(data: bytes) -> zipfile.ZipFile:
    """The package's table of contents; refused unread when it could fill the memory (a million entries)."""
    end = _end_of_directory(data)
    if end < 0 or len(data) < end + 22:
        _refuse("The file is damaged, its end is missing: save or download it again.")
    if data[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        _refuse("The file is packed as ZIP64, which is for files past 4 GB: open it and save it again.")
    if int.from_bytes(data[end + 12 : end + 16], "little") > _DIRECTORY_BYTES:
        _refuse("The file is packed from far too many parts: save it as PDF and attach that.")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _ZIP_FAULTS:
        _refuse("The file is damaged, its table of contents cannot be read: open it and save it again.")


def _end_of_directory(data: bytes) -> int:
    """Where the end record starts or -1, found the way zipfile finds it: both must look at the same one."""
    if data[-22:-18] == b"PK\x05\x06" and data[-2:] == b"\0\0":
        return len(data) - 22
    return data.rfind(b"PK\x05\x06", max(0, len(data) - 22 - 65_536))


def _content_types(package: zipfile.ZipFile) -> bytes:
    try:
        entry = package.getinfo("[Content_Types].xml")
        _refuse_odd_packing(entry)
        with package.open(entry) as part:
            return part.read(_CONTENT_TYPES_BYTES)
    except KeyError:
        return b""
    except _ZIP_FAULTS:
        _refuse("The file is damaged, its list of parts cannot be read: open it and save it again.")


def _refuse_odd_packing(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        _refuse("The file is encrypted: save it without a password and attach it again.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _refuse("The file is packed in a way Office does not use: open it and save it again.")


def _refuse_bomb(data: bytes, noun: str, limits: Limits) -> None:
    """Looks at declared sizes only; the child holds every part to the size it declares."""
    with _directory(data) as package:
        entries = package.infolist()
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    for entry in entries:
        _refuse_odd_packing(entry)
    if len(entries) > _DIRECTORY_ENTRIES:
        _refuse(f"The {noun} has {len(entries):,} parts, more than the {_DIRECTORY_ENTRIES:,} allowed: split it.")
    if len(names) < len(entries) or any(name.startswith("/") or ".." in name.split("/") for name in names):
        _refuse(f"The {noun} holds parts with forbidden or repeated names: open it and save it again.")
    if unpacked > limits.unpacked_bytes:
        too_much = f"{_size(unpacked)}, more than the {_size(limits.unpacked_bytes)} allowed"
        _refuse(f"The {noun} unpacks to {too_much}: compress its pictures or split it and attach it again.")
    if unpacked > max(_HARMLESS_BYTES, _RATIO * len(data)):
        growth = f"from {_size(len(data))} to {_size(unpacked)}"
        _refuse(f"The {noun} unpacks {growth}, as no real one does: open it and save it again, or as PDF.")
    if sum(entry.compress_size for entry in entries) > len(data):
        _refuse(f"The {noun} is packed with parts that overlap: open it and save it again.")


# --- the child ----------------------------------------------------------------------------------------


def _ask_child(data: bytes, media_type: str, limits: Limits) -> Extract:
    noun = _KINDS[media_type].noun
    with _child(media_type, noun, limits) as child:
        overdue = threading.Event()
        alarm = threading.Timer(limits.seconds, _end, [child, overdue])
        feeder = threading.Thread(target=_feed, args=[child.stdin, data])
        alarm.start()
        feeder.start()
        answer = cast("IO[bytes]", child.stdout).read(_longest_answer(limits))
        alarm.cancel()
        alarm.join()
        _end(child)
        feeder.join()
    return _understood(answer, media_type) or _refuse_silence(noun, child.returncode, overdue.is_set(), limits)


@contextmanager
def _child(media_type: str, noun: str, limits: Limits) -> Iterator[subprocess.Popen[bytes]]:
    path = json.dumps([os.path.abspath(entry) for entry in sys.path])
    question = json.dumps({**asdict(limits), "media_type": media_type, "noun": noun})
    with subprocess.Popen(
        [*_PYTHON, _START, path, question],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={key: os.environ[key] for key in _ENVIRONMENT if key in os.environ},
        start_new_session=True,  # a group of its own, to be ended with all it started
    ) as child:
        try:
            yield child
        finally:
            _end(child)


def _feed(stdin: IO[bytes], data: bytes) -> None:
    with suppress(OSError), stdin:  # the child is gone, which its answer tells
        stdin.write(data)


def _end(child: subprocess.Popen[bytes], overdue: threading.Event | None = None) -> None:
    """Ends the whole group, but not once the child was waited for: its number may be another's by then."""
    if child.returncode is not None:
        return
    if overdue:
        overdue.set()
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _longest_answer(limits: Limits) -> int:
    """In bytes: four for each character, the thumbnail's raw pixels in base64, and the JSON around them."""
    return 4 * limits.characters + 6 * limits.thumbnail**2 + 100 * limits.pages + 10_000


def _understood(answer: bytes, media_type: str) -> Extract | None:
    """None for an answer that was cut off: the child died while writing it."""
    try:
        found = json.loads(answer)
        if "refused" in found:
            _refuse(found["refused"])
        return Extract(
            media_type=media_type,
            pages=tuple(Page(number, text) for number, text in found["pages"]),
            page_count=found["page_count"],
            truncated=found["truncated"],
            thumbnail=base64.b64decode(found["thumbnail"]) if found["thumbnail"] else None,
            width=found["width"],
            height=found["height"],
        )
    except (ValueError, LookupError, TypeError):
        return None


def _refuse_silence(noun: str, returncode: int, overdue: bool, limits: Limits) -> NoReturn:
    if overdue or returncode == -getattr(signal, "SIGXCPU", 0):
        _refuse(f"Reading the {noun} took longer than {limits.seconds:g} seconds: split it or simplify it.")
    _refuse(
        f"The {noun} stopped the program that reads it: it is damaged, or needs more than the "
        f"{_size(limits.memory_bytes)} of memory allowed; open it and save it again, or split it."
    )

"""The files beside the pages: style sheet, scripts, icons. Few and small, so they are kept in memory, packed once.

Each has its content in its address, so a browser may keep it for ever and still gets the new one at once.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.errors import NotFound
from hub.http import HubRoute, access, matches

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    digest: str
    media_type: str
    data: bytes
    packed: bytes


@cache
def files() -> dict[str, StaticFile]:
    """By name; read once a process."""
    return {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}


def address(name: str) -> str:
    """Where a page finds the file, for templates. Raises KeyError for one that is not there."""
    return f"/static/{files()[name].digest}/{name}"


@router.get("/static/{digest}/{name}", **access(None))
def read_file(request: Request, digest: str, name: str) -> Response:
    """A page of an older or newer hub may ask for another digest: it gets what is here, and may not keep it."""
    if (file := files().get(name)) is None:
        raise NotFound(f"There is no file {name!r}.")
    kept = FOR_EVER if digest == file.digest else "no-cache"
    return _answer(request, file, kept)


@router.get("/worker.js", **access(None))
def read_worker(request: Request) -> Response:
    """The service worker stands at the top, because it may only look after what is below its own address."""
    return _answer(request, files()["worker.js"], "no-cache")


def _answer(request: Request, file: StaticFile, kept: str) -> Response:
    etag = f'"{file.digest}"'
    headers = {"Cache-Control": kept, "ETag": etag, "Vary": "Accept-Encoding"}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.data, media_type=file.media_type, headers=headers)


def _read(path: Path) -> StaticFile:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()[:12]
    return StaticFile(digest, MEDIA_TYPES[path.suffix], data, gzip.compress(data, 9, mtime=0))

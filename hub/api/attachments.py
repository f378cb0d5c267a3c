"""Attached files: upload, download, picture of the first page."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response

from hub.assets import attachments
from hub.assets.renderings import attachment_url
from hub.assets.schemas import StoredAttachment
from hub.http import DoorDep, HubRoute, access, matches
from hub.people.roles import Deed, require

router = APIRouter(prefix="/attachments", tags=["attachments"], route_class=HubRoute)
# Even a PDF can carry script: nothing that was uploaded may act as a page of the hub.
SANDBOXED = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=31536000, immutable",
}


@router.post("", status_code=201, **access(Deed.CREATE_ASSET))
def upload(
    door: DoorDep, file: Annotated[UploadFile, File(description="PDF, PPTX, DOCX or an image")]
) -> StoredAttachment:
    """Store a file, so that a version can name its digest. It is read at once; what cannot be read is refused."""
    with door.reading() as (_, actor):
        require(actor, Deed.CREATE_ASSET)
    read = attachments.read_file(file.file.read(), file.filename or "", limit=door.hub.settings.max_body_bytes)
    with door.writing() as (session, actor):
        row = attachments.store(session, door.hub.blobs, actor, read)
        url = attachment_url(row.digest)
        return StoredAttachment(
            digest=row.digest,
            name=read.name,
            media_type=row.media_type,
            size=row.size,
            page_count=row.page_count,
            truncated=row.truncated,
            url=url,
            thumbnail_url=f"{url}/thumbnail" if row.has_thumbnail else None,
        )


@router.get("/{digest}", response_class=Response, **access(Deed.READ_LIVE))
def download(door: DoorDep, request: Request, digest: str, name: str = "") -> Response:
    """The file as it was uploaded. `name` is what the browser should call it."""
    etag = f'"{digest}"'
    with door.reading() as (session, actor):
        row, data = attachments.fetch(session, door.hub.blobs, actor, digest)
    if matches(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    as_name = f"attachment; filename*=UTF-8''{quote(name or digest, safe='')}"
    headers = SANDBOXED | {
        "ETag": etag,
        "Content-Disposition": "inline" if row.media_type.startswith("image/") else as_name,
    }
    return Response(data, media_type=row.media_type, headers=headers)


@router.get("/{digest}/thumbnail", response_class=Response, **access(Deed.READ_LIVE))
def picture(door: DoorDep, digest: str) -> Response:
    """A small picture of the first page (WebP)."""
    with door.reading() as (session, actor):
        _row, data = attachments.fetch(session, door.hub.blobs, actor, digest, thumbnail=True)
    return Response(data, media_type="image/webp", headers=SANDBOXED)

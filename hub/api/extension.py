"""What the browser extension fetches for use without a network."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.assets import offline
from hub.assets.schemas import ExtensionLibrary
from hub.blobs import digest_of
from hub.http import DoorDep, HubRoute, access, matches
from hub.people.roles import Deed

router = APIRouter(prefix="/extension", tags=["extension"], route_class=HubRoute)


@router.get("/library", response_model=ExtensionLibrary, **access(Deed.READ_LIVE))
def read_library(door: DoorDep, request: Request) -> Response:
    """Live, unexpired assets and the vocabulary to match. Ask with `If-None-Match`: nothing changed costs nothing."""
    with door.reading() as (session, _):
        etag = f'"{digest_of(offline.stamp(session).encode())[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if matches(request, etag):
            return Response(status_code=304, headers=headers)
        body = offline.library_for_extension(session).model_dump_json()
    return Response(body, media_type="application/json", headers=headers)

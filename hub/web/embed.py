"""A live, shareable asset as a bare page, to be framed by a wiki that an operator named in `HUB_EMBED_ORIGINS`.

It shows text and one link and takes nothing, so a site that frames it can make nobody do anything. Who looks must be
signed in to the hub; browsers send the sign-in into a frame of the same site only (wiki.example.com and
hub.example.com), and everywhere else the frame says how to open the hub.
"""

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response

from hub.assets import library
from hub.assets.models import Audience, Status
from hub.errors import NotFound, NotSignedIn
from hub.http import Door, DoorDep, HubRoute, access
from hub.observability import policy_of
from hub.people.roles import Deed
from hub.web import pictures, shell
from hub.web.assets import under_title

router = APIRouter(prefix="/embed", tags=["pages"], route_class=HubRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class EmbedPage:
    """Without `title` nobody is signed in here, and only the way to the asset is shown."""

    address: str
    title: str = ""
    html: str = ""
    review_by: date | None = None
    fresh: bool | None = None


@router.get("/{slug}", **access(Deed.READ_LIVE))
def show(door: DoorDep, slug: str) -> Response:
    """Anything but a live asset that may be shared is not found here."""
    try:
        with door.reading() as (session, _):
            asset = library.find(session, slug)
            version_id = asset.live_version_id
            live = library.asset_detail(session, asset, version_id, with_draft=False) if version_id else None
    except NotSignedIn:
        return _framed(door, EmbedPage(_address(door, slug)))
    if live is None or live.status != Status.PUBLISHED or live.audience != Audience.SHAREABLE:
        raise NotFound(f"There is nothing to embed at {slug!r}: it is not live, or may not be shared.")
    html, _ = under_title(live.html, live.headings)
    html = pictures.only_from(door.hub.settings.image_origins, html)
    return _framed(door, EmbedPage(_address(door, live.slug), live.title, html, live.review_by, live.fresh))


def _framed(door: Door, shown: EmbedPage) -> Response:
    answer = shell.render(door.request, None, "assets/embed.html", shown)
    settings = door.hub.settings
    answer.headers["content-security-policy"] = policy_of(settings.image_origins, framed_by=settings.embed_origins)
    return answer


def _address(door: Door, slug: str) -> str:
    return f"{door.hub.settings.base_url.rstrip('/')}/assets/{slug}"

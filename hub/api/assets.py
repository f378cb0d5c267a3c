"""Assets: write them, read them, list them, compare their versions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from hub.assets import drafts, intake, library, listing, states
from hub.assets.listing import Filters
from hub.assets.models import Audience, Kind, Status
from hub.assets.schemas import (
    AssetDetail,
    AssetDraft,
    AssetRow,
    DetailsChange,
    Difference,
    NewSlug,
    VersionDetail,
    VersionDraft,
    VersionRow,
)
from hub.http import DoorDep, HubRoute, access, matches
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed

router = APIRouter(prefix="/assets", tags=["assets"], route_class=HubRoute)
Several = Annotated[list[str], Query(max_length=50)]
JSON = "application/json"


@router.post("", status_code=201, **access(Deed.CREATE_ASSET))
def create_asset(door: DoorDep, draft: AssetDraft) -> AssetDetail:
    """A new asset, as a draft: it goes live when both teams have approved it."""
    with door.writing() as (session, actor):
        asset = intake.create(session, actor, draft)
        return library.asset_detail(session, asset, asset.head_version_id or 0, with_draft=True)


@router.get("", **access(Deed.READ_LIVE))
def list_assets(
    door: DoorDep,
    status: Annotated[list[Status], Query()] = [],  # noqa: B006 - FastAPI copies query defaults
    kind: Annotated[list[Kind], Query()] = [],  # noqa: B006
    audience: Annotated[list[Audience], Query()] = [],  # noqa: B006
    persona: Several = [],  # noqa: B006
    stage: Several = [],  # noqa: B006
    product: Several = [],  # noqa: B006
    industry: Several = [],  # noqa: B006
    competitor: Several = [],  # noqa: B006
    region: Several = [],  # noqa: B006
    language: Several = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[AssetRow]:
    """What the caller may see, newest change first. Values within a field widen, fields together narrow. Without
    `status`: everything but what is expired or retired."""
    filters = Filters(
        status=status,
        kind=kind,
        audience=audience,
        language=language,
        tags={
            "personas": persona,
            "stages": stage,
            "products": product,
            "industries": industry,
            "competitors": competitor,
            "regions": region,
        },
    )
    with door.reading() as (session, actor):
        return listing.list_assets(session, actor, filters, limit=limit, cursor=cursor)


@router.get("/{slug}", response_model=AssetDetail, **access(Deed.READ_LIVE))
def read_asset(
    door: DoorDep,
    request: Request,
    slug: str,
    version: Annotated[str | None, Query(pattern="^(live|draft)$", description="`draft`: the newest text")] = None,
) -> Response:
    """One asset: the live version, or the newest draft for those who may see it. Former slugs redirect."""
    with door.reading() as (session, actor):
        asset, stamp = library.state_of(session, slug)
        shown, may_see = library.version_to_show(session, actor, asset, draft=version == "draft")
        # A day that begins may end an asset's life or freshness without anybody writing.
        dated = f"{states.is_expired(asset.expires_on):d}{states.is_fresh(asset.review_by) or 0:d}"
        # The moment of the change too: a restored backup may count the same revisions of another text.
        changed = int(asset.updated_at.timestamp() * 1_000_000)
        etag = f'"{asset.id}-{asset.revision}-{changed:x}-{shown}-{stamp}-{may_see:d}{dated}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if matches(request, etag):
            return Response(status_code=304, headers=headers)
        body = door.hub.details.get(
            etag,
            lambda: library.asset_detail(session, asset, shown, with_draft=may_see).model_dump_json().encode(),
        )
    return Response(body, media_type=JSON, headers=headers)


@router.patch("/{slug}", **access(Deed.CHANGE_DETAILS))
def change_details(door: DoorDep, slug: str, change: DetailsChange) -> AssetDetail:
    """Owner, authors and dates: what may change without a signature."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        intake.change_details(session, actor, asset, change)
        shown, may_see = library.version_to_show(session, actor, asset, draft=False)
        return library.asset_detail(session, asset, shown, with_draft=may_see)


@router.put("/{slug}/slug", **access(Deed.RENAME))
def rename_asset(door: DoorDep, slug: str, new: NewSlug) -> AssetDetail:
    """Another slug; the old one redirects for ever."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        drafts.rename(session, actor, asset, new.slug)
        shown, may_see = library.version_to_show(session, actor, asset, draft=False)
        return library.asset_detail(session, asset, shown, with_draft=may_see)


@router.post("/{slug}/versions", status_code=201, **access(Deed.WRITE_VERSION))
def write_version(door: DoorDep, slug: str, draft: VersionDraft) -> VersionDetail:
    """The next draft, based on the newest version the caller has seen. If somebody was faster: 409 with the newer
    text (`newer`), the caller's (`yours`) and what changed in between."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        version = intake.next_version(session, actor, asset, draft)
        return library.version_detail(session, asset, version.number)


@router.get("/{slug}/versions", **access(Deed.READ_LIVE))
def list_versions(
    door: DoorDep,
    slug: str,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[VersionRow]:
    """The history, newest first, with every decision. Those who may not see drafts get the versions that went live."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        return library.history(session, actor, asset, limit=limit, cursor=cursor)


@router.get("/{slug}/versions/{number}", response_model=VersionDetail, **access(Deed.READ_LIVE))
def read_version(
    door: DoorDep, request: Request, slug: str, number: Annotated[int, Field(ge=1)]
) -> Response | VersionDetail:
    with door.reading() as (session, actor):
        asset, stamp = library.state_of(session, slug)
        library.require_versions(session, actor, asset, number)
        etag = f'"{asset.id}-{asset.revision}-v{number}-{stamp}"'
        if matches(request, etag):
            return Response(status_code=304, headers={"ETag": etag})
        body = library.version_detail(session, asset, number).model_dump_json()
    return Response(body, media_type=JSON, headers={"ETag": etag, "Cache-Control": "private, no-cache"})


@router.get("/{slug}/diff", **access(Deed.READ_LIVE))
def read_difference(
    door: DoorDep,
    slug: str,
    first: Annotated[int, Query(alias="from", ge=1)],
    second: Annotated[int, Query(alias="to", ge=1)],
) -> Difference:
    """What changed between two versions, field by field and line by line."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        library.require_versions(session, actor, asset, first, second)
        return library.difference(session, asset, first, second)

"""Deals: put one with its stage history, read one, list them."""

from hashlib import blake2b
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from hub.deals import intake, pipeline
from hub.deals.models import Outcome
from hub.deals.pipeline import Filters
from hub.deals.schemas import DealDetail, DealIn, DealRow
from hub.http import DoorDep, HubRoute, access, matches
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed

router = APIRouter(prefix="/deals", tags=["deals"], route_class=HubRoute)

Source = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$",
        max_length=50,
        examples=["salesforce"],
        description="the system that the deal comes from; `csv` for imports whose mapping names none",
    ),
]
ExternalId = Annotated[
    str, Path(alias="external_id", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", examples=["0065"])
]
PersonId = Annotated[int, Field(ge=1, lt=2**31)]


@router.put("/{source}/{external_id}", **access(Deed.WRITE_DEALS))
def put_deal(door: DoorDep, response: Response, source: Source, external_id: ExternalId, deal: DealIn) -> DealDetail:
    """Make a deal equal to what its source says, with its stage entries and contacts. Repeating it changes nothing;
    unknown words and owners are added."""
    with door.writing() as (session, actor):
        found = pipeline.detail(session, intake.put(session, actor, source, external_id, deal))
        response.headers["ETag"] = _etag(found.model_dump_json())
        return found


@router.get("/{source}/{external_id}", response_model=DealDetail, **access(Deed.READ_DEALS))
def read_deal(door: DoorDep, request: Request, source: Source, external_id: ExternalId) -> Response:
    """One deal with its stage history and contacts."""
    with door.reading() as (session, actor):
        body = pipeline.read_deal(session, actor, source, external_id).model_dump_json()
    headers = {"ETag": _etag(body), "Cache-Control": "private, no-cache"}
    if matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("", **access(Deed.READ_DEALS))
def list_deals(
    door: DoorDep,
    outcome: Annotated[list[Outcome], Query()] = [],  # noqa: B006 - FastAPI copies query defaults
    owner: Annotated[list[PersonId], Query(max_length=50)] = [],  # noqa: B006
    stage: Annotated[list[str], Query(max_length=50, description="deal stages or buyer-journey stages")] = [],  # noqa: B006
    source: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    q: Annotated[str, Query(max_length=200, description="a part of the name, the id or the account")] = "",
    mine: bool = False,
    lead_source: Annotated[list[str], Query(max_length=50, description="keys of lead sources")] = [],  # noqa: B006
    segment: Annotated[list[str], Query(max_length=50, description="keys of segments")] = [],  # noqa: B006
    closed_in: Annotated[
        str | None, Query(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$", description="a month: `2026-05`")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[DealRow]:
    """Deals, those that came last first. Values within a filter widen, filters together narrow."""
    filters = Filters(
        outcome=outcome,
        owner=owner,
        stage=stage,
        source=source,
        q=q,
        mine=mine,
        lead_source=lead_source,
        segment=segment,
        closed_in=closed_in,
    )
    with door.reading() as (session, actor):
        return pipeline.list_deals(session, actor, filters, limit=limit, cursor=cursor)


def _etag(body: str) -> str:
    return f'"{blake2b(body.encode(), digest_size=12).hexdigest()}"'

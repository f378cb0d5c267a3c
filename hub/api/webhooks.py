"""Events of CRMs, signed by them: HubSpot, Salesforce, Pipedrive. How to connect each: docs/guides/crm.md."""

from typing import Annotated, Any

import structlog
from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub import clock
from hub.deals.sources import hubspot, pipedrive, receipts, salesforce, signatures
from hub.deals.sources.receipts import Counts, Failure
from hub.deals.sources.values import NotUnderstood
from hub.errors import NotFound, NotSignedIn, TooLarge
from hub.http import DoorDep, Hub, HubRoute, access, problems
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=HubRoute)
log = structlog.get_logger(__name__)
MOST_BYTES = 2 * 1024 * 1024
_XML = {"content": {"text/xml": {"schema": {"type": "string"}}, "application/json": {}}}


class Received(BaseModel):
    """What became of the events: taken, known already, or kept for an admin with the reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"taken": 2, "known": 1, "kept": 0}]})

    taken: int
    known: int
    kept: int = Field(description="see `GET /webhooks/failures`")


def signed(**more: Any) -> dict[str, Any]:
    """For anyone whose signature is right."""
    declared = access(None)
    return declared | {"responses": declared["responses"] | problems(401, 404) | more}


@router.post("/hubspot", **signed())
async def receive_from_hubspot(request: Request) -> Received:
    """Webhook events of a HubSpot app, with its signature (version 3), not older than five minutes."""
    hub: Hub = request.app.state.hub
    secret = hub.settings.hubspot_client_secret.get_secret_value()
    _is_set_up("HUB_HUBSPOT_CLIENT_SECRET", secret)
    body = await _body(request)
    if not signatures.is_hubspots(
        secret,
        method=request.method,
        uri=_public_address(hub, request),
        body=body,
        timestamp=request.headers.get("x-hubspot-request-timestamp", ""),
        signature=request.headers.get("x-hubspot-signature-v3", ""),
        now=clock.now(),
    ):
        raise _refused("hubspot")
    return await to_thread.run_sync(_take_hubspots, hub, body)


@router.post("/salesforce", response_model=Received, **signed(**{"200": _XML}))
async def receive_from_salesforce(
    request: Request, key: Annotated[str, Query(max_length=500, description="HUB_SALESFORCE_WEBHOOK_KEY")] = ""
) -> Response:
    """Outbound Messages (SOAP, answered with Ack) or change events (JSON) of Salesforce."""
    hub: Hub = request.app.state.hub
    expected = hub.settings.salesforce_webhook_key.get_secret_value()
    _is_set_up("HUB_SALESFORCE_WEBHOOK_KEY and HUB_SALESFORCE_ORGANIZATION_ID", expected)
    _is_set_up("HUB_SALESFORCE_ORGANIZATION_ID", hub.settings.salesforce_organization_id)
    if not signatures.is_the_key(expected, key):
        raise _refused("salesforce")
    body = await _body(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        counts = await to_thread.run_sync(_take_change_events, hub, body)
        return Response(_received(counts).model_dump_json(), media_type="application/json")
    await to_thread.run_sync(_take_message, hub, body)
    return Response(salesforce.ACK, media_type="text/xml")


@router.post("/pipedrive", **signed())
async def receive_from_pipedrive(request: Request) -> Received:
    """Webhooks of Pipedrive, version 2.0, with the user and password that were set there."""
    hub: Hub = request.app.state.hub
    password = hub.settings.pipedrive_password.get_secret_value()
    _is_set_up("HUB_PIPEDRIVE_PASSWORD", password)
    if not signatures.is_basic(hub.settings.pipedrive_user, password, request.headers.get("authorization", "")):
        raise _refused("pipedrive")
    body = await _body(request)
    return await to_thread.run_sync(_take_pipedrives, hub, body)


@router.get("/failures", **access(Deed.IMPORT_DEALS))
def list_failures(
    door: DoorDep,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[Failure]:
    """What came from CRMs and could not be taken, newest first, with the reason. One that waits for a name goes from
    the list when the name is known. For admins."""
    with door.reading() as (session, actor):
        return receipts.list_failures(session, actor, limit=limit, cursor=cursor)


def _take_hubspots(hub: Hub, body: bytes) -> Received:
    try:
        events = hubspot.events(body, hub.settings.fields_of("hubspot"))
    except NotUnderstood as trouble:
        return _received(receipts.keep_unread(hub.database, hubspot.SOURCE, body, str(trouble)))
    return _received(receipts.take_all(hub.database, hubspot.SOURCE, events))


def _take_pipedrives(hub: Hub, body: bytes) -> Received:
    try:
        events = pipedrive.events(body, hub.settings.fields_of("pipedrive"))
    except NotUnderstood as trouble:
        return _received(receipts.keep_unread(hub.database, pipedrive.SOURCE, body, str(trouble)))
    return _received(receipts.take_all(hub.database, pipedrive.SOURCE, events))


def _take_change_events(hub: Hub, body: bytes) -> Counts:
    try:
        events = salesforce.change_events(body, hub.settings.fields_of("salesforce"))
    except NotUnderstood as trouble:
        return receipts.keep_unread(hub.database, salesforce.SOURCE, body, str(trouble))
    return receipts.take_all(hub.database, salesforce.SOURCE, events)


def _take_message(hub: Hub, body: bytes) -> None:
    try:
        message = salesforce.message(body, hub.settings.fields_of("salesforce"))
    except NotUnderstood as trouble:
        receipts.keep_unread(hub.database, salesforce.SOURCE, salesforce.without_session(body), str(trouble))
        return
    if not signatures.is_organization(hub.settings.salesforce_organization_id, message.organization_id):
        raise _refused("salesforce")
    receipts.take_all(hub.database, salesforce.SOURCE, message.said)


def _received(counts: Counts) -> Received:
    return Received(taken=counts.taken, known=counts.known, kept=counts.kept)


def _is_set_up(name: str, secret: str) -> None:
    """Who calls learns nothing; the operator finds in the log what to set."""
    if not secret:
        log.warning("a webhook came, but is not set up", setting=name)
        raise NotFound("There is nothing here.")


def _refused(source: str) -> NotSignedIn:
    log.warning("a webhook was refused: its signature, key or time is wrong", source=source)
    return NotSignedIn("Not accepted.")


def _public_address(hub: Hub, request: Request) -> str:
    """As the caller wrote it: behind a proxy the request shows another one."""
    path = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    return f"{hub.settings.base_url.rstrip('/')}{path}{'?' if query else ''}{query}"


async def _body(request: Request) -> bytes:
    """Raises TooLarge as soon as it is."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise TooLarge(f"A webhook may have at most {MOST_BYTES:,} bytes.")
        parts.append(part)
    return b"".join(parts)

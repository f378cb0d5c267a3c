"""What the browser extension asks: which hub this is, its token, and the library for use without a network."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub import shipped
from hub.assets import offline, sites
from hub.assets.schemas import ExtensionLibrary
from hub.blobs import digest_of
from hub.http import DoorDep, HubRoute, access, matches
from hub.insights import reading
from hub.people import browsers
from hub.people.rate_limits import Limiter
from hub.people.roles import Deed, Role, Scope, Team

router = APIRouter(prefix="/extension", tags=["extension"], route_class=HubRoute)
# The oldest extension whose questions this hub understands. Raise it when an answer changes so that older ones fail.
OLDEST = "1.0.0"

_Secret = Annotated[str, StringConstraints(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]


class ExtensionAbout(BaseModel):
    """`hub` tells a hub from any other server; `offered` is the extension that it hands out, `oldest` the one that it
    still understands."""

    hub: Literal["messaging-hub"]
    version: str
    offered: str
    oldest: str


class BrowserClaim(BaseModel):
    """The code off the page that approved, and the secret whose SHA-256 was approved."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"code": "c" * 43, "verifier": "v" * 43}]},
    )

    code: _Secret
    verifier: _Secret


class BrowserPerson(BaseModel):
    id: int
    name: str
    team: Team
    role: Role


class ClaimedBrowser(BaseModel):
    """`token` is shown this once."""

    token: str
    scopes: list[Scope]
    expires_at: datetime | None
    person: BrowserPerson


class BrowserConnection(BaseModel):
    """The browser that asks, and whose it is."""

    browser: str
    person: BrowserPerson
    scopes: list[Scope]
    connected_at: datetime
    expires_at: datetime | None
    oldest: Annotated[str, Field(description="the oldest extension that this hub understands")]


@router.get("", **access(None))
def read_about(request: Request) -> ExtensionAbout:
    """What the extension asks an address before it connects: whether there is a hub, and one that it can talk to."""
    return ExtensionAbout(
        hub="messaging-hub",
        version=request.app.version,
        offered=shipped.extension_version(),
        oldest=OLDEST,
    )


@router.post("/connection", status_code=201, **access(None))
def claim_connection(door: DoorDep, claim: BrowserClaim) -> ClaimedBrowser:
    """The token of a browser that was let in on `/extension/connect`, once, within five minutes (else 401)."""
    settings = door.hub.settings
    limiter = Limiter(settings, door.hub.database)
    limiter.hit("claim of a browser", door.client, settings.sign_in_rate_limit, times=3)
    with door.anyone_writing() as session:
        token, secret, person = browsers.claim(session, code=claim.code, verifier=claim.verifier)
        return ClaimedBrowser(
            token=secret,
            scopes=[Scope(scope) for scope in token.scopes],
            expires_at=token.expires_at,
            person=BrowserPerson(id=token.person_id, name=person.name, team=Team(person.team), role=Role(person.role)),
        )


@router.get("/connection", **access(Deed.OWN_ACCOUNT))
def read_connection(door: DoorDep) -> BrowserConnection:
    """The connection whose token asks (404 for any other caller)."""
    with door.reading() as (session, actor):
        found = browsers.this_one(session, actor)
        return BrowserConnection(
            browser=found.browser,
            person=BrowserPerson(id=actor.id or 0, name=actor.name, team=actor.team, role=actor.role),
            scopes=[scope for scope in Scope if scope in actor.scopes],
            connected_at=found.connected_at,
            expires_at=found.expires_at,
            oldest=OLDEST,
        )


@router.delete("/connection", status_code=204, **access(Deed.OWN_ACCOUNT))
def end_connection(door: DoorDep) -> None:
    """Revoke the token that asks: the extension signs itself out (404 for any other caller)."""
    with door.writing() as (session, actor):
        browsers.disconnect(session, actor)


@router.get("/library", response_model=ExtensionLibrary, **access(Deed.READ_LIVE))
def read_library(door: DoorDep, request: Request) -> Response:
    """Live, unexpired assets with what they proved, and the vocabulary to match. Ask with `If-None-Match`: nothing
    changed costs nothing."""
    rules, _ = sites.read(door.hub.settings.content_dir)
    with door.reading() as (session, _):
        stamp = f"{offline.stamp(session)}-{reading.stamp(session)}-{rules!r}"
        etag = f'"{digest_of(stamp.encode())[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if matches(request, etag):
            return Response(status_code=304, headers=headers)
        evidence = reading.all_evidence(session)
        body = offline.library_for_extension(session, evidence=evidence, rules=rules).model_dump_json()
    return Response(body, media_type="application/json", headers=headers)

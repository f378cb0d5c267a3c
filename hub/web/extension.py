"""The browser extension: where to get it, how to install it, which browsers are connected, and letting one in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, StringConstraints

from hub.errors import HubError, Invalid
from hub.http import Door, DoorDep, HubRoute, access, matches
from hub.people import browsers, tokens
from hub.people.roles import Deed
from hub.people.schemas import MAX_ID
from hub.web import shell
from hub.web.account import browser_name
from hub.web.extension_file import extension_file
from hub.web.forms import FormDep

router = APIRouter(prefix="/extension", tags=["pages"], route_class=HubRoute, include_in_schema=False)

# What `browsers.SCOPES` means to the person who allows it.
MAY = ("find and read assets and deals", "record what you used, and ask for what is missing")


class Asked(BaseModel):
    """What the extension opens the page with: the SHA-256 of its secret, in base64 for addresses."""

    challenge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


@dataclass(frozen=True, slots=True)
class BrowserRow:
    token_id: int
    name: str
    since: datetime
    until: datetime | None
    used: datetime | None


@dataclass(frozen=True, slots=True)
class ExtensionPage:
    version: str
    size: int
    address: str
    browsers: list[BrowserRow]


@dataclass(frozen=True, slots=True)
class ConnectPage:
    """`problem`: the address is not one that the extension made. `code` is there on the page that approved."""

    challenge: str
    check: str
    browser: str
    may: tuple[str, ...]
    days: int
    problem: HubError | None
    code: str = ""


@router.get("", **access(Deed.READ_LIVE))
def show_extension(door: DoorDep) -> Response:
    address = _address(door)
    file = extension_file(address)
    with door.reading() as (session, actor):
        rows = [
            BrowserRow(one.token_id, one.browser, one.connected_at, one.expires_at, one.last_used_at)
            for one in browsers.connected(session, actor)
        ]
        shown = ExtensionPage(file.version, len(file.data), address, rows)
    return shell.page(door, actor, "extension/extension.html", shown, here="extension")


@router.get("/file", **access(Deed.READ_LIVE))
def read_file(door: DoorDep, request: Request) -> Response:
    """The extension, to unpack and load."""
    with door.reading():
        pass
    file = extension_file(_address(door))
    headers = {"ETag": f'"{file.digest}"', "Cache-Control": "private, no-cache"}
    if matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return Response(file.data, media_type="application/zip", headers=headers)


@router.post("/browsers/{token_id}/end", **access(Deed.MAKE_TOKEN))
def end_browser(door: DoorDep, token_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
    with door.writing() as (session, actor):
        tokens.revoke(session, actor, token_id)
    return shell.back("/extension", told="browser-ended")


@router.get("/connect", **access(Deed.MAKE_TOKEN))
def ask_to_connect(door: DoorDep, challenge: str = "") -> Response:
    """The page that the extension opens: who may do what, and a button."""
    return _connect(door, challenge)


@router.post("/connect", **access(Deed.MAKE_TOKEN))
def connect(door: DoorDep, form: FormDep) -> Response:
    """Answers the page itself, not a redirect: the code for the extension is in this answer and nowhere else."""
    return _connect(door, form.text("challenge"), approve=True)


def _address(door: Door) -> str:
    """Where browsers find this hub: as its operator says, else as the one that asks has just found it."""
    settings = door.hub.settings
    return settings.base_url if "base_url" in settings.model_fields_set else str(door.request.base_url).rstrip("/")


def _connect(door: Door, challenge: str, *, approve: bool = False) -> Response:
    browser = browser_name(door.request.headers.get("user-agent", ""))
    problem, code = _problem_with(challenge), ""
    if approve and problem is None:
        with door.writing() as (session, actor):
            code = browsers.approve(session, actor, challenge=challenge, browser=browser)
    with door.reading() as (_, actor):
        shown = ConnectPage(
            challenge=challenge if problem is None else "",
            check=browsers.check_of(challenge) if problem is None else "",
            browser=browser,
            may=MAY,
            days=browsers.LASTS_DAYS,
            problem=problem,
            code=code,
        )
    template = "extension/connected.html" if code else "extension/connect.html"
    status = problem.status if problem else 200
    return shell.page(door, actor, template, shown, here="extension", status=status, secret=bool(code))


def _problem_with(challenge: str) -> HubError | None:
    try:
        Asked(challenge=challenge)
    except ValueError:
        return Invalid("This address is not one that the extension made. Begin again in the extension.")
    return None

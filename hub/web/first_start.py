"""The first start: the first admin, then the library to begin with.

The first admin is made from the hub's own machine only: elsewhere the page says which command does the same, so that
a hub that is reachable before it is set up belongs to nobody who just passes by.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from hub import clock, shipped
from hub.assets import listing
from hub.assets.listing import Filters
from hub.content.folder import Folder
from hub.errands import asking, first_steps, work
from hub.errands.first_steps import Step
from hub.errands.models import ErrandKind
from hub.errors import HubError, NotAllowed
from hub.http import Door, DoorDep, HubRoute, access, keep_session
from hub.people import first_start, passwords, sign_in
from hub.people.roles import Deed, Team, require
from hub.people.schemas import Email, Name, Password
from hub.web import shell
from hub.web.admin.errands import ErrandView, view
from hub.web.forms import FormDep

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
_LOOPBACK = {"127.0.0.1", "::1", "testclient"}
_JUST_NOW = timedelta(minutes=30)
# What may be loaded: which folder, and whether its texts are live at once as imported approvals.
CHOICES = {"starter": (work.STARTER, True), "own": (work.OWN, False), "own-live": (work.OWN, True)}


class FirstAdmin(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    email: Email
    team: Team
    password: Password


@dataclass(frozen=True, slots=True)
class FirstStartPage:
    here: bool
    name: str
    email: str
    team: str
    problem: HubError | None
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """`own` is the name of the configured folder when it is another than the starter library."""

    starter: int
    own: str
    own_files: int
    present: int
    problem: HubError | None


@dataclass(frozen=True, slots=True)
class StepsPage:
    """`loading` is the library that was asked for a moment ago."""

    steps: list[Step]
    loading: ErrandView | None


@router.get("/first-start", **access(None))
def show_first_start(door: DoorDep) -> Response:
    with door.hub.database.reading() as session:
        if not first_start.is_due(session):
            return RedirectResponse("/", status_code=303)
    return _page(door, FirstStartPage(_is_here(door), "", "", Team.MARKETING, None, {}))


@router.post("/first-start", **access(None))
def make_first_admin(door: DoorDep, form: FormDep, request: Request) -> Response:
    """Makes the first admin and signs them in. Refused as soon as anybody can sign in."""
    typed = {name: form.text(name) for name in ("name", "email", "team")}
    try:
        if not _is_here(door):
            raise NotAllowed("The first admin is made on the hub's own machine.")
        secret = _begun(door, form.read(FirstAdmin, **typed, password=form.text("password")), request)
    except HubError as problem:
        return _page(
            door, FirstStartPage(_is_here(door), **typed, problem=problem, faults=shell.faults_by_field(problem))
        )
    response = shell.back("/first-start/library", told="welcome")
    keep_session(door, response, secret)
    return response


@router.get("/first-start/library", **access(Deed.IMPORT_CONTENT))
def show_libraries(door: DoorDep) -> Response:
    return _libraries(door, None)


@router.post("/first-start/library", **access(Deed.IMPORT_CONTENT))
def load_library(door: DoorDep, form: FormDep) -> Response:
    """Lets the chosen folder be brought in. Only the two folders that the operator provided can be named.

    A lone admin cannot sign for both teams and would find nothing live: so the starter library comes in as imported
    approvals, which say on every text that nobody here signed it; one's own folder only where that is asked for."""
    chosen = CHOICES.get(form.text("library"))
    with door.writing() as (session, actor):
        require(actor, Deed.IMPORT_CONTENT)
        if chosen is not None:
            folder, publish = chosen
            name = "starter library" if folder == work.STARTER else door.hub.settings.content_dir.resolve().name
            asking.ask(session, actor, ErrandKind.SYNC, name, folder=folder, publish=publish)
    return shell.back("/first-start/steps")


@router.get("/first-start/steps", **access(Deed.LOOK_AFTER_HUB))
def show_steps(door: DoorDep) -> Response:
    """What a new hub still needs; and how far the library is that was chosen just now."""
    with door.reading() as (session, actor):
        steps = first_steps.first_steps(session, actor, door.hub.settings)
        last = asking.last_of(session, ErrandKind.SYNC)
        is_new = last is not None and clock.now() - last.asked_at < _JUST_NOW
        shown = StepsPage(steps, view(last) if last is not None and is_new else None)
    template = "first_start/_steps.html" if shell.is_fragment(door.request) else "first_start/steps.html"
    return shell.page(door, actor, template, shown, here="")


def _begun(door: Door, given: FirstAdmin, request: Request) -> str:
    with door.hub.database.reading() as session:
        if not first_start.is_due(session):
            raise NotAllowed("This hub has somebody who can sign in already. Sign in instead.")
    # Slow, so it is done before the transaction begins.
    hashed = passwords.hashed(given.password.get_secret_value(), email=given.email, name=given.name)
    with door.anyone_writing() as session:
        person = first_start.add_first_admin(
            session, email=given.email, name=given.name, team=given.team, password=hashed
        )
        proof = sign_in.Proof(sign_in.Claim(person.id, person.password_hash), None)
        agent = request.headers.get("user-agent", "")
        return sign_in.begin(session, proof, days=door.hub.settings.session_days, user_agent=agent)[1]


def _is_here(door: Door) -> bool:
    """Whether the browser runs on the hub's own machine, not behind a proxy that does."""
    headers = door.request.headers
    return door.client in _LOOPBACK and not {"x-forwarded-for", "forwarded", "x-real-ip"} & set(headers.keys())


def _page(door: Door, shown: FirstStartPage) -> Response:
    status = shown.problem.status if shown.problem else 200
    return shell.page(door, None, "first_start/first_start.html", shown, status=status)


def _libraries(door: Door, problem: HubError | None) -> Response:
    configured, starter = door.hub.settings.content_dir, shipped.folder("content")
    another = configured.is_dir() and configured.resolve() != starter.resolve()
    with door.reading() as (session, actor):
        require(actor, Deed.IMPORT_CONTENT)
        present = listing.list_assets(session, actor, Filters(), limit=1).total
    shown = LibraryPage(
        starter=_texts_in(starter),
        own=configured.resolve().name if another else "",
        own_files=_texts_in(configured) if another else 0,
        present=present,
        problem=problem,
    )
    return shell.page(door, actor, "first_start/library.html", shown, status=problem.status if problem else 200)


def _texts_in(folder: Path) -> int:
    try:
        return len(Folder.at(folder, configured=folder, max_attachment_bytes=0).list_files().files)
    except HubError:
        return 0

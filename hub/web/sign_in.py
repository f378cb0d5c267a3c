"""Signing in and out with a browser, and how the hub looks: what somebody does before they are anybody."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access, begin_session, forget_session, keep_session
from hub.people import first_start, sign_in
from hub.people.roles import Deed, Scope
from hub.people.schemas import SignIn
from hub.web import shell
from hub.web.forms import FormDep

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
Next = Annotated[str, Query(alias="next", max_length=2_000)]


@dataclass(frozen=True, slots=True)
class SignInPage:
    email: str
    next: str
    problem: HubError | None
    faults: dict[str, str]


@router.get("/sign-in", **access(None))
def show_sign_in(door: DoorDep, wanted: Next = "/") -> Response:
    """Who is signed in already goes on; on a hub without anybody the first start comes first."""
    if shell.whoever(door) is not None:
        return RedirectResponse(shell.own_path(wanted), status_code=303)
    with door.hub.database.reading() as session:
        if first_start.is_due(session):
            return RedirectResponse("/first-start", status_code=303)
    return _page(door, "", shell.own_path(wanted), None)


@router.post("/sign-in", **access(None))
def sign_in_with_password(door: DoorDep, form: FormDep) -> Response:
    """A wrong password and an unknown address get the same answer."""
    email, to = form.text("email"), shell.own_path(form.text("next"))
    try:
        _, secret = begin_session(door, form.read(SignIn, email=email, password=form.text("password")))
    except HubError as problem:
        return _page(door, email, to, problem)
    response = RedirectResponse(to, status_code=303)
    keep_session(door, response, secret)
    return response


@router.post("/sign-out", **access(Deed.OWN_ACCOUNT, scope=Scope.ADMIN))
def sign_out(door: DoorDep) -> Response:
    with door.writing() as (session, actor):
        sign_in.sign_out(session, actor)
    response = shell.back("/sign-in", told="signed-out")
    forget_session(door, response)
    return response


@router.post("/theme", **access(None))
def choose_theme(form: FormDep) -> Response:
    """Light, dark, or as the system has it: kept by the browser, so that it holds before anybody signs in."""
    chosen = form.text("theme")
    response = RedirectResponse(shell.own_path(form.text("next")), status_code=303)
    if chosen in shell.THEMES:
        response.set_cookie(shell.THEME_COOKIE, chosen, max_age=shell.YEAR, httponly=True, samesite="lax")
    return response


def _page(door: Door, email: str, to: str, problem: HubError | None) -> Response:
    shown = SignInPage(email=email, next=to, problem=problem, faults=shell.faults_by_field(problem))
    return shell.page(door, None, "sign_in/sign_in.html", shown, status=problem.status if problem else 200)

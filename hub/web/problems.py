"""Errors as pages: what happened, and what to do about it, in the hub's look.

The same errors leave the API as problem documents; `create_app` asks `is_page` which of the two a request gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.types import Scope

from hub.errors import HubError
from hub.http import SESSION_COOKIE, Hub
from hub.people import authentication
from hub.people.roles import Actor
from hub.web import shell

# Everything else below the API's prefix, and what machines read, is answered with problem documents.
_NO_PAGES = ("/api/", "/metrics", "/static/")
_TO_DO = {
    400: ("warning", "Go back and try it again from the page itself."),
    403: ("lock", "Ask an admin of your hub for the role that it needs."),
    404: ("help", "It may have been renamed beyond recognition, or you may not see it. Search finds what you may use."),
    405: ("help", "Go back and try it again from the page itself."),
    409: ("repeat", "Somebody was faster, or it is done already. Look at it again, then decide."),
    413: ("warning", "Send less at once."),
    422: ("warning", "Go back, put it right and send it again; what you typed is still there."),
    429: ("clock", "Wait a moment, then try again."),
    500: ("warning", "Try again. If it happens again, give an admin the number below: the log finds the reason by it."),
    503: ("offline", "Try again in a moment. Nothing was written, so nothing is half done."),
}


@dataclass(frozen=True, slots=True)
class ProblemPage:
    status: int
    title: str
    detail: str
    icon: str
    to_do: str
    faults: Sequence[tuple[str, str]]
    request_id: str
    again: str


def is_page(request: Request) -> bool:
    """Whether the answer is for somebody's eyes."""
    if request.url.path.startswith(_NO_PAGES):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def answer(
    request: Request, status: int, title: str, detail: str, faults: Sequence[dict[str, Any]] = (), headers: Any = None
) -> Response:
    """The page for an error. Who is not signed in is asked to, and comes back to where they wanted to go."""
    if status == 401:
        return _to_sign_in(request)
    shown = _problem(request, status, title, detail, faults)
    fragment = shell.is_fragment(request)
    template = "shell/_problem.html" if fragment else "shell/problem.html"
    response = shell.render(request, None if fragment else _actor(request), template, shown, status=status)
    if retry := dict(headers or {}).get("Retry-After"):
        response.headers["Retry-After"] = str(retry)
    return response


def refusal(scope: Scope, status: int, title: str, detail: str) -> Response | None:
    """The page for a request that was refused before any route saw it; None for programs, who get a document."""
    request = Request(scope)
    if not is_page(request):
        return None
    template = "shell/_problem.html" if shell.is_fragment(request) else "shell/problem.html"
    return shell.render(request, None, template, _problem(request, status, title, detail, ()), status=status)


def _problem(request: Request, status: int, title: str, detail: str, faults: Sequence[dict[str, Any]]) -> ProblemPage:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    icon, to_do = _TO_DO.get(status, ("warning", "Go back and try again."))
    return ProblemPage(
        status=status,
        title="There is no such page" if status == 404 and detail == "Not Found" else title,
        detail="" if detail == "Not Found" else detail,
        icon=icon,
        to_do=to_do,
        faults=[(str(fault["loc"][-1]), str(fault["message"])) for fault in faults],
        request_id=str(request.scope.get("request_id", "")),
        again=shell.own_path(wanted) if request.method == "GET" and status in {429, 500, 503} else "",
    )


def _to_sign_in(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = "/sign-in" if request.method != "GET" or wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}"
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(to, status_code=303)


def _actor(request: Request) -> Actor | None:
    """Who looks, for the navigation around the error; nobody when that is what cannot be found out."""
    if (cookie := request.cookies.get(SESSION_COOKIE)) is None:
        return None
    hub: Hub = request.app.state.hub
    try:
        with hub.database.reading() as session:
            return authentication.actor_of_session(session, cookie)
    except HubError:
        return None

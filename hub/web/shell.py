"""What every page stands in: the templates, who looks, the message of the last deed, headers.

A page is a dataclass and a template: `page(door, actor, "assets/list.html", shown)`. A fragment that htmx asks for by
itself is a template whose name starts with `_`, with the same dataclass. Templates see it as `page`, and the
surroundings as `frame`. No HTML is made in Python.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from hub import shipped
from hub.errors import HubError, NotSignedIn
from hub.http import Door
from hub.people.roles import Actor, Deed, may
from hub.web import locales, words
from hub.web.locales import Locale, locale_of
from hub.web.places import Place, places_for
from hub.web.static_files import address

THEME_COOKIE = "hub_theme"
TOLD_COOKIE = "hub_told"
THEMES = ("system", "light", "dark")
YEAR = 365 * 24 * 60 * 60
# What a deed says on the page after it. The cookie carries the key only, so nobody can put words into the hub's mouth.
TOLD = {
    "signed-out": "You are signed out.",
    "password-changed": "Your password is changed. Every other browser was signed out.",
    "session-ended": "That browser is signed out.",
    "token-revoked": "The token is revoked. From now on it opens nothing.",
    "confirmed": "Noted: the text is still right. Its next review date moved.",
    "theme": "",
    "welcome": "You are the hub's first admin.",
    "library-loaded": "The library is here, as drafts: a text goes live when marketing and sales approved it.",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """The surroundings of a page. `here` is the key of its place, `path` where to come back to."""

    actor: Actor | None
    places: list[Place]
    here: str
    path: str
    locale: Locale
    theme: str
    told: str

    def may(self, deed: Deed, *, own: bool = False) -> bool:
        """To hide what somebody could not do anyway; the deed itself asks again."""
        return self.actor is not None and may(self.actor, deed, own=own)


def page(
    door: Door,
    actor: Actor | None,
    template: str,
    shown: object,
    *,
    here: str = "",
    status: int = 200,
    secret: bool = False,
) -> Response:
    """A whole page. `secret`: it shows something that may be kept nowhere, not even by the browser's back button."""
    return render(door.request, actor, template, shown, here=here, status=status, secret=secret)


def render(
    request: Request,
    actor: Actor | None,
    template: str,
    shown: object,
    *,
    here: str = "",
    status: int = 200,
    secret: bool = False,
) -> Response:
    told = request.cookies.get(TOLD_COOKIE, "")
    frame = Frame(
        actor=actor,
        places=places_for(actor) if actor else [],
        here=here,
        path=_path(request),
        locale=locale_of(request.headers.get("accept-language", "")),
        theme=theme_of(request),
        told=TOLD.get(told, ""),
    )
    text = TEMPLATES.get_template(template).render(frame=frame, page=shown)
    response = _packed(request, text.encode(), status, secret=secret)
    if told:
        response.delete_cookie(TOLD_COOKIE, httponly=True, samesite="lax")
    return response


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page: for its target, not to show a page of the browser's history again."""
    return "hx-request" in request.headers and request.headers.get("hx-request-type") != "full"


def back(to: str, *, told: str = "") -> RedirectResponse:
    """After a deed: on to a page of the hub that shows it (and what `TOLD` says of it)."""
    response = RedirectResponse(to, status_code=303)
    if told:
        response.set_cookie(TOLD_COOKIE, told, max_age=60, httponly=True, samesite="lax")
    return response


def own_path(wanted: str | None, otherwise: str = "/") -> str:
    """Where to go on: only ever to a page of this hub. Browsers take `\\` for `/` and drop tabs and line feeds, so
    whatever has one of those, or could be read as another site, is not followed."""
    text = wanted or ""
    plain = text.isprintable() and "\\" not in text and text.startswith("/") and not text.startswith("//")
    return text if plain and not urlsplit(text).netloc and len(text) <= 2_000 else otherwise


def whoever(door: Door) -> Actor | None:
    """Who looks at a page that is open to everybody; None for strangers."""
    try:
        with door.reading() as (_, actor):
            return actor
    except NotSignedIn:
        return None


def theme_of(request: Request) -> str:
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def address_with(path: str, query: dict[str, Any]) -> str:
    """An address with its query; lists become repeated fields, and what is empty is left out."""
    pairs = [
        (name, one)
        for name, value in query.items()
        for one in (value if isinstance(value, (list, tuple)) else [value])
        if one not in (None, "", False)
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def faults_by_field(problem: HubError | None) -> dict[str, str]:
    """What is wrong, by the last part of its place: the name of the form's field."""
    return {str(fault.loc[-1]): fault.message for fault in problem.errors} if problem else {}


def _path(request: Request) -> str:
    """The address to come back to: of the page that is shown, also while a fragment of it is asked for."""
    if request.method != "GET":
        referrer = urlsplit(request.headers.get("referer", ""))
        return own_path(referrer.path + (f"?{referrer.query}" if referrer.query else ""))
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _packed(request: Request, body: bytes, status: int, *, secret: bool) -> Response:
    headers = {
        # A page is asked for again whenever it is shown anew; the browser may keep it for its back button.
        "Cache-Control": "no-store" if secret else "private, no-cache",
        "Vary": "Cookie, Accept-Encoding, Accept-Language, HX-Request",
    }
    if not secret and len(body) > 1_000 and "gzip" in request.headers.get("accept-encoding", ""):
        packer = zlib.compressobj(4, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def _in_locale(show: Callable[[Locale, Any], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def shown(context: Context, value: Any) -> str:
        return show(context["frame"].locale, value)

    return shown


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped.folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "day": _in_locale(Locale.day),
        "moment": _in_locale(Locale.moment),
        "due": _in_locale(Locale.due),
        "number": _in_locale(Locale.number),
        "signed": _in_locale(Locale.signed),
        "ago": locales.ago,
        "days_from_now": locales.days_from_now,
        "counted": locales.counted,
        "initials": words.initials,
        "combined": lambda one, other: {**one, **other},
        "safe_html": _safe_html,
    }
    environment.globals |= {
        "static": address,
        "address_with": address_with,
        "KINDS": words.KINDS,
        "STATUSES": words.STATUSES,
        "AUDIENCES": words.AUDIENCES,
        "TEAMS": words.TEAMS,
        "ROLES": words.ROLES,
        "Deed": Deed,
    }
    return environment


def _safe_html(html: str) -> Markup:
    """For what the renderer or the highlighter made: sanitised, or escaped but for `<mark>`. For nothing else."""
    return Markup(html)  # noqa: S704 - see above


TEMPLATES = _environment()

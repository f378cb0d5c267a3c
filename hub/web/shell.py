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
from hub.deals.reading import DealInWords, in_words
from hub.errors import HubError, NotSignedIn
from hub.http import Door
from hub.people.roles import Actor, Deed, may
from hub.planning import inbox
from hub.web import deal_at_hand, locales, words
from hub.web.locales import Locale, locale_of
from hub.web.places import Place, places_for
from hub.web.static_files import address

THEME_COOKIE = "hub_theme"
TOLD_COOKIE = "hub_told"
ZONE_COOKIE = "hub_zone"
THEMES = ("system", "light", "dark")
YEAR = 365 * 24 * 60 * 60
# What a deed says on the page after it. The cookie carries the key only, so nobody can put words into the hub's mouth.
TOLD = {
    "signed-out": "You are signed out.",
    "password-changed": "Your password is changed. Every other browser was signed out.",
    "session-ended": "That browser is signed out.",
    "browser-ended": "That browser is disconnected. Its copy of the library is erased as soon as it notices.",
    "token-revoked": "The token is revoked. From now on it opens nothing.",
    "confirmed": "Noted: the text is still right. Its next review date moved.",
    "version-saved": "Saved as a version.",
    "copy-discarded": "Discarded. What was saved before is untouched.",
    "submitted": "Submitted. Both teams find it in their queue now.",
    "withdrawn": "The submission is taken back. Nobody is asked to sign it any more.",
    "approved": "Your approval is on record.",
    "went-live": "Both teams signed: the text is live.",
    "changes-requested": "Sent back to its authors, with your note.",
    "approved-together": "Your approvals are on record.",
    "note-added": "Your note is there; the authors are told.",
    "note-settled": "Noted.",
    "urgent": "It is live now, and marked as urgent until both teams sign.",
    "retired": "Retired. It is kept for the record and no longer found.",
    "returned": "It is back, with its signatures.",
    "conflict-file": "The file’s text is the newest version now, as a draft.",
    "conflict-hub": "The hub’s text stays; the next export writes it over the file.",
    "theme": "",
    "welcome": "You are the hub's first admin.",
    "run-asked": "The computation is asked for. It shows here how far it is.",
    "hold-out-started": "The hold-out runs. From now on a coin decides for each eligible deal.",
    "hold-out-ended": "Nobody is held out any longer. What was assigned is still read.",
    "put-aside": "The suggestion is put aside. It comes back by itself on its day.",
    "brought-back": "The suggestion is back in the queue.",
    "brief-planned": "The brief is planned. Both authors are told.",
    "brief-changed": "The brief is changed.",
    "brief-moved": "The brief is moved.",
    "brief-done": "The brief is done.",
    "brief-dropped": "The brief is dropped. Its requests are open again.",
    "use-recorded": "Recorded. It stands on the deal's page and among your uses.",
    "use-taken-back": "Taken back. It is counted no more.",
    "use-named": "Noted on which deal it was.",
    "question-answered": "Your answer is noted. You may change it.",
    "request-made": "Asked for. You are told what becomes of it.",
    "request-joined": "Somebody asked for the same: you are on their request, and told what becomes of it.",
    "request-taken": "You take care of it. Those who asked are told.",
    "request-given-back": "Given back. Others may take it.",
    "request-fulfilled": "Done. Everybody who asked is told where it is.",
    "request-declined": "Declined. Everybody who asked is told why.",
    "search-saved": "The search is saved.",
    "search-forgotten": "The saved search is gone.",
    "feedback-given": "Thank you. Both teams can read it.",
    "feedback-taken-back": "Taken back. Nobody sees it any longer.",
    "all-seen": "Everything new is marked as seen.",
    "file-forgotten": "The file is forgotten. Nothing of it was imported.",
    "term-added": "The term is added.",
    "term-changed": "Noted. Every tag follows.",
    "term-confirmed": "Confirmed: it is one of ours now.",
    "term-merged": "They are one now. Every tag followed, and the former key goes on finding it.",
    "stage-assigned": "Noted. The figures by stage follow in a moment.",
    "term-removed": "The term is removed.",
    "person-changed": "Noted. It holds from now on.",
    "person-out": "Deactivated: signed out everywhere, and their tokens open nothing.",
    "person-back": "They can sign in again.",
    "sessions-ended": "They are signed out everywhere.",
    "delivery-again": "What waits is tried again now.",
}


@dataclass(frozen=True, slots=True)
class Around:
    """What stands on every page about who looks: how much waits in their inbox, and the deal they work on now."""

    waiting: int = 0
    deal: DealInWords | None = None


_NOTHING = Around()


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
    around: Around = _NOTHING

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
    is_part = template.rpartition("/")[2].startswith("_")
    around = _NOTHING if actor is None or is_part else around_of(door, actor)
    return render(door.request, actor, template, shown, here=here, status=status, secret=secret, around=around)


def around_of(door: Door, actor: Actor) -> Around:
    """One cheap statement, and one more while somebody works on a deal."""
    at_hand = deal_at_hand.parts(deal_at_hand.reference(door.request))
    with door.hub.database.reading() as session:
        waiting = inbox.count(session, actor)
        return Around(waiting, in_words(session, *at_hand) if at_hand else None)


def render(
    request: Request,
    actor: Actor | None,
    template: str,
    shown: object,
    *,
    here: str = "",
    status: int = 200,
    secret: bool = False,
    around: Around = _NOTHING,
) -> Response:
    told = request.cookies.get(TOLD_COOKIE, "")
    frame = Frame(
        actor=actor,
        places=places_for(actor) if actor else [],
        here=here,
        path=_path(request),
        locale=locale_of(request.headers.get("accept-language", ""), zone=request.cookies.get(ZONE_COOKIE, "")),
        theme=theme_of(request),
        told=TOLD.get(told, ""),
        around=around,
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


def onward(request: Request, to: str, *, told: str = "") -> Response:
    """As `back`, also for a form that the page's script sends: it is told where to go, and goes by itself."""
    response = back(to, told=told)
    if is_fragment(request):
        response.status_code = 204
        response.headers["HX-Redirect"] = response.headers["location"]
        del response.headers["location"]
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


def faults_by_place(problem: HubError | None) -> dict[str, str]:
    """As `faults_by_field`, by the field that holds the list in which something is wrong."""
    places = (
        [(fault.loc[1] if len(fault.loc) > 1 else fault.loc[-1], fault) for fault in problem.errors] if problem else []
    )
    return {str(place): fault.message for place, fault in places}


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


def _in_locale(show: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def shown(context: Context, value: Any, *more: Any) -> str:
        return show(context["frame"].locale, value, *more)

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
        "money": _in_locale(Locale.money),
        "percent": _in_locale(Locale.percent),
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

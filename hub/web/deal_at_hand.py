"""The deal that somebody works on now, kept by their browser: search fits to it, and what they copy is recorded on it.

The cookie lasts as long as the browser is open. It names the deal only; what is shown of it is looked up each time.
"""

from urllib.parse import quote, unquote

from fastapi import Request, Response

COOKIE = "hub_deal"
_LONGEST = 600


def reference(request: Request) -> str:
    """`source/external id`, or nothing."""
    written = unquote(request.cookies.get(COOKIE, ""))
    return written if len(written) <= _LONGEST and "/" in written and written.isprintable() else ""


def parts(written: str) -> tuple[str, str] | None:
    """(source, external id) of `source/external id`; ids may have slashes, sources have none."""
    source, slash, external_id = written.strip().partition("/")
    return (source, external_id) if slash and source and external_id else None


def keep(response: Response, written: str) -> None:
    response.set_cookie(COOKIE, quote(written, safe=""), httponly=True, samesite="lax")


def leave(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def is_from_elsewhere(request: Request) -> bool:
    """Whether another site led here: it may show a page for a deal, but not say which deal is worked on."""
    return request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}

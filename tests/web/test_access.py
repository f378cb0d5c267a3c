"""Who gets which page: every route of the pages, by every kind of caller. A route without a row fails here."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from hub.people.roles import Deed, Scope
from tests.factories.assets import Cast
from tests.web.pages import Visitor, visitor

Visit = Callable[[Any], Visitor]
# stranger, reader, author (of it), approver, admin. 303 of a stranger: to the sign-in; of others: done.
ROWS = {
    "GET /": "303 200 200 200 200",
    "GET /assets": "303 200 200 200 200",
    "GET /assets/{slug}": "303 404 200 200 200",
    "GET /assets/{slug}/versions": "303 404 200 200 200",
    "GET /assets/{slug}/versions/{number}": "303 404 200 200 200",
    "GET /assets/{slug}/changes": "303 404 200 200 200",
    "GET /assets/{slug}/history": "303 404 200 200 200",
    "POST /assets/{slug}/confirmations": "303 404 409 409 409",
    "GET /account": "303 200 200 200 200",
    "POST /account/password": "303 422 422 422 422",
    "POST /account/sessions/{session_id}/end": "303 404 404 404 404",
    "GET /account/tokens": "303 200 200 200 200",
    "POST /account/tokens": "303 422 422 422 422",
    "POST /account/tokens/{token_id}/revocation": "303 404 404 404 404",
    "GET /sign-in": "303 303 303 303 303",
    "POST /sign-in": "422 422 422 422 422",
    "POST /sign-out": "303 303 303 303 303",
    "POST /theme": "303 303 303 303 303",
    "GET /first-start": "200 200 200 200 200",
    "POST /first-start": "422 422 422 422 422",
    "GET /first-start/library": "303 403 403 403 200",
    "POST /first-start/library": "303 403 403 403 303",
    "GET /styleguide": "303 200 200 200 200",
    "GET /offline": "200 200 200 200 200",
    "GET /worker.js": "200 200 200 200 200",
    "GET /static/{digest}/{name}": "200 200 200 200 200",
}
OBJECT = {"slug": "draft.costs", "number": 1, "session_id": 999, "token_id": 999, "digest": "0", "name": "app.css"}


def declared(app: FastAPI) -> dict[str, dict[str, str]]:
    found = {}
    for route in iter_route_contexts(app.routes):
        if "pages" in (getattr(route.original_route, "tags", None) or []):
            extra = getattr(route.original_route, "openapi_extra", None) or {}
            for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
                found[f"{method} {route.path_format}"] = extra
    return found


def test_every_page_has_a_row_and_every_row_a_page(app: FastAPI) -> None:
    assert set(declared(app)) == set(ROWS)


def test_every_page_declares_its_deed(app: FastAPI) -> None:
    for route, extra in declared(app).items():
        assert extra["x-access"] in {"anyone", *map(str, Deed)}, route
        if extra["x-access"] != "anyone":
            assert extra["x-scope"] in set(Scope), route


def test_no_page_is_in_the_apis_document(app: FastAPI) -> None:
    assert not [path for path in app.openapi()["paths"] if not path.startswith("/api/v1/")]


@pytest.mark.parametrize(("route", "statuses"), ROWS.items())
def test_who_gets_which_page(app: FastAPI, client: TestClient, cast: Cast, route: str, statuses: str) -> None:
    method, path = route.split(" ")
    address = path.format_map(OBJECT) + ("?from=1&to=1" if path.endswith("/changes") else "")
    callers = [None, cast.reader, cast.author, cast.marketing, cast.admin]
    answers = [visitor(app, client, who).raw(method, address).status_code for who in callers]
    assert " ".join(map(str, answers)) == statuses

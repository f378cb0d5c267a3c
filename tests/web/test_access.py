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
    "GET /assets/{slug}/feedback": "303 404 200 200 200",
    "POST /assets/{slug}/feedback": "303 422 422 422 422",
    "POST /assets/{slug}/feedback/{feedback_id}/end": "303 404 404 404 404",
    "GET /assets/{slug}/deals": "303 404 200 200 200",
    "GET /embed/{slug}": "200 404 404 404 404",
    "POST /searches": "303 422 422 422 422",
    "GET /searches/{saved_id}": "303 404 404 404 404",
    "POST /searches/{saved_id}/end": "303 404 404 404 404",
    "GET /uses": "303 200 200 200 200",
    "POST /uses": "303 404 404 404 404",
    "GET /uses/new": "303 404 200 200 200",
    "POST /uses/{use_id}/deal": "303 404 404 404 404",
    "POST /uses/{use_id}/end": "303 404 404 404 404",
    "GET /deals": "303 200 200 200 200",
    "GET /deals/choose": "303 200 200 200 200",
    "POST /deals/at-hand": "303 303 303 303 303",
    "GET /deals/{source}/{external_id}": "303 404 404 404 404",
    "GET /requests": "303 200 200 200 200",
    "GET /requests/new": "303 200 200 200 200",
    "POST /requests": "303 422 422 422 422",
    "GET /requests/{request_id}": "303 404 404 404 404",
    "POST /requests/{request_id}/ask": "303 404 404 404 404",
    "POST /requests/{request_id}/taker": "303 404 404 404 404",
    "POST /requests/{request_id}/taker/end": "303 404 404 404 404",
    "POST /requests/{request_id}/fulfilment": "303 404 404 404 404",
    "POST /requests/{request_id}/refusal": "303 404 404 404 404",
    "GET /inbox": "303 200 200 200 200",
    "GET /inbox/count": "303 200 200 200 200",
    "POST /inbox/seen": "303 303 303 303 303",
    "POST /inbox/notices/{notice_id}": "303 404 404 404 404",
    "POST /inbox/questions/{question_id}": "303 422 422 422 422",
    "GET /write": "303 403 200 200 200",
    "POST /write/discarded": "303 403 303 303 303",
    "GET /write/new": "303 403 200 200 200",
    "POST /write/new": "303 403 404 404 404",
    "POST /write/preview": "303 403 200 200 200",
    "GET /assets/{slug}/edit": "303 404 200 200 200",
    "POST /assets/{slug}/edit": "303 404 200 200 200",
    "GET /assets/{slug}/edit/others": "303 404 200 200 200",
    "POST /assets/{slug}/retirement": "303 404 403 303 303",
    "POST /assets/{slug}/return": "303 404 403 303 303",
    "GET /reviews": "303 200 200 200 200",
    "POST /reviews/approvals": "303 422 422 422 422",
    "GET /reviews/{slug}/{number}": "303 404 200 200 200",
    "POST /reviews/{slug}/{number}/decision": "303 404 422 422 422",
    "POST /reviews/{slug}/{number}/notes": "303 404 422 422 422",
    "POST /reviews/{slug}/{number}/notes/{note_id}/settlement": "303 404 404 404 404",
    "POST /reviews/{slug}/{number}/submission": "303 404 303 303 303",
    "POST /reviews/{slug}/{number}/withdrawal": "303 404 303 303 303",
    "POST /reviews/{slug}/{number}/urgency": "303 404 422 422 422",
    "GET /conflicts": "303 403 403 403 200",
    "GET /conflicts/one": "303 403 403 403 404",
    "POST /conflicts/choice": "303 403 403 403 422",
    "GET /insights": "303 200 200 200 200",
    "GET /insights/does-nothing": "303 200 200 200 200",
    "GET /insights/never-used": "303 200 200 200 200",
    "GET /insights/hot-but-stale": "303 200 200 200 200",
    "GET /insights/money": "303 200 200 200 200",
    "GET /insights/hold-outs": "303 200 200 200 200",
    "GET /insights/funnel": "303 200 200 200 200",
    "GET /insights/outcomes": "303 200 200 200 200",
    "GET /insights/sources": "303 200 200 200 200",
    "GET /insights/capture": "303 200 200 200 200",
    "GET /insights/coverage": "303 200 200 200 200",
    "GET /insights/freshness": "303 200 200 200 200",
    "GET /insights/search": "303 200 200 200 200",
    "GET /insights/how-we-know": "303 200 200 200 200",
    "GET /insights/runs": "303 200 200 200 200",
    "GET /insights/runs/{run_id}": "303 404 404 404 404",
    "POST /insights/runs": "303 403 403 303 303",
    "POST /insights/hold-outs": "303 422 422 422 422",
    "POST /insights/hold-outs/{experiment_id}/end": "303 403 403 404 404",
    "GET /insights/assets/{slug}": "303 404 200 200 200",
    "GET /plan": "303 200 200 200 200",
    "POST /plan/{suggestion}/dismissal": "303 422 422 422 422",
    "POST /plan/{suggestion}/return": "303 403 303 303 303",
    "GET /briefs": "303 200 200 200 200",
    "GET /briefs/new": "303 403 200 200 200",
    "POST /briefs": "303 403 422 422 422",
    "GET /briefs/{brief_id}": "303 404 404 404 404",
    "GET /briefs/{brief_id}/edit": "303 404 404 404 404",
    "POST /briefs/{brief_id}": "303 404 404 404 404",
    "POST /briefs/{brief_id}/place": "303 422 422 422 422",
    "POST /briefs/{brief_id}/asset": "303 404 404 404 404",
    "POST /briefs/{brief_id}/completion": "303 404 404 404 404",
    "POST /briefs/{brief_id}/drop": "303 404 404 404 404",
    "GET /account": "303 200 200 200 200",
    "POST /account/password": "303 422 422 422 422",
    "POST /account/sessions/{session_id}/end": "303 404 404 404 404",
    "GET /account/tokens": "303 200 200 200 200",
    "POST /account/tokens": "303 422 422 422 422",
    "POST /account/tokens/{token_id}/revocation": "303 404 404 404 404",
    "GET /extension": "303 200 200 200 200",
    "GET /extension/file": "303 200 200 200 200",
    "GET /extension/connect": "303 422 422 422 422",
    "POST /extension/connect": "303 422 422 422 422",
    "POST /extension/browsers/{token_id}/end": "303 404 404 404 404",
    "GET /sign-in": "303 303 303 303 303",
    "POST /sign-in": "422 422 422 422 422",
    "POST /sign-out": "303 303 303 303 303",
    "POST /theme": "303 303 303 303 303",
    "GET /first-start": "200 200 200 200 200",
    "POST /first-start": "422 422 422 422 422",
    "GET /first-start/library": "303 403 403 403 200",
    "POST /first-start/library": "303 403 403 403 303",
    "GET /taxonomy": "303 200 200 200 200",
    "GET /taxonomy/{vocabulary}": "303 200 200 200 200",
    "POST /taxonomy/{vocabulary}": "303 403 403 422 422",
    "GET /taxonomy/{vocabulary}/{key}": "303 200 200 200 200",
    "POST /taxonomy/{vocabulary}/{key}": "303 403 403 422 422",
    "POST /taxonomy/{vocabulary}/{key}/confirmation": "303 403 403 303 303",
    "POST /taxonomy/{vocabulary}/{key}/merge": "303 404 404 404 404",
    "POST /taxonomy/{vocabulary}/{key}/removal": "303 403 403 409 409",
    "POST /taxonomy/deal_stages/{key}/stage": "303 404 404 404 404",
    "GET /people": "303 200 200 200 200",
    "GET /people/new": "303 403 403 403 200",
    "POST /people": "303 403 403 403 422",
    "GET /people/{person_id}": "303 403 403 403 404",
    "POST /people/{person_id}": "303 403 403 403 404",
    "POST /people/{person_id}/password": "303 403 403 403 404",
    "POST /people/{person_id}/standing": "303 403 403 403 404",
    "POST /people/{person_id}/sign-out": "303 403 403 403 404",
    "GET /admin/tokens": "303 403 403 403 200",
    "POST /admin/tokens/{token_id}/revocation": "303 404 404 404 404",
    "GET /imports": "303 403 403 403 200",
    "POST /imports": "303 403 403 403 422",
    "POST /imports/folder": "303 403 403 403 303",
    "POST /imports/archive": "303 403 403 403 303",
    "GET /imports/failures": "303 403 403 403 200",
    "GET /imports/{errand_id}": "303 404 404 404 404",
    "POST /imports/{errand_id}/mapping": "303 404 404 404 404",
    "POST /imports/{errand_id}/removal": "303 404 404 404 404",
    "GET /imports/{errand_id}/mapping.toml": "303 404 404 404 404",
    "GET /imports/{errand_id}/rejected.csv": "303 404 404 404 404",
    "GET /imports/{errand_id}/library.zip": "303 404 404 404 404",
    "GET /events": "303 403 403 403 200",
    "GET /events/events.csv": "303 403 403 403 200",
    "GET /settings": "303 403 403 403 200",
    "GET /admin/health": "303 403 403 403 200",
    "POST /admin/health/rebuild": "303 403 403 403 303",
    "POST /admin/health/check": "303 403 403 403 303",
    "POST /admin/health/backup": "303 403 403 403 303",
    "POST /admin/health/deliveries": "303 403 403 403 303",
    "GET /admin/health/runs/{errand_id}": "303 404 404 404 404",
    "GET /admin/health/backups/{name}": "303 403 403 403 404",
    "GET /first-start/steps": "303 403 403 403 200",
    "GET /styleguide": "303 200 200 200 200",
    "GET /offline": "200 200 200 200 200",
    "GET /worker.js": "200 200 200 200 200",
    "GET /static/{digest}/{name}": "200 200 200 200 200",
}
OBJECT = {"slug": "draft.costs", "number": 1, "session_id": 999, "token_id": 999, "digest": "0", "name": "app.css"}
OBJECT |= {"note_id": 999}
OBJECT |= {"vocabulary": "personas", "key": "cfo", "person_id": 999, "errand_id": 999}
OBJECT |= {"feedback_id": 999, "saved_id": 999, "use_id": 999, "source": "csv", "external_id": "d-1"}
OBJECT |= {"request_id": 999, "notice_id": 999, "question_id": 999}
OBJECT |= {"run_id": 999, "experiment_id": 999, "suggestion": "write-1-1", "brief_id": 999}
NEEDED = {"/changes": "?from=1&to=1", "/uses/new": "?asset=draft.costs"}


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
    needed = next((query for end, query in NEEDED.items() if path.endswith(end)), "")
    address = path.format_map(OBJECT) + needed
    callers = [None, cast.reader, cast.author, cast.marketing, cast.admin]
    answers = [visitor(app, client, who).raw(method, address).status_code for who in callers]
    assert " ".join(map(str, answers)) == statuses

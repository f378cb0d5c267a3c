"""Every route, called by every kind of caller, on an object of their own and on a foreign one.

The expectations stand in access_table.py. A route without a row there makes a test here fail.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlmodel import Session
from starlette.testclient import TestClient

from hub.main import API, create_app
from hub.people.models import Person
from hub.people.roles import POLICY, Deed, Role, Scope
from tests.api.access_calls import Call
from tests.api.access_table import ROWS, Row
from tests.conftest import settings_for
from tests.factories.people import make_person, sign_in_headers, token_headers

CALLERS = ["anonymous", "reader", "contributor", "approver", "admin", "scope alone", "all other scopes"]
DECLARED_ELSEWHERE = {"GET /openapi.json"}  # FastAPI's own route, for anyone; it has no place for a declaration


@pytest.fixture(scope="module")
def app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder = tmp_path_factory.mktemp("access")
    shutil.copy(sqlite_template, folder / "hub.sqlite3")
    settings = settings_for(folder, f"sqlite:///{folder / 'hub.sqlite3'}")
    return create_app(settings.model_copy(update={"sign_in_rate_limit": ""}))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """Somebody on another machine; what is open to this machine alone must not be open to them."""
    with TestClient(app, client=("203.0.113.9", 50_000), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def declared(app: FastAPI) -> dict[str, dict[str, str]]:
    """What every route of the API declares about access, by `METHOD /path` below the API's prefix."""
    found = {}
    for route in iter_route_contexts(app.routes):
        if "pages" in (getattr(route.original_route, "tags", None) or []):
            continue  # they have a table of their own, in tests/web
        extra = getattr(route.original_route, "openapi_extra", None) or {}
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
            found[f"{method} {(route.path_format or '').removeprefix(API)}"] = extra
    return found


def test_every_route_has_a_row_and_every_row_a_route(declared: dict[str, dict[str, str]]) -> None:
    rows = {row.route for row in ROWS}
    missing, gone = sorted(set(declared) - rows), sorted(rows - set(declared))
    assert not missing, f"add a Row to tests/api/access_table.py for: {', '.join(missing)}"
    assert not gone, f"take out of tests/api/access_table.py: {', '.join(gone)}"


def test_every_route_declares_its_deed_and_the_scope_that_a_token_needs(declared: dict[str, dict[str, str]]) -> None:
    undeclared = {route for route, extra in declared.items() if "x-access" not in extra} - DECLARED_ELSEWHERE
    assert not undeclared, f"give these routes **access(...): {', '.join(sorted(undeclared))}"
    deeds = {extra.get("x-access", "anyone") for extra in declared.values()} - {"anyone"}
    assert deeds <= {str(deed) for deed in Deed}
    for route, extra in declared.items():
        if extra.get("x-access", "anyone") != "anyone":
            assert extra["x-scope"] in set(Scope), route
    assert POLICY.keys() == set(Deed)


def test_a_route_on_an_object_says_what_happens_on_a_foreign_one() -> None:
    """But for terms and conflicts, which are nobody's own."""
    of_nobody = ("/taxonomy/", "/content/")
    on_objects = [row for row in ROWS if "{" in row.route and not any(part in row.route for part in of_nobody)]
    assert [str(row) for row in on_objects if not (row.own and row.foreign)] == []


@pytest.mark.parametrize(
    ("row", "whose"),
    [(row, whose) for row in ROWS for whose in ("any_object", "own", "foreign") if getattr(row, whose)],
    ids=lambda value: str(value),
)
def test_who_gets_which_answer(
    app: FastAPI, client: TestClient, declared: dict[str, dict[str, str]], row: Row, whose: str
) -> None:
    expected = dict(zip(CALLERS, map(int, getattr(row, whose).split()), strict=True))
    answers = {}
    for caller in CALLERS:
        with app.state.hub.database.transaction() as session:
            headers, person = _caller(session, caller, row, declared)
            owner = make_person(session) if whose == "foreign" else person
            call = row.make(session, app.state.hub.blobs, owner)
        answers[caller] = _status(client, row.route, call, headers)
    assert answers == expected


def _caller(
    session: Session, caller: str, row: Row, declared: dict[str, dict[str, str]]
) -> tuple[dict[str, str], Person]:
    """The headers of the caller, and the person behind them (for a stranger: some person)."""
    role = caller if caller in set(Role) else "admin"
    person = make_person(session, role=role, team=row.team)
    needed = declared.get(row.route, {}).get("x-scope")
    if caller == "anonymous":
        return {}, person
    if caller == "scope alone":
        return token_headers(session, person, [needed] if needed else []), person
    if caller == "all other scopes":
        return token_headers(session, person, [scope for scope in Scope if scope != needed]), person
    return sign_in_headers(session, person), person


def _status(client: TestClient, route: str, call: Call, headers: dict[str, str]) -> int:
    method, path = route.split(" ")
    prefix = "" if path in ("/", "/metrics") else API
    client.cookies.clear()
    answer = client.request(
        method,
        prefix + path.format_map(call.path),
        params=call.query,
        json=call.body,
        files=call.files,
        headers=headers,
    )
    return answer.status_code

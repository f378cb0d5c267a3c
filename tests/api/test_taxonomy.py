"""The taxonomy over HTTP."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event
from starlette.testclient import TestClient

from hub.people.roles import HUB, Role
from hub.taxonomy import terms
from tests.factories.people import make_person, sign_in_headers, token_headers
from tests.factories.taxonomy import make_term, make_version, tags_of

TAXONOMY = "/api/v1/taxonomy"
PERSONAS = f"{TAXONOMY}/personas"
CFO = {
    "key": "cfo",
    "label": "Chief financial officer",
    "synonyms": ["finance director"],
    "text": {"goals": "Sleep well."},
    "owners": {"marketing": "ana@example.com", "sales": "ben@example.com"},
}


def _headers(app: FastAPI, role: str = "approver", **changes: Any) -> dict[str, str]:
    with app.state.hub.database.transaction() as session:
        return sign_in_headers(session, make_person(session, role=role, **changes))


def _term(app: FastAPI, key: str, name: str = "personas", **fields: Any) -> None:
    with app.state.hub.database.transaction() as session:
        make_term(session, name, key, **fields)


def test_a_term_is_added_read_changed_renamed_and_removed(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    client, headers = client_on_both, _headers(app_on_both)
    added = client.post(PERSONAS, json=CFO, headers=headers)
    assert added.status_code == 201
    assert added.json() == client.get(f"{PERSONAS}/cfo", headers=headers).json()
    owners = added.json()["owners"]
    assert (owners["marketing"]["team"], owners["sales"]["name"]) == ("marketing", "ben")
    assert {name: value for name, value in added.json().items() if name != "owners"} == {
        "vocabulary": "personas",
        "key": "cfo",
        "label": "Chief financial officer",
        "position": 1,
        "synonyms": ["finance director"],
        "text": {"goals": "Sleep well."},
        "confirmed": True,
        "former_keys": [],
    }
    changed = client.patch(f"{PERSONAS}/cfo", json={"label": "CFO", "owners": {"sales": None}}, headers=headers).json()
    assert (changed["label"], changed["text"], changed["owners"]["sales"]) == ("CFO", CFO["text"], None)
    renamed = client.put(f"{PERSONAS}/cfo/key", json={"key": "finance"}, headers=headers).json()
    assert (renamed["key"], renamed["former_keys"]) == ("finance", ["cfo"])
    again = client.put(f"{PERSONAS}/cfo/key", json={"key": "finance"}, headers=headers)
    assert (again.status_code, again.json()) == (200, renamed)
    assert client.get(f"{PERSONAS}/cfo", headers=headers).json() == renamed
    gone = client.delete(f"{PERSONAS}/finance", headers=headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(f"{PERSONAS}/finance", headers=headers).status_code == 404


def test_a_merge_moves_the_tags_and_may_be_asked_for_twice(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    database, headers = app_on_both.state.hub.database, _headers(app_on_both)
    with database.transaction() as session:
        version = make_version(
            session, make_term(session, "personas", "finance"), make_term(session, "personas", "cto")
        )
        make_term(session, "personas", "cfo")
    for _ in range(2):
        merged = client_on_both.put(f"{PERSONAS}/finance/merge", json={"into": "cfo"}, headers=headers)
        assert (merged.status_code, merged.json()["key"], merged.json()["former_keys"]) == (200, "cfo", ["finance"])
    with database.reading() as session:
        assert tags_of(session, version) == ["personas/cfo", "personas/cto"]
    assert client_on_both.get(f"{PERSONAS}/finance", headers=headers).json()["key"] == "cfo"


@pytest.mark.parametrize(
    ("method", "path", "body"), [("DELETE", "finance", None), ("PUT", "finance/merge", {"into": "cto"})]
)
def test_a_former_key_does_not_take_the_term_away_that_has_its_place(
    app: FastAPI, client: TestClient, method: str, path: str, body: Any
) -> None:
    headers = _headers(app)
    for key in ("finance", "cfo", "cto"):
        _term(app, key)
    client.put(f"{PERSONAS}/finance/merge", json={"into": "cfo"}, headers=headers)
    answer = client.request(method, f"{PERSONAS}/{path}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        'The persona "finance" is called cfo by now. Use that key.',
    )
    assert client.get(f"{PERSONAS}/cfo", headers=headers).status_code == 200


def test_a_term_in_use_is_kept_and_the_answer_says_by_how_much(app: FastAPI, client: TestClient) -> None:
    with app.state.hub.database.transaction() as session:
        make_version(session, make_term(session, "personas", "cfo"))
    answer = client.delete(f"{PERSONAS}/cfo", headers=_headers(app))
    assert (answer.status_code, answer.json()["uses"]) == (409, {"asset": 1})
    assert answer.json()["detail"] == "The persona cfo is used by 1 asset. Merge it into another persona instead."


def test_a_word_of_an_import_is_confirmed(app: FastAPI, client: TestClient) -> None:
    with app.state.hub.database.transaction() as session:
        terms.add_unconfirmed(session, "industries", "Agri Food", actor=HUB)
    headers, path = _headers(app), f"{TAXONOMY}/industries/agri-food"
    assert client.get(path, headers=headers).json()["confirmed"] is False
    for _ in range(2):
        assert client.put(f"{path}/confirmation", headers=headers).json()["confirmed"] is True


def test_the_whole_taxonomy_is_one_answer_in_order(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    headers = _headers(app_on_both, "reader")
    _term(app_on_both, "returns", "use_cases")
    seen = client_on_both.get(TAXONOMY, headers=headers).json()["vocabularies"]
    assert [shelf["name"] for shelf in seen] == [
        *["personas", "stages", "products", "industries", "competitors", "regions"],
        *["languages", "segments", "sources", "lost_reasons", "use_cases"],
    ]
    assert [shelf["name"] for shelf in seen if not shelf["tags_assets"]] == [
        *["languages", "segments", "sources", "lost_reasons"]
    ]
    assert [term["key"] for term in seen[1]["terms"]] == ["awareness", "consideration", "decision", "retention"]


@pytest.mark.parametrize("path", ["", "/stages/decision"])
def test_what_is_known_already_is_not_sent_again(app: FastAPI, client: TestClient, path: str) -> None:
    headers = _headers(app)
    etag = client.get(TAXONOMY + path, headers=headers).headers["etag"]
    again = client.get(TAXONOMY + path, headers=headers | {"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    client.patch(f"{TAXONOMY}/stages/decision", json={"owners": {"sales": "ben@example.com"}}, headers=headers)
    changed = client.get(TAXONOMY + path, headers=headers | {"If-None-Match": etag})
    assert (changed.status_code, changed.headers["etag"] == etag) == (200, False)


def test_a_new_name_of_an_owner_is_seen_at_once(app: FastAPI, client: TestClient) -> None:
    headers = _headers(app, "admin")
    client.post(PERSONAS, json=CFO, headers=headers)
    first = client.get(TAXONOMY, headers=headers)
    owner = client.get(f"{PERSONAS}/cfo", headers=headers).json()["owners"]["sales"]["id"]
    assert client.patch(f"/api/v1/people/{owner}", json={"name": "Ben Osei"}, headers=headers).status_code == 200
    again = client.get(TAXONOMY, headers=headers | {"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.json()["vocabularies"][0]["terms"][0]["owners"]["sales"]["name"] == "Ben Osei"


def test_terms_are_listed_page_by_page(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    for key, position in (("b", 1), ("a", 1), ("d", 0), ("c", 2), ("e", 3)):
        _term(app_on_both, key, position=position)
    headers, keys, cursor, pages = _headers(app_on_both, "reader"), [], None, 0
    while cursor is not None or not pages:
        given = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client_on_both.get(PERSONAS, params=given, headers=headers).json()
        assert page["total"] == 5
        keys += [term["key"] for term in page["items"]]
        cursor, pages = page["next"], pages + 1
    assert (keys, pages) == (["d", "a", "b", "c", "e"], 3)
    assert client_on_both.get(f"{TAXONOMY}/regions", headers=headers).json() == {"items": [], "total": 0, "next": None}


def test_ten_terms_need_as_many_queries_as_twenty(app: FastAPI, client: TestClient) -> None:
    headers = _headers(app)
    statements: list[str] = []
    event.listen(app.state.hub.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts = []
    for begin in (0, 10):
        for number in range(begin, begin + 10):
            owners = {"marketing": f"m{number}@example.com", "sales": f"s{number}@example.com"}
            client.post(PERSONAS, json={"label": f"Persona {number}", "owners": owners}, headers=headers)
            client.put(f"{PERSONAS}/persona-{number}/key", json={"key": f"p{number}"}, headers=headers)
        for path in (PERSONAS, TAXONOMY):
            statements.clear()
            assert client.get(path, params={"limit": 50}, headers=headers).status_code == 200
            counts.append(len(statements))
    assert counts[:2] == counts[2:]


@pytest.mark.parametrize("path", ["persona", "persona/cfo"])
def test_an_unknown_vocabulary_is_not_found_and_the_nearest_is_named(
    app: FastAPI, client: TestClient, path: str
) -> None:
    answer = client.get(f"{TAXONOMY}/{path}", headers=_headers(app, "reader"))
    assert answer.status_code == 404
    assert 'there is no vocabulary "persona"; nearest: personas' in answer.json()["detail"]


def test_an_unknown_term_is_not_found_and_the_nearest_are_named(app: FastAPI, client: TestClient) -> None:
    answer = client.get(f"{TAXONOMY}/stages/decide", headers=_headers(app, "reader"))
    assert answer.status_code == 404
    assert answer.json()["detail"] == 'there is no stage "decide"; nearest: decision (Decision).'


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ["body", "label"]),
        ({"label": "X", "colour": "red"}, ["body", "colour"]),
        ({"label": "a\x00b"}, ["body", "label"]),
        ({"label": "\ud800"}, ["body", "label"]),
        ({"label": "X", "key": "Not a key"}, ["body", "key"]),
        ({"label": "X", "position": "1"}, ["body", "position"]),
        ({"label": "X", "text": {"deal_stages": ["Demo"]}}, ["body", "text", "deal_stages"]),
    ],
)
def test_malformed_input_is_refused_with_its_place(
    app: FastAPI, client: TestClient, body: Any, place: list[str]
) -> None:
    headers = _headers(app) | {"Content-Type": "application/json"}
    answer = client.post(PERSONAS, content=json.dumps(body), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == place


@pytest.mark.parametrize("path", ["/%00", "/%00/cfo", "/personas/%00", "/personas/%ED%A0%80", "/personas/%F0%9F%A6%A6"])
def test_an_odd_name_in_the_address_is_only_not_found(
    app_on_both: FastAPI, client_on_both: TestClient, path: str
) -> None:
    assert client_on_both.get(TAXONOMY + path, headers=_headers(app_on_both)).status_code == 404


def test_markup_in_a_term_stays_text(app: FastAPI, client: TestClient) -> None:
    label = "<script>alert(1)</script>"
    added = client.post(PERSONAS, json={"label": label, "text": {"goals": label}}, headers=_headers(app)).json()
    assert (added["key"], added["label"], added["text"]) == ("script-alert-1-script", label, {"goals": label})


CALLS = [
    ("POST", PERSONAS, {"label": "New"}, 201),
    ("PATCH", f"{PERSONAS}/a", {"label": "New"}, 200),
    ("PUT", f"{PERSONAS}/a/key", {"key": "new"}, 200),
    ("PUT", f"{PERSONAS}/a/merge", {"into": "b"}, 200),
    ("PUT", f"{PERSONAS}/a/confirmation", None, 200),
    ("DELETE", f"{PERSONAS}/a", None, 204),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), CALLS)
def test_only_approvers_and_admins_change_terms(
    app: FastAPI, client: TestClient, method: str, path: str, body: Any, status: int
) -> None:
    for key in ("a", "b"):
        _term(app, key)
    for role in (Role.READER, Role.CONTRIBUTOR):
        assert client.request(method, path, json=body, headers=_headers(app, role)).status_code == 403
    with app.state.hub.database.transaction() as session:
        reading = token_headers(session, make_person(session, role="admin"), ["content:read"])
    assert client.request(method, path, json=body, headers=reading).status_code == 403
    assert client.request(method, path, json=body).status_code == 401
    assert client.request(method, path, json=body, headers=_headers(app, "approver")).status_code == status


@pytest.mark.parametrize("path", [TAXONOMY, PERSONAS, f"{TAXONOMY}/stages/decision"])
def test_everyone_who_is_signed_in_reads(app: FastAPI, client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers=_headers(app, "reader")).status_code == 200

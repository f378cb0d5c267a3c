"""The pages of the extension: downloading it, letting a browser in, and which browsers are connected."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from hub import shipped
from hub.people import browsers, directory
from hub.people.models import ConnectedBrowser, Person
from hub.web.extension_file import extension_file
from tests.factories.assets import Cast
from tests.web.pages import Visitor

Visit = Callable[[Any], Visitor]
CHALLENGE = browsers.challenge_of("v" * 43)
CHROME = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36"}


def test_the_file_is_the_folder_and_knows_where_it_came_from(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.reader).raw("GET", "/extension/file")
    assert answer.headers["content-disposition"].endswith(f'hub-extension-{shipped.extension_version()}.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        names = set(packed.namelist())
        manifest = json.loads(packed.read("hub-extension/manifest.json"))
        assert json.loads(packed.read("hub-extension/hub.json")) == {"address": "http://testserver"}
    assert manifest["version"] == shipped.extension_version()
    assert {f"hub-extension/{name}" for name in ("background.js", "browser.js", "surfaces/popup.html")} <= names
    assert all(name.startswith("hub-extension/") and ".." not in name for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".py")]


def test_the_file_names_the_address_that_the_operator_gave(app: FastAPI, cast: Cast, visit: Visit) -> None:
    app.state.hub.settings.base_url = "https://hub.example.com"
    with zipfile.ZipFile(io.BytesIO(visit(cast.reader).raw("GET", "/extension/file").content)) as packed:
        assert json.loads(packed.read("hub-extension/hub.json")) == {"address": "https://hub.example.com"}


def test_the_same_files_make_the_same_bytes() -> None:
    first = extension_file("https://hub.example.com")
    extension_file.cache_clear()
    again = extension_file("https://hub.example.com")
    assert first.data == again.data
    assert extension_file("https://other.example.com").digest != first.digest


def test_who_has_the_file_is_not_sent_it_again(cast: Cast, visit: Visit) -> None:
    visitor = visit(cast.reader)
    etag = visitor.raw("GET", "/extension/file").headers["etag"]
    assert visitor.raw("GET", "/extension/file", headers={"If-None-Match": etag}).status_code == 304


def test_the_page_says_who_may_do_what_and_shows_the_extension_s_sign(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get(f"/extension/connect?challenge={CHALLENGE}")
    assert browsers.check_of(CHALLENGE) in page.html
    assert cast.reader.name in page.html
    assert "record what you used" in page.html


def test_the_sign_is_the_one_that_the_extension_computes() -> None:
    suite = "tests/extension/connection.test.js"
    with open(suite, encoding="utf-8") as file:
        assert f'"{browsers.check_of("c" * 43)}"' in file.read()


def test_allowing_gives_a_code_in_the_page_and_nowhere_else(
    app: FastAPI, client: TestClient, cast: Cast, visit: Visit
) -> None:
    answer = visit(cast.reader).raw("POST", "/extension/connect", data={"challenge": CHALLENGE}, headers=CHROME)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    code = answer.text.partition('data-code="')[2].partition('"')[0]
    claimed = client.post("/api/v1/extension/connection", json={"code": code, "verifier": "v" * 43})
    assert claimed.json()["person"]["name"] == cast.reader.name
    with app.state.hub.database.reading() as session:
        [kept] = session.exec(select(ConnectedBrowser)).all()
    assert code not in kept.model_dump_json()
    assert kept.browser == "Chrome on Linux"
    page = visit(cast.reader).get("/extension")
    assert "Chrome on Linux" in page.html
    assert "Extension in Chrome on Linux" in visit(cast.reader).get("/account/tokens").html


def test_looking_at_the_page_lets_nobody_in(app: FastAPI, cast: Cast, visit: Visit) -> None:
    visit(cast.reader).get(f"/extension/connect?challenge={CHALLENGE}")
    with app.state.hub.database.reading() as session:
        assert session.exec(select(ConnectedBrowser)).all() == []


def test_another_site_cannot_let_a_browser_in(app: FastAPI, cast: Cast, visit: Visit) -> None:
    forged = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = visit(cast.reader).raw("POST", "/extension/connect", data={"challenge": CHALLENGE}, headers=forged)
    assert answer.status_code == 403
    with app.state.hub.database.reading() as session:
        assert session.exec(select(ConnectedBrowser)).all() == []


def test_an_address_that_no_extension_made_is_refused(cast: Cast, visit: Visit) -> None:
    for challenge in ("", "x", "c" * 44, "<script>" + "c" * 35):
        answer = visit(cast.reader).raw("GET", "/extension/connect", params={"challenge": challenge})
        assert answer.status_code == 422
        assert "Begin again in the extension" in answer.text
        assert "<script>c" not in answer.text


def test_a_browser_is_disconnected_from_the_page(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        person = directory.actor_for(session.get_one(Person, cast.reader.id))
        code = browsers.approve(session, person, challenge=CHALLENGE, browser="Edge on Windows")
        token, _, _ = browsers.claim(session, code=code, verifier="v" * 43)
        number = token.id
    visitor = visit(cast.reader)
    assert "Edge on Windows" in visitor.get("/extension").html
    visitor.raw("POST", f"/extension/browsers/{number}/end")
    page = visitor.get("/extension")
    assert "Edge on Windows" not in page.html
    assert "None yet" in page.html

"""Signing in and out with a browser: where one goes on, what is told, and who is kept out."""

from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.factories.people import PASSWORD, make_person
from tests.web.pages import PageText

HTML = {"Accept": "text/html"}


def somebody(app: FastAPI, **fields: str) -> str:
    with app.state.hub.database.transaction() as session:
        person = make_person(session, password=PASSWORD, **fields)
        return person.email or ""


def sign_in(client: TestClient, email: str, password: str = PASSWORD, to: str = "/"):  # type: ignore[no-untyped-def]
    fields = {"email": email, "password": password, "next": to}
    return client.post("/sign-in", data=fields, headers=HTML, follow_redirects=False)


def test_a_stranger_is_asked_to_sign_in_and_comes_back_where_they_wanted(app: FastAPI, client: TestClient) -> None:
    email = somebody(app)
    asked = client.get("/assets?kind=faq", headers=HTML, follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/assets%3Fkind%3Dfaq")
    page = PageText(client.get(asked.headers["location"], headers=HTML).text)
    to = page.one("input", name="next").attributes["value"]
    answer = sign_in(client, email, to=to)
    assert (answer.status_code, answer.headers["location"]) == (303, "/assets?kind=faq")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/assets?kind=faq", headers=HTML).status_code == 200


def test_a_wrong_password_and_an_unknown_address_get_the_same_page(app: FastAPI, client: TestClient) -> None:
    email = somebody(app)
    answers = [sign_in(client, who, "wrong words entirely") for who in (email, "nobody@example.com")]
    texts = [answer.text.replace(email, "").replace("nobody@example.com", "") for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert texts[0] == texts[1]
    assert "The e-mail address or the password is not right." in texts[0]


def test_what_was_typed_stays_and_is_escaped_but_never_the_password(client: TestClient) -> None:
    answer = sign_in(client, '"><script>alert(1)</script>', "hush hush hush")
    assert "<script>alert" not in answer.text
    page = PageText(answer.text)
    assert page.one("input", name="email").attributes["value"] == '"><script>alert(1)</script>'
    assert "hush" not in answer.text


def test_an_empty_form_says_what_is_needed(app: FastAPI, client: TestClient) -> None:
    answer = sign_in(client, "ana@example.com", "")
    assert answer.status_code == 422
    assert "this is needed" in answer.text


def test_nobody_is_sent_elsewhere_after_signing_in(app: FastAPI, client: TestClient) -> None:
    assert sign_in(client, somebody(app), to="//evil.example").headers["location"] == "/"


def test_a_form_on_another_site_signs_nobody_in(app: FastAPI, client: TestClient) -> None:
    headers = HTML | {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/sign-in", data={"email": somebody(app), "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_who_guesses_too_often_waits(app: FastAPI, client: TestClient) -> None:
    app.state.hub.settings.sign_in_rate_limit = "2/minute"
    answers = [sign_in(client, "ana@example.com", "guess guess guess") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert "Sign in" in PageText(answers[2].text).heading


def test_signing_out_ends_the_session_and_says_so_once(app: FastAPI, client: TestClient) -> None:
    sign_in(client, somebody(app))
    secret = client.cookies["hub_session"]
    answer = client.post("/sign-out", headers=HTML)
    assert "You are signed out." in answer.text
    assert "You are signed out." not in client.get("/sign-in", headers=HTML).text
    client.cookies.set("hub_session", secret)
    assert client.get("/account", headers=HTML, follow_redirects=False).status_code == 303


def test_who_is_signed_in_goes_on_from_the_sign_in_page(app: FastAPI, client: TestClient) -> None:
    sign_in(client, somebody(app))
    answer = client.get("/sign-in?next=/assets", headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/assets"

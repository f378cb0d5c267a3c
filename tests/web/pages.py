"""Reading pages as a browser would: elements with their attributes and text, and a visitor who is signed in."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.people.models import Person
from tests.factories.people import sign_in_headers

VOID = {"br", "hr", "img", "input", "link", "meta", "use", "rect", "line", "circle"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class PageText(HTMLParser):
    """What is on a page. `all("a")` are its elements, in order, each with all the text inside."""

    html: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **wanted: str) -> list[Element]:
        asked = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [one for one in self.elements if one.tag == tag and asked.items() <= one.attributes.items()]

    def one(self, tag: str, **wanted: str) -> Element:
        [found] = self.all(tag, **wanted)
        return found

    @property
    def heading(self) -> str:
        return self.one("h1").text.strip()

    @property
    def links(self) -> list[str]:
        return [one.attributes.get("href", "") for one in self.all("a")]


@dataclass
class Visitor:
    """Somebody with a browser without script."""

    client: TestClient
    headers: dict[str, str]

    def get(self, address: str, *, status: int = 200, **params: Any) -> PageText:
        answer = self.client.get(address, params=params or None, headers=self._headers())
        assert answer.status_code == status, PageText(answer.text).all("main")
        return PageText(answer.text)

    def raw(self, method: str, address: str, **given: Any) -> Any:
        more = given.pop("headers", {})
        return self.client.request(method, address, headers=self._headers() | more, follow_redirects=False, **given)

    def post(self, address: str, **fields: Any) -> Any:
        return self.raw("POST", address, data=fields)

    def fragment(self, address: str, **params: Any) -> str:
        answer = self.raw("GET", address, params=params, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def _headers(self) -> dict[str, str]:
        return {"Accept": "text/html"} | self.headers


def visitor(app: FastAPI, client: TestClient, who: Any) -> Visitor:
    """A browser of theirs, signed in; None for a stranger's."""
    if who is None:
        return Visitor(client, {})
    with app.state.hub.database.transaction() as session:
        return Visitor(client, sign_in_headers(session, session.get_one(Person, who.id)))

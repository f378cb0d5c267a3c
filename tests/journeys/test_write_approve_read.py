"""From a draft to a text that everybody trusts, over HTTP alone."""

from fastapi import FastAPI
from sqlmodel import Session
from starlette.testclient import TestClient

from hub.http import Hub
from hub.people.roles import HUB
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.documents import pdf
from tests.factories.people import make_person, token_headers


class Caller:
    """Somebody with a token, and short words for the calls of this story."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    def call(self, method: str, path: str, expected: int, **given: object) -> dict:  # type: ignore[type-arg]
        answer = self.client.request(method, f"/api/v1{path}", headers=self.headers, **given)  # type: ignore[arg-type]
        assert answer.status_code == expected, answer.text
        return answer.json() if answer.content else {}


def headers_of(session: Session, name: str, team: str, role: str) -> dict[str, str]:
    return token_headers(session, make_person(session, team=team, role=role, email=f"{name}@example.com"))


def test_two_teams_write_sign_and_trust_one_text(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    hub: Hub = app_on_both.state.hub
    with hub.database.transaction() as session:
        terms.add(session, HUB, "personas", TermDraft(key="cfo", label="Chief financial officer"))
        people = {
            name: Caller(client_on_both, headers_of(session, name, team, role))
            for name, team, role in (
                ("ana", "marketing", "approver"),
                ("ben", "sales", "approver"),
                ("cleo", "sales", "contributor"),
                ("rita", "sales", "reader"),
            )
        }  # fmt: skip
    ana, ben, cleo, rita = (people[name] for name in ("ana", "ben", "cleo", "rita"))

    # Cleo writes, with a price list attached; nobody but her and the approvers knows of it yet.
    upload = {"file": ("prices.pdf", pdf(["Standard costs 1,900 a month."]), "application/pdf")}
    file = cleo.call("POST", "/attachments", 201, files=upload)
    draft = {
        "title": "Objection: it costs too much",
        "kind": "objection",
        "summary": "For a finance lead who compares the price with doing nothing.",
        "body": "# What it costs\n\nAsk what a late delivery costs them today.\n\n- [ ] ask for the number\n",
        "personas": ["cfo"],
        "stages": ["decision"],
        "authors": {"marketing": ["ana@example.com"], "sales": ["cleo@example.com"]},
        "attachments": [{"digest": file["digest"], "name": "prices.pdf"}],
        "review_by": "2030-01-01",
    }
    made = cleo.call("POST", "/assets", 201, json=draft)
    slug, path = made["slug"], f"/assets/{made['slug']}"
    assert (made["version"], made["status"]) == (1, "draft")
    assert 'id="h-what-it-costs"' in made["html"]
    rita.call("GET", path, 404)
    rita.call("GET", f"/attachments/{file['digest']}", 404)

    # Ben of sales wants a change; Cleo makes it; both sign exactly that text.
    cleo.call("PUT", f"{path}/versions/1/submission", 200, json={"note": "please"})
    [waiting] = ben.call("GET", "/reviews?team=sales", 200)["items"]
    asked = {"decision": "changes_requested", "content_hash": waiting["content_hash"], "note": "Name the price."}
    ben.call("PUT", f"{path}/versions/1/reviews/sales", 200, json=asked)
    better = cleo.call(
        "POST", f"{path}/versions", 201, json={"base_version": 1, "body": "It costs 1,900 a month. Late: 4,000.\n"}
    )
    cleo.call("PUT", f"{path}/versions/2/submission", 200)
    signature = {"decision": "approved", "content_hash": better["content_hash"]}
    ben.call("PUT", f"{path}/versions/2/reviews/marketing", 403, json=signature)
    ben.call("PUT", f"{path}/versions/2/reviews/sales", 200, json=signature)
    ana.call(
        "PUT", f"{path}/versions/2/reviews/marketing", 409, json=signature | {"content_hash": made["content_hash"]}
    )
    live = ana.call("PUT", f"{path}/versions/2/reviews/marketing", 200, json=signature)
    assert (live["status"], live["live_version"]) == ("published", 2)

    # Rita reads it, sees who stands behind it, and it is in her extension.
    read = rita.call("GET", path, 200)
    assert {one["team"] for one in read["publication"]["signatures"]} == {"sales", "marketing"}
    assert rita.client.get(f"/api/v1/attachments/{file['digest']}", headers=rita.headers).content.startswith(b"%PDF")
    [card] = rita.call("GET", "/extension/library", 200)["assets"]
    assert card["slug"] == slug
    assert rita.call("GET", "/assets?persona=cfo&stage=decision", 200)["total"] == 1
    etag = rita.client.get(f"/api/v1{path}", headers=rita.headers).headers["etag"]
    again = rita.client.get(f"/api/v1{path}", headers=rita.headers | {"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")

    # Two people edit: the second gets both texts. The live one stays as it was.
    ana.call("POST", f"{path}/versions", 201, json={"base_version": 2, "body": "Ana's.\n"})
    late = cleo.call("POST", f"{path}/versions", 409, json={"base_version": 2, "body": "Cleo's.\n"})
    assert (late["newer"]["body"], late["yours"]["body"]) == ("Ana's.\n", "Cleo's.\n")
    assert rita.call("GET", path, 200)["version"] == 2
    told = cleo.call("GET", f"{path}/diff?from=2&to=3", 200)
    assert "+Ana's." in told["unified"]

    # It moves, is retired and comes back; the log has it all.
    cleo.call("PUT", f"{path}/slug", 200, json={"slug": "objection.price"})
    moved = rita.client.get(f"/api/v1{path}", headers=rita.headers, follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (308, "/api/v1/assets/objection.price")
    ben.call("PUT", "/assets/objection.price/retirement", 200, json={"note": "old"})
    assert rita.call("GET", "/extension/library", 200)["assets"] == []
    ben.call("DELETE", "/assets/objection.price/retirement", 200)
    names = [event["name"] for event in cleo.call("GET", "/assets/objection.price/events?limit=50", 200)["items"]]
    assert names[0] == "asset.returned"
    assert names[-1] == "asset.created"
    assert names.count("asset.published") == 1

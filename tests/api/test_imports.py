from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from hub.assets.models import Asset
from tests.factories.people import make_person, token_headers

CSV = "asset_id,title,kind,personas\nA1,Price,objection,cfo;economic buyer\nA2,,objection,\n"


def headers(client: TestClient, role: str = "admin", scopes: list[str] | None = None) -> dict[str, str]:
    with client.app.state.hub.database.transaction() as session:  # type: ignore[attr-defined]
        return token_headers(session, make_person(session, role=role), scopes)


def upload(client: TestClient, text: str | bytes, who: dict[str, str], *, what: str = "assets", **form: Any) -> Any:
    files = {"file": ("table.csv", text if isinstance(text, bytes) else text.encode(), "text/csv")}
    return client.post(f"/api/v1/imports/{what}", files=files, data=form, headers=who)


def test_an_upload_gives_the_report_of_the_command(client_on_both: TestClient) -> None:
    who = headers(client_on_both)
    answer = upload(client_on_both, CSV, who)
    assert answer.status_code == 200
    report = answer.json()
    assert (report["read"], report["new"], report["unchanged"]) == (2, 1, 0)
    assert report["rejected"] == [{"row": 3, "column": "title", "reason": "there is no title; every asset needs one"}]
    assert [term["label"] for term in report["added_terms"]] == ["cfo", "economic buyer"]
    assert upload(client_on_both, CSV, who).json()["unchanged"] == 1


def test_a_mapping_and_publication_come_with_the_upload(client: TestClient) -> None:
    who = headers(client)
    mapping = '[assets.columns]\nasset_id = "Id"\ntitle = "Name"\n[assets.values.kind]\nDeckchen = "deck"\n'
    report = upload(client, "Id;Name;kind\n7;Plan;Deckchen\n", who, mapping=mapping, publish="true").json()
    assert report["new"] == 1
    with client.app.state.hub.database.reading() as session:  # type: ignore[attr-defined]
        assert session.exec(select(Asset.status)).one() == "published"


@pytest.mark.parametrize(
    ("text", "mapping", "part"),
    [
        ("title\nA\n", "", "asset_id"),
        ("", "", "empty"),
        ("asset_id,title\n", "[assets", "TOML"),
        (b"\xff\xfea\x00s\x00", "", "UTF-8"),
    ],
)
def test_what_cannot_be_used_at_all_is_a_422_that_says_why(
    client: TestClient, text: str | bytes, mapping: str, part: str
) -> None:
    answer = upload(client, text, headers(client), mapping=mapping)
    assert answer.status_code == 422
    assert part in answer.json()["detail"]


@pytest.mark.parametrize("role", ["reader", "contributor", "approver"])
def test_only_admins_import(client: TestClient, role: str) -> None:
    assert upload(client, CSV, headers(client, role)).status_code == 403


def test_a_token_without_the_scope_does_not_import(client: TestClient) -> None:
    assert upload(client, CSV, headers(client, scopes=["content:write"])).status_code == 403


DEALS = "deal_id,owner,outcome,created\n1,Ana,open,2027-01-11\n2,Ana,perhaps,2027-01-11\n"
STAGES = "deal_id,stage,entered\n1,Discovery,2027-01-11\n"


def test_deals_and_their_stages_come_in_any_order(client_on_both: TestClient) -> None:
    who = headers(client_on_both, scopes=["deals:write", "content:read"])
    for what, text, rejected in (("stages", STAGES, 0), ("deals", DEALS, 1)):
        report = upload(client_on_both, text, who, what=what).json()
        assert (report["read"], report["new"], report["rejected_rows"]) == (1 + rejected, 1, rejected)
        assert upload(client_on_both, text, who, what=what).json()["unchanged"] == 1
    deal = client_on_both.get("/api/v1/deals/csv/1", headers=who).json()
    assert [it["stage"]["label"] for it in deal["stages"]] == ["Discovery"]


def test_a_mapping_for_deals_comes_with_the_upload_but_no_further_files(client: TestClient) -> None:
    who = headers(client)
    mapping = 'source = "crm"\n[deals.columns]\ndeal_id = "Id"\n'
    assert upload(client, DEALS.replace("deal_id", "Id"), who, what="deals", mapping=mapping).json()["new"] == 1
    assert client.get("/api/v1/deals/crm/1", headers=who).status_code == 200
    join = '[deals.join.accounts]\nfile = "accounts.csv"\non = "account"\nkey = "name"\n'
    answer = upload(client, DEALS, who, what="deals", mapping=join)
    assert answer.status_code == 422
    assert "hub import" in answer.json()["detail"]


@pytest.mark.parametrize("what", ["deals", "stages"])
def test_only_admins_import_deals_with_the_scope_for_it(client: TestClient, what: str) -> None:
    assert upload(client, DEALS, headers(client, "approver"), what=what).status_code == 403
    assert upload(client, DEALS, headers(client, scopes=["admin"]), what=what).status_code == 403


def test_conflicts_can_be_listed_and_settled_over_the_api(client: TestClient) -> None:
    from hub.assets import drafts
    from hub.assets.texts import Text
    from hub.people.roles import HUB
    from tests.factories.content import Shelf, asset_named, content_file

    hub = client.app.state.hub  # type: ignore[attr-defined]
    shelf = Shelf(hub.database, hub.blobs, hub.settings.content_dir)
    shelf.write("sales/price.md", content_file("Agreed.\n", title="Price"))
    shelf.sync()
    with hub.database.transaction() as session:
        text = Text(title="Price", body="Hub's.\n")
        drafts.write_version(session, HUB, asset_named(session, "sales.price"), text, base_number=1)
    shelf.write("sales/price.md", content_file("File's.\n", title="Price"))
    shelf.sync()
    who = headers(client)
    [conflict] = client.get("/api/v1/content/conflicts", headers=who).json()["items"]
    assert (conflict["path"], conflict["slug"]) == ("sales/price.md", "sales.price")
    assert "+File's." in conflict["difference"]
    answer = client.put("/api/v1/content/conflicts/sales/price.md", json={"take": "file"}, headers=who)
    assert answer.json() == {"path": "sales/price.md", "slug": "sales.price", "take": "file", "version": 3}
    assert client.get("/api/v1/content/conflicts", headers=who).json()["total"] == 0
    again = client.put("/api/v1/content/conflicts/sales/price.md", json={"take": "file"}, headers=who)
    assert again.status_code == 404
    reader = headers(client, "approver")
    assert client.get("/api/v1/content/conflicts", headers=reader).status_code == 403

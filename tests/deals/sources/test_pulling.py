"""Pulling from CRMs. The vendor's end is a small HTTP server on the loopback (tests/factories/crm_server.py): what it
answers follows the documentation, and a live account may differ.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from hub.db import Database
from hub.deals import pipeline
from hub.deals.models import Deal
from hub.deals.schemas import DealDetail
from hub.deals.sources.models import CrmName, PullCursor, WebhookReceipt
from hub.deals.sources.pull_hubspot import PAGE, HubSpot
from hub.deals.sources.pull_salesforce import Salesforce, signing_in
from hub.deals.sources.pulling import Pulled, pull
from hub.deals.sources.remote import Remote
from hub.errors import Invalid, NotAllowed, Unavailable
from hub.settings import Settings
from tests.factories.crm import hubspot_said, payload, take
from tests.factories.crm_server import FakeCrm, FakeHubSpot, FakeSalesforce, serving
from tests.factories.deals import deal_named, everything

START = datetime(2027, 1, 11, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    crm = FakeHubSpot()
    with serving(crm):
        yield crm


@pytest.fixture
def salesforce() -> Iterator[FakeSalesforce]:
    crm = FakeSalesforce()
    with serving(crm):
        yield crm


@pytest.fixture
def slept() -> list[float]:
    return []


def remote_of(crm: FakeCrm, slept: list[float], token: str) -> Remote:
    return Remote("the CRM", crm.url, token, sleep=slept.append)


def pull_hubspot(database: Database, crm: FakeHubSpot, slept: list[float], *, from_start: bool = False) -> Pulled:
    client = HubSpot(remote_of(crm, slept, "a token"), {"competitor": "rival"})
    try:
        return pull(database, client, from_start=from_start)
    finally:
        client.close()


def pull_salesforce(database: Database, crm: FakeSalesforce, slept: list[float]) -> Pulled:
    client = Salesforce(remote_of(crm, slept, ""), {"segment": "Segment__c"}, signing_in("id", "secret"))
    try:
        return pull(database, client)
    finally:
        client.close()


def won(crm: FakeHubSpot, number: int, modified: datetime) -> None:
    history = [("appointmentscheduled", START), ("1182039", START + DAY), ("closedwon", START + 3 * DAY)]
    known = {"dealname": f"Deal {number}", "amount": "5000", "deal_currency_code": "EUR", "hubspot_owner_id": "77"}
    closed = (START + 3 * DAY).isoformat()
    crm.add(number, modified, history=history, closedate=closed, rival="Quaydon", **known)


def detail(database: Database, source: str, external_id: str) -> DealDetail:
    with database.reading() as session:
        return pipeline.detail(session, deal_named(session, external_id, source=source))


def ids(database: Database) -> list[int]:
    with database.reading() as session:
        return sorted(int(it) for it in session.exec(select(Deal.external_id)))


def test_a_pulled_deal_of_hubspot_has_its_history_contacts_and_company(
    database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    won(hubspot, 1, START + 4 * DAY)
    assert pull_hubspot(database, hubspot, slept).deals == 1
    deal = detail(database, "hubspot", "1")
    assert (deal.name, deal.amount, deal.currency, deal.outcome) == ("Deal 1", 5000, "EUR", "won")
    assert [(it.stage.label, it.entered, it.left, it.result) for it in deal.stages] == [
        ("Discovery", START, START + DAY, "advanced"),
        ("Proposal", START + DAY, START + 3 * DAY, "advanced"),
    ]
    assert deal.closed == START + 3 * DAY
    assert deal.account is not None
    assert (deal.account.external_id, deal.account.name) == ("10", "Große Mühle")
    assert [(it.external_id, it.name, it.role) for it in deal.contacts] == [("10", "Chris Moreau", "Decision maker")]
    assert (deal.competitor and deal.competitor.label, deal.industry and deal.industry.label) == ("Quaydon", "FOOD")
    assert deal.owner is not None
    assert deal.owner.name == "ben"


def test_every_deal_is_pulled_once_however_many_were_changed_in_one_moment(
    sqlite_database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    """A bulk edit gives more deals than a page one and the same moment, in the middle of others."""
    moments = [START + DAY * number for number in range(PAGE - 7)]
    moments += [START + 90 * DAY] * (2 * PAGE + 9) + [START + 91 * DAY] * PAGE + [START + 92 * DAY] * 3
    for number, modified in enumerate(moments, start=1):
        won(hubspot, number, modified)
    assert pull_hubspot(sqlite_database, hubspot, slept).deals == len(moments)
    assert ids(sqlite_database) == list(range(1, len(moments) + 1))
    read = [it["id"] for call in hubspot.calls("/crm/v3/objects/deals/batch/read") for it in call["inputs"]]
    assert len(read) == len(set(read)) == len(moments)


def test_a_second_pull_asks_only_for_what_changed_since(
    database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    for number in range(1, 4):
        won(hubspot, number, START + number * DAY)
    pull_hubspot(database, hubspot, slept)
    hubspot.add(2, START + 9 * DAY, history=[("closedlost", START)], dealname="Lost after all")
    hubspot.asked.clear()
    assert pull_hubspot(database, hubspot, slept).deals == 2  # and the last one again: an index may be behind
    assert detail(database, "hubspot", "2").outcome == "lost"
    assert pull_hubspot(database, hubspot, slept, from_start=True).deals == 3


def test_a_pull_that_was_cut_off_goes_on_where_it_was(
    database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    for number in range(1, 2 * PAGE + 20):
        won(hubspot, number, START + timedelta(minutes=number))
    # Stages, owners (2), the first page with its five readings; then the search for the second is refused for good.
    hubspot.troubles = [None] * 9 + [500] * 6
    with pytest.raises(Unavailable, match="pull again"):
        pull_hubspot(database, hubspot, slept)
    taken = len(ids(database))
    assert 0 < taken < len(hubspot.deals)
    with database.reading() as session:
        cursor = session.get_one(PullCursor, "hubspot")
        assert (cursor.deals, cursor.finished_at) == (taken, None)
    hubspot.asked.clear()
    assert pull_hubspot(database, hubspot, slept).deals == len(hubspot.deals) - taken
    assert ids(database) == list(range(1, 2 * PAGE + 20))


def test_limits_and_lost_connections_are_waited_out(
    database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    for number in range(1, 60):
        won(hubspot, number, START + timedelta(minutes=number))
    hubspot.retry_after = "7"
    hubspot.troubles = [429, "cut", None, None, None, 503, "cut", 429, None, "cut"]
    assert pull_hubspot(database, hubspot, slept).deals == 59
    assert len(ids(database)) == 59
    assert slept.count(7.0) == 2
    assert max(slept) <= 60


@pytest.mark.parametrize("asked", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_wait_that_is_too_long_ends_the_pull(
    sqlite_database: Database, hubspot: FakeHubSpot, slept: list[float], asked: str
) -> None:
    hubspot.retry_after = asked
    hubspot.troubles = [429]
    with pytest.raises(Unavailable, match="asks to wait"):
        pull_hubspot(sqlite_database, hubspot, slept)
    assert slept == []


def test_a_token_that_is_refused_is_told_in_words_that_do_not_show_it(
    sqlite_database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    hubspot.token = "another token"
    with pytest.raises(NotAllowed) as refused:
        pull_hubspot(sqlite_database, hubspot, slept)
    assert "a token" not in refused.value.detail


def test_a_deal_that_cannot_be_taken_does_not_stop_the_others(
    database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    for number in (1, 2, 3):
        won(hubspot, number, START + number * DAY)
    hubspot.deals["2"]["properties"]["closedate"] = "2020-01-01T00:00:00Z"  # before it was created
    pulled = pull_hubspot(database, hubspot, slept)
    assert (pulled.deals, pulled.kept, ids(database)) == (3, 1, [1, 3])
    with database.reading() as session:
        [reason] = session.exec(select(WebhookReceipt.reason))
    assert reason is not None
    assert "closes before it is created" in reason
    won(hubspot, 2, START + 9 * DAY)
    assert pull_hubspot(database, hubspot, slept).kept == 0
    with database.reading() as session:
        assert session.exec(select(WebhookReceipt)).all() == []


def test_a_pull_and_the_webhooks_agree_whichever_comes_first(
    sqlite_database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    told = hubspot_said(payload("hubspot_deal_won.json"))
    at = {said.event_id: said.at for said in told if said.at is not None}
    history = [("appointmentscheduled", at["1190027610"]), ("1182039", at["1500000042"])]
    known = {"dealname": "Slotting for two sites", "amount": "44313.69", "hubspot_owner_id": "77"}
    hubspot.add(5901, at["1500000044"], history=history, **known)
    take(sqlite_database, "hubspot", *told)
    pull_hubspot(sqlite_database, hubspot, slept)
    after_webhooks = detail(sqlite_database, "hubspot", "5901")
    assert after_webhooks.outcome == "won"
    assert [(it.stage.label, it.result) for it in after_webhooks.stages] == [
        ("Discovery", "advanced"),
        ("Proposal", "advanced"),
    ]
    with sqlite_database.reading() as session:
        before = everything(session)
    assert take(sqlite_database, "hubspot", *told).known == len(told)
    pull_hubspot(sqlite_database, hubspot, slept, from_start=True)
    with sqlite_database.reading() as session:
        assert everything(session) == before


def test_a_stage_that_is_renamed_in_the_crm_is_renamed_in_its_deals(
    database: Database, hubspot: FakeHubSpot, slept: list[float]
) -> None:
    won(hubspot, 1, START + 4 * DAY)
    pull_hubspot(database, hubspot, slept)
    hubspot.stages[1] = ("1182039", "Quote", "false", "0.6")
    assert pull_hubspot(database, hubspot, slept).made_anew == 1
    assert [it.stage.label for it in detail(database, "hubspot", "1").stages] == ["Discovery", "Quote"]


# Salesforce


def test_opportunities_come_page_after_page_with_history_roles_and_owner(
    database: Database, salesforce: FakeSalesforce, slept: list[float]
) -> None:
    stages = [("Prospecting", "2027-01-11T09:00:00"), ("Prospecting", "2027-01-12T09:00:00")]
    stages += [("Negotiation", "2027-01-20T09:00:00"), ("Gewonnen", "2027-02-01T09:00:00")]
    lost = [("Prospecting", "2027-01-11T09:00:00"), ("Closed Won", "2027-02-01T09:00:00")]
    deals = [salesforce.add(it, "2027-02-01T09:00:00", stages, closed=True, won=True) for it in range(1, 6)]
    # Whatever a stage is called: its flag says that it loses.
    deals.append(salesforce.add(6, "2027-02-02T09:00:00", lost, closed=True, won=False))
    assert pull_salesforce(database, salesforce, slept).deals == 6
    deal = detail(database, "salesforce", deals[0])
    assert (deal.outcome, deal.amount, deal.lead_source and deal.lead_source.label) == ("won", 1000.5, "Partner")
    assert [
        (it.stage.label, f"{it.entered:%m-%d}", it.left and f"{it.left:%m-%d}", it.result) for it in deal.stages
    ] == [
        ("Prospecting", "01-11", "01-20", "advanced"),
        ("Negotiation", "01-20", "02-01", "advanced"),
    ]
    assert [(it.name, it.role, it.primary) for it in deal.contacts] == [("C. Moreau", "Economic Buyer", True)]
    assert deal.owner is not None
    assert deal.owner.name == "ben"
    assert detail(database, "salesforce", deals[5]).outcome == "lost"
    assert len([path for _, path, _ in salesforce.asked if path.endswith("/locator")]) == 2


def test_a_cut_pull_from_salesforce_goes_on_after_the_last_deal_taken(
    database: Database, salesforce: FakeSalesforce, slept: list[float]
) -> None:
    for number in range(1, 8):
        salesforce.add(number, "2027-02-01T09:00:00", [("Prospecting", "2027-01-11T09:00:00")], closed=False, won=False)
    # Token, stages, first page, its history and roles; then nothing but cut connections.
    salesforce.troubles = [None] * 5 + ["cut"] * 6
    with pytest.raises(Unavailable):
        pull_salesforce(database, salesforce, slept)
    with database.reading() as session:
        assert session.get_one(PullCursor, "salesforce").deals == 2
    assert pull_salesforce(database, salesforce, slept).deals == 5
    with database.reading() as session:
        assert len(session.exec(select(Deal)).all()) == 7
        assert session.get_one(PullCursor, "salesforce").finished_at is not None
        owner = session.get_one(CrmName, ("salesforce", "owner", "0055g000007aaaaAAA"))
        assert owner.label == "ben@example.com"


def test_a_token_that_ends_in_the_middle_is_asked_for_again(
    sqlite_database: Database, salesforce: FakeSalesforce, slept: list[float]
) -> None:
    salesforce.add(1, "2027-02-01T09:00:00", [("Prospecting", "2027-01-11T09:00:00")], closed=False, won=False)
    salesforce.troubles = [None, None, 401]
    assert pull_salesforce(sqlite_database, salesforce, slept).deals == 1
    assert len(salesforce.calls("/services/oauth2/token")) == 2


def test_the_token_goes_to_no_other_address_that_an_answer_names(
    sqlite_database: Database, salesforce: FakeSalesforce, slept: list[float]
) -> None:
    class Elsewhere(FakeSalesforce):
        def answer(self, path: str, question: Any) -> tuple[int, Any]:
            status, answer = super().answer(path, question)
            return status, answer | {"nextRecordsUrl": "https://elsewhere.example.com/services/data/x"}

    crm = Elsewhere()
    with serving(crm), pytest.raises(Invalid, match="none of its API"):
        pull_salesforce(sqlite_database, crm, slept)


def test_without_the_settings_a_pull_says_which_to_set() -> None:
    with pytest.raises(Invalid, match="HUB_HUBSPOT_TOKEN"):
        HubSpot.of(Settings())
    with pytest.raises(Invalid, match="HUB_SALESFORCE_URL"):
        Salesforce.of(Settings(salesforce_url="https://mill.my.salesforce.com"))

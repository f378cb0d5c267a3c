"""One deal at a time, as programs send it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from hub.db import Database
from hub.deals import intake, pipeline
from hub.deals.models import Contact, Deal, DealContact, DealPayload, StageEntry
from hub.deals.schemas import DealDetail, DealIn
from hub.errors import Invalid, NotAllowed
from hub.events.models import Event
from hub.people.roles import Actor
from tests.factories.deals import deal_named, events_named, make_deal
from tests.factories.people import actor

STAGES: list[dict[str, Any]] = [
    {"stage": "Demo", "entered": "2027-01-11", "left": "2027-02-05", "result": "advanced"},
    {"stage": "Offer", "entered": "2027-02-08"},
]
FULL: dict[str, Any] = {
    "name": "Two sites",
    "account": {"name": "Cancity", "external_id": "0015"},
    "owner": "ben@example.com",
    "amount": 44313.69,
    "currency": "eur",
    "segment": "mid",
    "industry": "retail",
    "buyer_persona": "cfo",
    "competitor": "Acme",
    "lead_source": "partner",
    "products": ["Peak", "Moves"],
    "stages": STAGES,
    "contacts": [
        {"external_id": "c1", "name": "C. Moreau", "role": "Economic Buyer", "primary": True},
        {"external_id": "c2"},
    ],
    "raw": {"Id": "0065", "IsWon": False},
}


def shown(session: Session, external_id: str = "1", source: str = "csv") -> DealDetail:
    return pipeline.detail(session, deal_named(session, external_id, source=source))


def names_of(session: Session) -> list[str]:
    return [
        event.name for event in session.exec(select(Event).where(Event.subject_kind == "deal").order_by(col(Event.id)))
    ]


def test_a_deal_is_kept_with_all_that_is_said_of_it(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "1", **FULL)
    with database.reading() as session:
        deal = shown(session)
        assert (deal.name, deal.amount, deal.currency, deal.outcome) == ("Two sites", 44313.69, "EUR", "open")
        assert deal.account is not None
        assert (deal.account.external_id, deal.account.name) == ("0015", "Cancity")
        assert deal.owner is not None
        words = (deal.segment, deal.industry, deal.buyer_persona, deal.competitor, deal.lead_source, deal.stage)
        assert [word and word.label for word in words] == ["mid", "retail", "cfo", "Acme", "partner", "Offer"]
        assert [it.label for it in deal.products] == ["Moves", "Peak"]
        assert [(it.stage.label, it.result) for it in deal.stages] == [("Demo", "advanced"), ("Offer", None)]
        assert [(it.name, it.role, it.persona and it.persona.key, it.primary) for it in deal.contacts] == [
            ("C. Moreau", "Economic Buyer", "economic-buyer", True),
            ("", "", None, False),
        ]
        assert session.exec(select(DealPayload.payload)).one() == {"Id": "0065", "IsWon": False}


def test_the_same_deal_again_writes_nothing(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "1", **FULL)
    with database.reading() as session:
        before, events = shown(session), names_of(session)
    with database.transaction() as session:
        make_deal(session, "1", **FULL)
        assert not session.info.get("events_recorded")
    with database.reading() as session:
        assert shown(session) == before
        assert names_of(session) == events == ["deal.created"]


def test_what_is_left_out_stays_and_null_takes_it_away(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "1", **FULL)
        make_deal(session, "1")
    with database.reading() as session:
        assert shown(session).segment is not None
        assert len(shown(session).stages) == 2
    with database.transaction() as session:
        make_deal(
            session, "1", segment=None, owner=None, account=None, amount=None, products=[], contacts=[], stages=[]
        )
    with database.reading() as session:
        deal = shown(session)
        assert (deal.segment, deal.owner, deal.account, deal.amount) == (None, None, None, None)
        assert (deal.products, deal.contacts, deal.stages, deal.stage) == ([], [], [], None)
        assert session.exec(select(func.count()).select_from(Contact)).one() == 2
        assert session.exec(select(func.count()).select_from(DealContact)).one() == 0


def test_a_history_that_is_sent_is_the_whole_history(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "1", stages=STAGES)
    with database.transaction() as session:
        make_deal(session, "1", stages=[STAGES[0]])
    with database.reading() as session:
        assert [it.stage.label for it in shown(session).stages] == ["Demo"]
        assert [it.superseded_at is None for it in session.exec(select(StageEntry).order_by(col(StageEntry.id)))] == [
            True,
            False,
        ]
        assert names_of(session) == ["deal.created", "deal.changed", "deal.stage_changed"]


def test_each_change_tells_what_happened(database: Database) -> None:
    steps: list[dict[str, Any]] = [
        {"stage": "Demo"},
        {"stage": "Offer"},
        {"stage": "Offer", "outcome": "lost", "closed": "2027-03-01", "lost_reason": "Price"},
        {"stage": "Demo", "outcome": "open"},
        {"stage": "Demo", "outcome": "won", "closed": "2027-04-01"},
    ]
    for step in steps:
        with database.transaction() as session:
            make_deal(session, "1", **step)
    with database.reading() as session:
        assert names_of(session) == [
            "deal.created",
            *("deal.changed", "deal.stage_changed"),
            *("deal.changed", "deal.closed"),
            *("deal.changed", "deal.stage_changed", "deal.reopened"),
            *("deal.changed", "deal.closed"),
        ]
        [closed, _] = events_named(session, "deal.closed")
        assert closed.data == {"outcome": "lost"}
        changed = events_named(session, "deal.changed")[1]
        assert changed.data["change"]["outcome"] == ["open", "lost"]
        assert (shown(session).lost_reason, shown(session).closed) == (None, datetime(2027, 4, 1, tzinfo=UTC))


def test_no_decision_is_a_lost_deal_that_nobody_won(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "1", outcome="lost", no_decision=True)
        make_deal(session, "2", outcome="lost", competitor="Acme")
        make_deal(session, "3", outcome="lost", lost_reason="No decision")
    with database.reading() as session:
        assert [deal_named(session, id).no_decision for id in "123"] == [True, False, True]


def test_what_overtook_itself_on_the_way_is_let_go(database: Database) -> None:
    def send(at: str, **fields: Any) -> None:
        with database.transaction() as session:
            make_deal(session, "1", source="crm", updated_at=f"2027-02-01T{at}:00Z", **fields)

    send("10:00", amount=100, stages=STAGES)
    send("12:00", amount=300, outcome="won")
    send("11:00", amount=200, stages=[], contacts=[{"external_id": "c1"}])
    with database.reading() as session:
        deal = shown(session, source="crm")
        assert (deal.amount, deal.outcome, len(deal.stages), deal.contacts) == (300, "won", 2, [])


@pytest.mark.parametrize(
    ("role", "owner", "before", "allowed"),
    [
        ("approver", None, None, True),
        ("approver", "Somebody", "Somebody", True),
        ("contributor", "self", None, True),
        ("contributor", "self", "self", True),
        ("contributor", "unsaid", "self", True),
        ("contributor", "unsaid", None, False),
        ("contributor", "self", "Somebody", False),
        ("contributor", "Somebody", "self", False),
        ("contributor", None, "self", False),
        ("reader", "self", None, False),
    ],
)
def test_a_contributor_writes_the_deals_that_are_theirs_before_and_after(
    sqlite_database: Database, role: str, owner: str | None, before: str | None, allowed: bool
) -> None:
    def put(session: Session, caller: Actor) -> Deal:
        said = {} if owner == "unsaid" else {"owner": caller.email if owner == "self" else owner}
        return intake.put(session, caller, "csv", "1", DealIn.model_validate({"outcome": "open", **said}))

    with sqlite_database.transaction() as session:
        caller = actor(session, role=role)
        if before is not None:
            make_deal(session, "1", owner=caller.email if before == "self" else before)
    if allowed:
        with sqlite_database.transaction() as session:
            put(session, caller)
    else:
        with pytest.raises(NotAllowed), sqlite_database.transaction() as session:
            put(session, caller)


def test_an_owner_that_cannot_be_is_named(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.deals import words

    monkeypatch.setattr(words, "MOST_PEOPLE", 0)
    with pytest.raises(Invalid, match="Ben") as refused, sqlite_database.transaction() as session:
        make_deal(session, "1", owner="Ben")
    assert refused.value.errors[0].loc == ("body", "owner")

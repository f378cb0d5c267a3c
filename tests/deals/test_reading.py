"""What was so on a day, and what the hub knew of it at a time."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from hub import clock
from hub.db import Database
from hub.deals import lines, reading
from hub.deals.models import Deal, Outcome
from hub.deals.telling import deals_told_of
from hub.people.models import Person
from hub.taxonomy.models import Term
from tests.factories.deals import bring_deals, bring_stages, deal_named, events_named, make_deal, table
from tests.factories.taxonomy import make_term

HEAD = "deal_id,owner,outcome,created,closed,amount"
STAGE = "deal_id,stage,entered,left,result"


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stage_name(session: Session, deal: Deal, on: str, known_at: datetime | None = None) -> str | None:
    entry = reading.stage_on(session, deal, day(on), known_at)
    return None if entry is None else session.get_one(Term, entry.stage_id).label


def test_the_stage_on_a_day_is_the_one_whose_days_hold_it(database: Database) -> None:
    with database.transaction() as session:
        make_deal(
            session,
            "1",
            stages=[
                {"stage": "Demo", "entered": "2027-01-04", "left": "2027-01-15", "result": "advanced"},
                {"stage": "Pilot", "entered": "2027-01-18", "left": "2027-01-29", "result": "advanced"},
                {"stage": "Offer", "entered": "2027-01-29"},
            ],
        )
    with database.reading() as session:
        deal = deal_named(session, "1")
        days = ["2027-01-03", "2027-01-04", "2027-01-15", "2027-01-16", "2027-01-18", "2027-01-29", "2027-09-01"]
        assert [stage_name(session, deal, it) for it in days] == [None, "Demo", "Demo", None, "Pilot", "Offer", "Offer"]


def test_where_a_source_gives_times_they_decide_on_the_day_of_a_change(database: Database) -> None:
    with database.transaction() as session:
        stages = [
            {"stage": "Demo", "entered": "2027-01-04", "left": "2027-01-15T14:00:00Z", "result": "advanced"},
            {"stage": "Pilot", "entered": "2027-01-15T14:00:00Z"},
        ]
        make_deal(session, "1", stages=stages)
    with database.reading() as session:
        deal = deal_named(session, "1")
        found = [reading.stage_at(session, deal, moment(f"2027-01-15T{hour}:00")) for hour in ("13", "15")]
        assert [session.get_one(Term, it.stage_id).label for it in found if it is not None] == ["Demo", "Pilot"]


def test_what_was_known_before_a_correction_can_still_be_told(database: Database) -> None:
    bring_deals(database, table(HEAD, [("1", "Ana", "open", "2027-01-01", "", "100")]))
    bring_stages(database, table(STAGE, [("1", "Demo", "2027-01-04", "", "")]))
    then = clock.now()
    bring_stages(database, table(STAGE, [("1", "Demo", "2027-01-04", "2027-01-15", "advanced")]))
    bring_stages(database, table(STAGE, [("1", "Pilot", "2027-01-18", "", "")]))
    with database.reading() as session:
        deal = deal_named(session, "1")
        assert stage_name(session, deal, "2027-01-20") == "Pilot"
        assert stage_name(session, deal, "2027-01-20", known_at=then) == "Demo"
        assert stage_name(session, deal, "2027-01-20", known_at=then - timedelta(days=1)) is None


def test_owner_money_and_outcome_are_told_as_they_were(database: Database) -> None:
    def bring(owner: str, outcome: str, closed: str, amount: str) -> datetime:
        bring_deals(database, table(HEAD, [("1", owner, outcome, "2020-01-01", closed, amount)]))
        return clock.now()

    first = bring("Ana", "open", "", "100")
    with clock.shifted(timedelta(days=10)):
        bring("Ben", "open", "", "250")
    with clock.shifted(timedelta(days=20)):
        lost = bring("Ben", "lost", (first + timedelta(days=15)).date().isoformat(), "250")
    with clock.shifted(timedelta(days=40)):
        bring("Ben", "open", "", "250")
    with database.reading() as session:
        deal = deal_named(session, "1")
        names = {person.id: person.name for person in session.exec(select(Person))}

        def so(days: int, known_at: datetime | None = None) -> tuple[str | None, int | None, str] | None:
            state = reading.state_on(session, deal, (first + timedelta(days=days)).date(), known_at)
            return state and (names.get(state.owner_id), state.amount, state.outcome.value)

        assert so(1) == ("Ana", 10_000, "open")
        assert so(11) == ("Ben", 25_000, "open")
        assert so(16) == ("Ben", 25_000, "lost")
        assert so(41) == ("Ben", 25_000, "open")
        assert so(16, known_at=first) == ("Ana", 10_000, "open")
        assert so(30, known_at=lost) == ("Ben", 25_000, "lost")
        assert so(1, known_at=first - timedelta(days=1)) is None
        assert so(-10_000) == ("Ana", 10_000, "open")


def test_a_deal_that_was_always_so_is_told_from_what_it_is(database: Database) -> None:
    bring_deals(database, table(HEAD, [("1", "Ana", "won", "2020-01-01", "2020-03-01", "100")]))
    with database.reading() as session:
        deal = deal_named(session, "1")
        before, after = (reading.state_on(session, deal, day(f"2020-0{month}-15")) for month in (2, 3))
        assert before is not None
        assert after is not None
        assert (before.outcome, after.outcome) == (Outcome.OPEN, Outcome.WON)


def test_the_context_of_a_deal_names_terms_and_the_buyers_stage(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "personas", "cfo", label="Chief financial officer", synonyms=["economic buyer"])
        stage = session.exec(select(Term).where(Term.vocabulary == "stages", Term.key == "decision")).one()
        stage.text = stage.text | {"deal_stages": ["Proposal"]}
        make_deal(
            session,
            "1",
            segment="smb",
            industry="Food & drink",
            competitor="Acme",
            products=["Peak", "Moves"],
            stages=[{"stage": "proposal", "entered": "2027-01-18"}],
            contacts=[
                {"external_id": "c1", "role": "Champion"},
                {"external_id": "c2", "role": "Economic Buyer", "primary": True},
            ],
        )
        make_deal(session, "2", buyer_persona="user", stage="Unheard of")
    with database.reading() as session:
        assert reading.context_of(session, deal_named(session, "1")) == {
            "persona": {"cfo"},
            "stage": {"decision"},
            "competitor": {"acme"},
            "industry": {"food-drink"},
            "segment": {"smb"},
            "product": {"peak", "moves"},
        }
        empty = reading.context_of(session, deal_named(session, "2"))
        assert {name: set(keys) for name, keys in empty.items() if keys} == {"persona": {"user"}}


def test_an_event_names_the_deals_it_tells_of_be_it_one_or_many(database: Database) -> None:
    bring_deals(database, table(HEAD, [(n, "Ana", "open", "2027-01-01", "", "") for n in range(3)]))
    bring_stages(database, table(STAGE, [("1", "Demo", "2027-01-04", "", "")]))
    with database.transaction() as session:
        make_deal(session, "2", owner="Ana", amount=5)
    with database.reading() as session:
        ids = {name: deal_named(session, name).id for name in "012"}
        told = [deals_told_of(event) for event in events_named(session, "deal.imported", "deal.changed")]
        assert told == [set(ids.values()), {ids["1"]}, {ids["2"]}]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - naive by contract
    st.dates(date(2026, 1, 1), date(2028, 1, 1)),
)
def test_a_limit_that_is_a_day_holds_its_whole_day(at: datetime, limit: date) -> None:
    as_moment = datetime(limit.year, limit.month, limit.day, tzinfo=UTC)
    assert lines.is_after(at, as_moment) == (at.date() > limit)
    assert lines.is_over_before(as_moment, at) == (at.date() < limit)

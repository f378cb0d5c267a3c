"""The planning queue and coverage as read from the database: with evidence, without, and with nothing at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import Session, col, select

from hub import clock
from hub.assets.models import Asset, Publication
from hub.db import Database, id_of
from hub.deals.models import Deal
from hub.errors import Invalid, NotAllowed
from hub.insights.inputs import Inputs
from hub.insights.models import Experiment
from hub.planning import briefs, coverage, dismissals, queue, requests
from hub.planning.queue import Filters
from hub.planning.schemas import BriefIn, CellOut, Coverage, DismissalIn, Queue, RequestIn, Suggestion
from hub.planning.worth import SuggestionKind
from hub.taxonomy.models import Term
from tests.factories.assets import make_live
from tests.factories.deals import make_deal
from tests.factories.planning import count_uses, log_search, make_evidence, make_run
from tests.factories.taxonomy import make_term
from tests.factories.uses import make_use
from tests.planning.conftest import Stage


def read(database: Database, stage: Stage, *, limit: int = 100, cursor: str | None = None, **filters: Any) -> Queue:
    with database.reading() as session:
        return queue.queue(session, stage.rep, Inputs(), Filters(**filters), limit=limit, cursor=cursor)


def look(database: Database, stage: Stage) -> Coverage:
    with database.reading() as session:
        return coverage.coverage(session, stage.rep, Inputs())


def cell(found: Coverage, persona: str | None, stage: str | None) -> CellOut:
    return next(it for it in found.items if (it.persona, it.stage) == (persona, stage))


def line(found: Queue, kind: str, subject: str) -> Suggestion:
    """By the slug of an asset, or by "persona/stage"."""
    return next(
        it
        for it in found.items
        if it.kind == kind and subject in (it.subject.slug, f"{it.subject.persona}/{it.subject.stage}")
    )


def open_deal(session: Session, number: int, amount: float = 100_000, **fields: Any) -> int:
    usual = {"buyer_persona": "cfo", "stage": "Proposal", "currency": "EUR", "name": f"Deal {number}"}
    return id_of(make_deal(session, f"D-{number}", amount=amount, **(usual | fields)))


def age(session: Session, asset: Asset, days: int) -> None:
    """The asset is live since then."""
    moment = clock.now() - timedelta(days=days)
    session.exec(update(Publication).where(col(Publication.asset_id) == asset.id).values(published_at=moment))


def test_a_hub_with_nothing_in_it_has_nothing_to_do(database: Database, stage: Stage) -> None:
    found = read(database, stage)
    assert (found.items, found.total, found.next, found.evidence_of) == ([], 0, None, None)
    cells = look(database, stage)
    assert {(it.persona, it.stage) for it in cells.items} == {
        (persona, key)
        for persona in ("cfo", "it-security")
        for key in ("awareness", "consideration", "decision", "retention")
    }
    assert {it.gap for it in cells.items} == {0.0}


def test_open_money_without_content_is_a_gap_before_there_is_any_evidence(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        for number in range(10):
            open_deal(session, number)
    found = cell(look(database, stage), "cfo", "decision")
    assert (found.open_deals, found.open_amount, found.live, found.best_lift) == (10, 1_000_000, 0, None)
    assert found.gap == pytest.approx(1_000_000 * 0.06)
    [write] = read(database, stage).items
    assert (write.kind, write.currency, write.effort) == (SuggestionKind.WRITE, "EUR", 4)
    assert write.value == pytest.approx(60_000 * 0.3 * 0.15)
    assert (write.range.low, write.range.high) == pytest.approx((0, 18_000))
    where = "About 1,000,000 EUR of open pipeline sits with Finance lead at Decision (10 deals)"
    assert write.reason.startswith(f"{where} and nothing current is there")
    assert [it.name for it in write.behind.deals] == ["Deal 0", "Deal 1", "Deal 2"]


def test_a_proven_asset_closes_the_gap_and_is_promoted_instead(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        deals = [open_deal(session, number) for number in range(10)]
        asset = make_live(session, stage.cast, slug="proof", tags={"personas": ["cfo"], "stages": ["decision"]})
        make_evidence(session, make_run(session), asset, lift=7.0, low=4.0, high=9.0)
        for deal in deals[:4]:
            make_use(session, stage.cast.sales, asset, deal=session.get_one(Deal, deal))
    before = 1_000_000 * 0.06
    found = cell(look(database, stage), "cfo", "decision")
    assert (found.live, found.best_lift, found.best_asset) == (1, 7.0, "proof")
    assert found.gap == pytest.approx(before * 0.3 * 0.75)
    promote = line(read(database, stage), "promote", "proof")
    assert promote.behind.open_deals == 6, "four deals use it already"
    assert promote.value == pytest.approx(6 * 0.3 * 0.07 * 100_000)
    assert (promote.range.low, promote.range.high) == pytest.approx((7_200, 16_200))
    assert "is proven to help (+7.0 points, likely +4.0 points to +9.0 points)" in promote.reason
    assert [it.external_id for it in promote.behind.deals] == ["D-4", "D-5", "D-6"]


def test_an_asset_past_its_review_date_does_not_close_a_gap(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        asset = make_live(
            session, stage.cast, slug="stale", tags={"stages": ["decision"]}, review_by=clock.today(),
        )  # fmt: skip
        make_evidence(session, make_run(session), asset)
    assert cell(look(database, stage), "cfo", "decision").best_lift == 5.0
    with clock.shifted(timedelta(days=2)):
        found = cell(look(database, stage), "cfo", "decision")
        assert (found.live, found.fresh, found.overdue, found.best_lift) == (1, 0, 1, None)
        assert [it.kind for it in read(database, stage).items] == [SuggestionKind.WRITE]


def test_what_is_tagged_with_a_stage_alone_is_for_every_persona(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        make_live(session, stage.cast, tags={"stages": ["decision"]})
        make_live(session, stage.cast, tags={"personas": ["cfo"]})
        make_live(session, stage.cast)
    found = look(database, stage)
    assert [cell(found, persona, "decision").live for persona in ("cfo", "it-security")] == [2, 1]
    assert cell(found, "cfo", "awareness").live == 1


def test_deals_without_a_persona_or_a_known_stage_are_shown_apart(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1, buyer_persona=None)
        open_deal(session, 2, stage="Legal limbo")
        make_live(session, stage.cast, tags={"personas": ["it-security"], "stages": ["decision"]})
    found = look(database, stage)
    assert cell(found, None, "decision").open_amount == 100_000
    assert cell(found, None, "decision").live == 1, "any persona may be meant"
    assert cell(found, "cfo", None).gap == pytest.approx(6_000)
    lines = read(database, stage).items
    assert sorted([(it.subject.persona, it.subject.stage) for it in lines], key=str) == [
        ("cfo", None),
        (None, "decision"),
    ]
    assert {it.behind.deals[0].external_id for it in lines} == {"D-1", "D-2"}


def test_a_deal_without_a_persona_has_its_primary_contacts(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        contact = {"external_id": "C-1", "name": "C. Moreau", "role": "Finance lead", "primary": True}
        open_deal(session, 1, buyer_persona=None, contacts=[contact])
    assert cell(look(database, stage), "cfo", "decision").open_deals == 1


def test_money_of_other_currencies_is_counted_and_not_added(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        for number in range(2):
            open_deal(session, number)
        open_deal(session, 9, 5_000_000, currency="JPY")
    found = look(database, stage)
    assert (cell(found, "cfo", "decision").open_deals, cell(found, "cfo", "decision").open_amount) == (3, 200_000)
    assert "1 in JPY" in found.warnings[0]
    with database.reading() as session:
        rated = coverage.coverage(session, stage.rep, Inputs(rates={"JPY": 0.01}))
    assert cell(rated, "cfo", "decision").open_amount == 250_000


def test_searches_and_requests_raise_the_gap_of_their_cell_and_stand_behind_it(
    database: Database, stage: Stage
) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        open_deal(session, 2, buyer_persona="it-security")
        log_search(session, "doing nothing", times=8, persona="cfo", stage="decision")
        log_search(session, "price", match="good", times=30, persona="it-security", stage="decision")
        log_search(session, "something else", match="none", times=2)
        asked = RequestIn(needed="Against doing nothing", persona="cfo")
        request, _ = requests.ask(session, stage.rep, asked)
        requests.ask(session, stage.other_rep, asked)
    found = look(database, stage)
    cfo, security = cell(found, "cfo", "decision"), cell(found, "it-security", "decision")
    assert (cfo.searches, cfo.zero_results, cfo.requests, cfo.askers) == (8, 8, 1, 2)
    assert (security.searches, security.zero_results, security.requests) == (30, 0, 0)
    assert cfo.need_factor > 1 > security.need_factor
    assert cfo.gap > security.gap
    write = line(read(database, stage), "write", "cfo/decision")
    assert [(it.question, it.searches) for it in write.behind.questions] == [("doing nothing", 8)]
    assert write.behind.requests == [request.id]
    assert "8 of 8 searches found nothing and 2 people asked for content" in write.reason


def test_searches_of_long_ago_and_closed_requests_count_no_more(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        log_search(session, "doing nothing", persona="cfo", stage="decision")
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="Against doing nothing", persona="cfo"))
        requests.decline(session, stage.cast.author, request, "We have one.")
    found = cell(look(database, stage), "cfo", "decision")
    assert (found.searches, found.requests) == (1, 0)
    with clock.shifted(timedelta(days=91)):
        assert cell(look(database, stage), "cfo", "decision").searches == 0


def test_the_evidence_says_how_likely_deals_are_won_and_where_they_get_stuck(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        proposal = session.exec(select(Term).where(Term.vocabulary == "deal_stages")).one()
        cfo = session.exec(select(Term).where(Term.vocabulary == "personas", Term.key == "cfo")).one()
        word = {"id": proposal.id, "key": "proposal", "label": "Proposal"}
        rate = {"stage": word, "n": 30, "observed": 0.4, "expected": 0.6}
        make_run(
            session,
            outlook={"target": 10.0, "good_share": 0.3},
            stages=[rate | {"win_rate": 0.01}],
            personas=[rate | {"persona": {"id": cfo.id, "key": "cfo", "label": "CFO"}}],
        )
    found = cell(look(database, stage), "cfo", "decision")
    assert found.pass_factor == pytest.approx(1.4)
    assert found.gap == pytest.approx(100_000 * 0.01 * 0.1 / 0.02 * 1.4)
    write = line(read(database, stage), "write", "cfo/decision")
    assert write.value == pytest.approx(found.gap * 0.3 * 0.3)


def test_what_is_used_much_and_does_little_is_to_be_fixed(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        run = make_run(session)
        little = {"verdict": "no_evidence", "lift": -0.5, "low": -1.5, "high": 0.5, "gain": 0.0, "above": 0.3}
        for slug, uses in (("weak", 40), ("weak-and-rare", 5)):
            asset = make_live(session, stage.cast, slug=slug, title=slug.capitalize())
            make_evidence(session, run, asset, **little)
            count_uses(session, asset, uses)
    fixes = [it for it in read(database, stage).items if it.kind == "fix"]
    assert [it.subject.slug for it in fixes] == ["weak"]
    assert fixes[0].value == pytest.approx(40 * 100_000 * 0.3 * 0.065)
    assert "“Weak” is used 40 times a quarter and does little" in fixes[0].reason


def test_what_may_help_is_to_be_tested_unless_a_trial_runs(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        asset = make_live(session, stage.cast, slug="unsure", tags={"stages": ["decision"]})
        unsure = {"verdict": "no_evidence", "lift": 0.5, "low": -4.0, "high": 5.0, "gain": 2.0, "above": 0.55, "n": 9}
        make_evidence(session, make_run(session), asset, **unsure)
        count_uses(session, asset, 12)
    test = line(read(database, stage), "test", "unsure")
    assert test.value == pytest.approx((12 + 0.1 * 0.3 * 1) * 100_000 * 0.015)
    with database.transaction() as session:
        session.add(Experiment(asset_id=id_of(asset), salt="x", started_at=clock.now()))
    assert not [it for it in read(database, stage).items if it.kind == "test"]


def test_what_nobody_used_for_half_a_year_is_to_be_retired(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        tags = {"personas": ["cfo"], "stages": ["decision"]}
        unused, required, young = (
            make_live(session, stage.cast, slug=slug, tags=tags) for slug in ("unused", "required", "young")
        )
        required.extra = {"required": "legal"}
        for asset in (unused, required):
            age(session, asset, 200)
        make_use(session, stage.cast.sales, young, occurred_at=clock.now() - timedelta(days=200))
    found = [it for it in read(database, stage).items if it.kind == "retire"]
    assert [it.subject.slug for it in found] == ["unused"]
    assert "was not used since it is live" in found[0].reason
    assert found[0].value > 0, "to be found in vain costs something too"


def test_what_was_only_looked_at_or_not_counted_yet_is_used(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_live(session, stage.cast, slug="viewed")
        age(session, asset, 400)
        make_use(session, stage.cast.sales, asset, occurred_at=clock.now() - timedelta(days=300))
        make_use(session, stage.cast.sales, asset, action="viewed")
    assert not [it for it in read(database, stage).items if it.kind == "retire"]
    with clock.shifted(timedelta(days=185)):
        [retire] = [it for it in read(database, stage).items if it.kind == "retire"]
        assert "was not used for 185 days" in retire.reason


def test_nothing_is_unused_while_uses_are_not_recorded_for_long(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_live(session, stage.cast, slug="unused")
        age(session, asset, 400)
        make_use(session, stage.cast.sales, asset)
    assert not [it for it in read(database, stage).items if it.kind == "retire"]


def test_the_only_asset_of_a_cell_that_people_search_in_vain_stays(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
        asset = make_live(session, stage.cast, slug="alone", tags={"personas": ["cfo"], "stages": ["decision"]})
        losing = {"verdict": "goes_with_losing", "lift": -4.0, "low": -8.0, "high": -1.0, "gain": 0.0}
        make_evidence(session, make_run(session), asset, **losing)
        count_uses(session, asset, 5)
    assert line(read(database, stage), "retire", "alone").value >= 5 * 0.04 * 100_000
    with database.transaction() as session:
        log_search(session, "price", match="good", times=50, persona="it-security", stage="awareness")
        log_search(session, "doing nothing", times=10, persona="cfo", stage="decision")
    assert not [it for it in read(database, stage).items if it.kind == "retire"]


def test_what_is_put_aside_comes_back_on_its_day(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
    [write] = read(database, stage).items
    with database.transaction() as session:
        with pytest.raises(NotAllowed):
            dismissals.dismiss(session, stage.rep, write.key, DismissalIn(reason="Not now."))
        dismissals.dismiss(session, stage.cast.author, write.key, DismissalIn(reason="The new deck covers it."))
    assert read(database, stage).items == []
    [aside] = read(database, stage, hidden=True).items
    assert aside.dismissal is not None
    assert aside.dismissal.reason == "The new deck covers it."
    with clock.shifted(timedelta(days=90)):
        assert [it.key for it in read(database, stage).items] == [write.key]
    with database.transaction() as session:
        dismissals.bring_back(session, stage.cast.author, write.key)
        dismissals.bring_back(session, stage.cast.author, write.key)
    assert [it.key for it in read(database, stage).items] == [write.key]


def test_a_suggestion_is_put_aside_for_a_while_and_not_for_ever(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        for days in (0, -1, 731):
            until = clock.today() + timedelta(days=days)
            with pytest.raises(Invalid) as refused:
                dismissals.dismiss(session, stage.cast.author, "write-1-1", DismissalIn(reason="Not now.", until=until))
            assert refused.value.errors[0].loc == ("body", "until")


def test_what_a_brief_plans_is_not_suggested_again(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        open_deal(session, 1)
    [write] = read(database, stage).items
    with database.transaction() as session:
        given = BriefIn(suggestion=write.key, marketing_author="ana@example.com", sales_author="ben@example.com")
        accepted = queue.accepted(session, stage.cast.author, Inputs(), write.key)
        brief = briefs.plan(session, stage.cast.author, given, accepted)
    assert read(database, stage).items == []
    assert [it.brief for it in read(database, stage, hidden=True).items] == [brief.id]
    with database.transaction() as session:
        briefs.drop(session, stage.cast.author, briefs.locked(session, id_of(brief)), "Not now.")
    assert [it.key for it in read(database, stage).items] == [write.key]


def test_pages_and_kinds_fit_together(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        run = make_run(session)
        for number, persona in enumerate(("cfo", "it-security")):
            for deal_stage in ("Discovery", "Proposal"):
                open_deal(session, 10 * number + len(deal_stage), buyer_persona=persona, stage=deal_stage)
        asset = make_live(session, stage.cast, slug="proof", tags={"stages": ["decision"]})
        make_evidence(session, run, asset)
    whole = read(database, stage)
    assert whole.total == 5
    rates = [it.value / it.effort for it in whole.items]
    assert rates == sorted(rates, reverse=True)
    keys: list[str] = []
    cursor = None
    while True:
        page = read(database, stage, limit=2, cursor=cursor)
        keys += [it.key for it in page.items]
        if (cursor := page.next) is None:
            break
    assert keys == [it.key for it in whole.items]
    assert {it.kind for it in read(database, stage, kinds=["write"]).items} == {"write"}


def test_ten_times_as_much_asks_no_more_questions(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        run = make_run(session)
        _grow(session, stage, run, 3)
    few = _statements(database, stage)
    with database.transaction() as session:
        for number in range(5):
            make_term(session, "personas", f"persona-{number}")
        _grow(session, stage, run, 30)
    assert _statements(database, stage) == few
    assert few["coverage"] <= 10
    assert few["queue"] <= 22


def _grow(session: Session, stage: Stage, run: Any, size: int) -> None:
    for number in range(size):
        open_deal(session, 1000 * size + number, buyer_persona="cfo" if number % 2 else "it-security")
        asset = make_live(session, stage.cast, tags={"personas": ["cfo"], "stages": ["decision"]})
        make_evidence(session, run, asset, lift=5.0 + number / 10)
        count_uses(session, asset, number)
        log_search(session, f"question {number}", persona="cfo", stage="decision")
        requests.ask(session, stage.rep, RequestIn(needed=f"Need {size} {number}", persona="cfo"))


def _statements(database: Database, stage: Stage) -> dict[str, int]:
    counts = {}
    with _counted(database) as statements:
        look(database, stage)
        counts["coverage"] = len(statements)
        statements.clear()
        read(database, stage, hidden=True)
        counts["queue"] = len(statements)
    return counts


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)

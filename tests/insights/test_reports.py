"""What both teams read: who sees what, in which order, and what stands beside each figure."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from sqlalchemy import event
from sqlmodel import Session, select, update

from hub import clock
from hub.assets.models import Asset
from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound
from hub.insights import asset_lists, asset_report, basis, pipeline_reports, runs
from hub.insights.asset_lists import Question
from hub.insights.evidence import PROVEN, History, estimate
from hub.insights.inputs import Inputs
from hub.insights.models import AssetUse, EvidenceCell
from hub.insights.rollups import Figures
from hub.insights.schemas import AssetsPage
from hub.people.roles import HUB, Actor
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.schemas import TermChange, TermDraft
from tests.factories.assets import make_cast, make_draft
from tests.factories.people import actor
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import computed, rounded, store


@cache
def a_world() -> History:
    return rounded(planted_world(3, deals=700, assets=12, owners=8, helping=3, effect=1.6).history)


@pytest.fixture
def hub(database: Database) -> Iterator[Session]:
    """A hub with deals, uses, evidence and figures."""
    store(database, a_world(), currency="EUR")
    computed(database, placebo=True)
    Figures(database, Inputs()).refresh()
    with database.transaction() as session:
        yield session


def listed(session: Session, asked: Question | None = None, *, by: Actor = HUB, limit: int = 50) -> AssetsPage:
    return asset_lists.list_assets(session, by, asked or Question(), limit=limit, cursor=None)


def test_the_list_is_sorted_by_the_lower_end_and_pages_lose_nothing(hub: Session) -> None:
    whole = listed(hub)
    lows = [item.low for item in whole.items if item.low is not None]
    assert lows == sorted(lows, reverse=True)
    assert whole.total == len(whole.items) == a_world().assets
    seen, cursor = [], None
    while True:
        page = asset_lists.list_assets(hub, HUB, Question(), limit=5, cursor=cursor)
        seen += [item.slug for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [item.slug for item in whole.items]


def test_the_other_end_comes_first_and_what_is_not_known_stays_last(hub: Session) -> None:
    best, worst = listed(hub, Question(which="used")), listed(hub, Question(which="used", worst_first=True))
    assert [item.slug for item in worst.items] == [item.slug for item in best.items][::-1]
    make_draft(hub, actor(hub, role="admin"), slug="never-used")
    assert "never-used" not in [item.slug for item in listed(hub, Question(which="used")).items]
    assert listed(hub, Question(worst_first=True)).items[-1].slug == "never-used"


def test_every_figure_says_from_when_and_from_how_many(hub: Session) -> None:
    found = listed(hub)
    counted = estimate(a_world()).counted
    assert found.basis.finished_stages == counted.finished
    assert found.basis.deals == len(a_world().deals)
    assert found.basis.since is not None
    assert found.basis.until is not None
    assert found.basis.since < found.basis.until
    assert found.basis.currency == "EUR"
    assert all(item.rows == f"/api/v1/uses?asset={item.slug}" for item in found.items)


@pytest.mark.parametrize("sort", ["lift", "n", "extra_revenue", "touched_revenue", "uses", "recent"])
def test_the_best_come_first_in_every_order(hub: Session, sort: str) -> None:
    values = [getattr(item, sort) or 0 for item in listed(hub, Question(sort=sort)).items]  # type: ignore[arg-type]
    assert values == sorted(values, reverse=True)


def test_what_helps_at_a_stage_is_what_is_known_there(hub: Session) -> None:
    found = listed(hub, Question(sort="lift", which="helps", stage="proposal"))
    cells = [item.cells[0] for item in found.items]
    assert cells
    assert {cell.label for cell in cells} == {"proposal"}
    assert {cell.verdict for cell in cells} <= {"proven", "promising"}
    assert [cell.lift for cell in cells] == sorted((cell.lift for cell in cells), reverse=True)
    assert len(hub.exec(select(EvidenceCell)).all()) > len(cells)


def test_a_stage_of_the_buyers_journey_is_its_deal_stages(hub: Session) -> None:
    with pytest.raises(Invalid, match="nearest"):
        listed(hub, Question(stage="propsal"))
    assert listed(hub, Question(stage="decision")).items == []
    decision = vocabulary.find(hub, "stages", "decision")
    terms.change(hub, HUB, decision, TermChange(text={"deal_stages": ["proposal", "evaluation"]}))
    labels = {cell.label for item in listed(hub, Question(stage="decision")).items for cell in item.cells}
    assert labels == {"proposal", "evaluation"}


def test_a_persona_narrows_to_those_with_evidence_for_it(hub: Session) -> None:
    found = listed(hub, Question(persona="persona-1"))
    assert found.items
    assert all([cell.label for cell in item.cells] == ["persona 1"] for item in found.items)
    both = listed(hub, Question(persona="persona-1", stage="proposal"))
    assert all({cell.kind for cell in item.cells} == {"stage", "persona"} for item in both.items)


def test_verdicts_can_be_asked_for(hub: Session) -> None:
    proven = listed(hub, Question(verdict=["proven"]))
    assert {item.verdict for item in proven.items} == {PROVEN}
    overview = basis.overview(hub, HUB)
    assert overview.verdicts[PROVEN] == proven.total
    assert overview.latest is not None
    assert overview.latest.placebo == {"proven": 0, "goes_with_losing": 0}


def test_lists_answer_which_are_never_used_and_which_are_hot_but_stale(hub: Session) -> None:
    first, second = listed(hub, Question(sort="uses")).items[:2]
    ids = dict(list(hub.exec(select(Asset.slug, Asset.id))))
    hub.exec(update(AssetUse).where(AssetUse.asset_id == ids[first.slug]).values(recent=7))
    hub.exec(update(AssetUse).where(AssetUse.asset_id == ids[second.slug]).values(uses=0))
    yesterday = clock.today() - timedelta(days=1)
    hub.exec(update(Asset).where(Asset.id == ids[first.slug]).values(review_by=yesterday))
    assert [item.slug for item in listed(hub, Question(which="hot_but_stale")).items] == [first.slug]
    assert [item.slug for item in listed(hub, Question(which="never_used")).items] == [second.slug]
    nothing = listed(hub, Question(which="does_nothing")).items
    assert all((item.low or -9) >= -3 and (item.high or 9) <= 3 for item in nothing)


def test_drafts_are_listed_for_those_who_may_see_them(hub: Session) -> None:
    cast = make_cast(hub)
    make_draft(hub, cast.author, slug="secret")
    assert "secret" in {item.slug for item in listed(hub, by=cast.author, limit=99).items}
    reader = actor(hub, role="reader")
    page = listed(hub, by=reader, limit=99)
    assert "secret" not in {item.slug for item in page.items}
    assert page.total == a_world().assets
    with pytest.raises(NotFound):
        asset_report.read_asset(hub, reader, "secret")
    mine = asset_report.read_asset(hub, cast.author, "secret")
    assert (mine.verdict, mine.lift, mine.stages, mine.sentence) == ("too_early", None, [], mine.sentence)


def test_one_asset_stands_with_its_sentence_guards_cells_and_both_rates(hub: Session) -> None:
    world = a_world()
    theirs = estimate(world)
    best = int(np.argmax(theirs.findings.lift))
    found = asset_report.read_asset(hub, HUB, f"asset-{best}")
    assert found.external_id == f"A{best}"
    assert found.sentence.startswith("Deals that used it moved on")
    assert found.crude.lift == pytest.approx(100 * theirs.findings.crude_lift[best], abs=1e-3)
    assert found.crude.observed == pytest.approx(theirs.findings.observed[best], abs=1e-6)
    assert found.lift != pytest.approx(found.crude.lift, abs=0.5)
    assert found.guards.comparable == pytest.approx(theirs.guards.comparable[best], abs=1e-6)
    assert {cell.label for cell in found.stages} == {"discovery", "evaluation", "proposal"}
    assert all("in discovery" in cell.sentence for cell in found.stages if cell.label == "discovery")
    assert sum(cell.n for cell in found.stages) == found.n == found.advanced + found.lost
    assert found.extra_low is not None
    assert found.extra_revenue is not None
    assert found.extra_low <= found.extra_revenue
    assert found.attribution["influenced"] == pytest.approx(found.touched_revenue, abs=0.01)
    handed_out = [found.attribution[model] for model in ("first", "last", "linear", "shapley")]
    assert all(0 <= amount <= found.touched_revenue for amount in handed_out)


def test_every_model_hands_out_the_same_money(hub: Session) -> None:
    reports = [asset_report.read_asset(hub, HUB, f"asset-{it}") for it in range(a_world().assets)]
    run = basis.overview(hub, HUB).latest
    assert run is not None
    sums = {model: sum(one.attribution[model] for one in reports) for model in reports[0].attribution}
    influenced = sums.pop("influenced")
    assert max(sums.values()) - min(sums.values()) < 1
    assert influenced > max(sums.values())


def test_the_funnel_stands_in_order_with_expected_rates(hub: Session) -> None:
    found = pipeline_reports.funnel(hub, HUB)
    assert [one.stage.label for one in found.stages] == ["discovery", "evaluation", "proposal"]
    assert all(one.low < one.passed < one.high for one in found.stages)
    assert all(one.expected == pytest.approx(one.passed, abs=0.02) for one in found.stages)
    assert sum(one.n for one in found.stages) == found.basis.finished_stages
    persona = pipeline_reports.funnel(hub, HUB, persona="persona-0")
    assert persona.persona is not None
    assert [one.stage.label for one in persona.stages] == ["discovery", "evaluation", "proposal"]
    assert all(one.n < whole.n for one, whole in zip(persona.stages, found.stages, strict=True))
    with pytest.raises(NotFound):
        pipeline_reports.funnel(hub, HUB, persona="nobody")


def test_outcomes_sources_and_capture_say_how_sure_they_are(hub: Session) -> None:
    months = pipeline_reports.outcomes(hub, HUB, months=6)
    assert len(months.months) == 6
    assert all(one.low <= one.win_rate <= one.high for one in months.months if one.win_rate is not None)  # type: ignore[operator]
    assert months.counted_at is not None
    found = pipeline_reports.sources(hub, HUB).sources
    assert {one.source.label for one in found} == {"source 0", "source 1"}
    assert all(one.low <= one.rate <= one.high and one.adjusted is not None for one in found)
    capture = pipeline_reports.capture(hub, HUB)
    assert {one.group for one in capture.shares} == {"won", "lost", "open", "no decision"}


def test_before_the_first_run_all_reports_are_empty_and_say_so(database: Database) -> None:
    with database.transaction() as session:
        make_draft(session, make_cast(session).author, slug="a")
        terms.add(session, HUB, "personas", TermDraft(key="cfo", label="CFO"))
    with database.reading() as session:
        [item] = listed(session).items
        assert (item.verdict, item.lift, item.uses) == ("too_early", None, 0)
        assert listed(session).basis.run is None
        assert pipeline_reports.funnel(session, HUB, persona="cfo").stages == []
        assert pipeline_reports.sources(session, HUB).sources == []
        assert pipeline_reports.outcomes(session, HUB, months=3).months == []
        assert pipeline_reports.capture(session, HUB).shares == []
        assert basis.overview(session, HUB).latest is None
        with pytest.raises(NotFound):
            listed(session, Question(run=5))


def test_an_old_report_is_shown_as_it_was(database: Database) -> None:
    store(database, a_world())
    first = computed(database)
    with database.reading() as session:
        before = listed(session)
        one = asset_report.read_asset(session, HUB, "asset-1")
    with database.transaction() as session:
        session.exec(update(EvidenceCell).values(verdict="watch"))
    second = computed(database, Inputs(actions=("presented",)))
    with database.reading() as session:
        after = listed(session, Question(run=first))
        assert [(item.slug, item.lift, item.n) for item in after.items] == [
            (item.slug, item.lift, item.n) for item in before.items
        ]
        assert after.basis == before.basis
        again = asset_report.read_asset(session, HUB, "asset-1", run_id=first)
        assert again.model_dump(exclude={"updated_at"}) == one.model_dump(exclude={"updated_at"})
        assert asset_report.read_asset(session, HUB, "asset-1").n == 0
        assert listed(session).basis.run == second
        with pytest.raises(Invalid, match="old run"):
            listed(session, Question(run=first, stage="proposal"))


def test_a_run_that_is_not_complete_cannot_be_shown(database: Database) -> None:
    with database.transaction() as session:
        asked = runs.ask(session, actor(session, role="approver"))
    with database.reading() as session, pytest.raises(Conflict, match="asked"):
        listed(session, Question(run=asked.id))


def test_a_list_asks_the_same_number_of_questions_for_two_rows_and_for_ten(hub: Session) -> None:
    asked = Question(stage="proposal")
    listed(hub, asked, limit=2)
    counts = []
    for limit in (2, 10):
        seen: list[str] = []

        def note(*arguments: object, seen: list[str] = seen) -> None:
            seen.append(str(arguments[2]))

        event.listen(hub.get_bind(), "before_cursor_execute", note)
        assert len(listed(hub, asked, limit=limit).items) == limit
        event.remove(hub.get_bind(), "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]

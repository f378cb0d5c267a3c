"""Hold-outs: a coin that always falls the same way, written down once, and read as intention to treat."""

import numpy as np
import pytest
from sqlmodel import Session, select

from hub.assets.models import Asset
from hub.db import Database, id_of
from hub.errors import Conflict, NotAllowed, NotFound
from hub.insights import experiment_lists, experiments, runs
from hub.insights.models import Assignment, Experiment
from hub.people.roles import HUB
from hub.taxonomy.models import Term
from tests.factories.deals import deal_named, make_deal
from tests.factories.people import actor
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import add_assets, computed, rounded, store


def asset(session: Session, external_id: str = "A0") -> Asset:
    return session.exec(select(Asset).where(Asset.external_id == external_id)).one()


def test_nothing_is_held_out_unless_somebody_starts_it(database: Database) -> None:
    add_assets(database, 1)
    with database.transaction() as session:
        deal = make_deal(session, "D0")
        assert experiments.suggested(session, deal, [id_of(asset(session))]) == {}


def test_the_coin_falls_the_same_way_every_time_and_about_half_of_the_times_each(database: Database) -> None:
    add_assets(database, 2)
    with database.transaction() as session:
        one = experiments.start(session, HUB, asset(session))
        other = experiments.start(session, HUB, asset(session, "A1"))
        sides = [experiments.coin(one, deal) for deal in range(1_000)]
        assert [experiments.coin(one, deal) for deal in range(1_000)] == sides
        assert 400 < sum(sides) < 600
        assert sides != [experiments.coin(other, deal) for deal in range(1_000)]


def test_only_open_deals_in_the_stage_are_eligible(database: Database) -> None:
    add_assets(database, 1)
    stay = [{"stage": "Proposal", "entered": "2027-01-12"}]
    with database.transaction() as session:
        here, elsewhere = make_deal(session, "here", stages=stay), make_deal(session, "elsewhere")
        closed = make_deal(session, "closed", outcome="won", closed="2027-01-20", stages=stay)
        proposal = session.exec(select(Term).where(Term.vocabulary == "deal_stages")).one()
        made = experiments.start(session, HUB, asset(session), stage=proposal)
        session.refresh(here)
        asked = [id_of(asset(session))]
        found = experiments.suggested(session, here, asked)
        assert found == {asked[0]: experiments.coin(made, id_of(here))}
        assert experiments.suggested(session, elsewhere, asked) == {}
        assert experiments.suggested(session, closed, asked) == {}


def test_the_first_time_that_the_coin_matters_is_written_down_once(database: Database) -> None:
    add_assets(database, 2)
    with database.transaction() as session:
        deal = id_of(make_deal(session, "D0"))
        made = experiments.start(session, HUB, asset(session))
        asked = [id_of(asset(session)), id_of(asset(session, "A1"))]
    for _ in range(2):
        experiments.note(database, deal, asked)
    with database.reading() as session:
        [row] = session.exec(select(Assignment)).all()
    assert (row.experiment_id, row.deal_id, row.suggested) == (made.id, deal, experiments.coin(made, deal))


def test_one_hold_out_of_an_asset_at_a_time_and_an_ended_one_holds_nobody(database: Database) -> None:
    add_assets(database, 1)
    with database.transaction() as session:
        made = experiments.start(session, HUB, asset(session))
        with pytest.raises(Conflict, match="runs already"):
            experiments.start(session, HUB, asset(session))
        experiments.end(session, HUB, id_of(made))
        experiments.end(session, HUB, id_of(made))
        deal = make_deal(session, "D0")
        assert experiments.suggested(session, deal, [id_of(asset(session))]) == {}
        experiments.start(session, HUB, asset(session))
        with pytest.raises(NotFound):
            experiments.end(session, HUB, 77)
        with pytest.raises(NotAllowed):
            experiments.start(session, actor(session, role="contributor"), asset(session))


def test_a_run_reads_what_a_suggestion_did(database: Database) -> None:
    """The coin decides whether the asset was used at all: what the run reads is near what was planted."""
    world = planted_world(8, deals=1200, assets=4, helping=0, owners=8)
    store(database, rounded(world.history))
    with database.transaction() as session:
        made = experiments.start(session, HUB, asset(session))
        entries = world.history.entries
        first = {
            int(deal): entries.entered[place] for place, deal in enumerate(entries.deal) if not entries.stage[place]
        }
        for number, entered in list(first.items())[:600]:
            deal = id_of(deal_named(session, f"D{number}"))
            moment = np.datetime64("1970-01-01T12", "s") + np.timedelta64(int(entered * 86_400), "s")
            row = {"deal_id": deal, "suggested": experiments.coin(made, deal), "assigned_at": f"{moment}+00:00"}
            session.add(Assignment.model_validate(row | {"experiment_id": id_of(made)}))
    run_id = computed(database)
    with database.reading() as session:
        [read] = runs.find(session, run_id).figures["experiments"]
        [listed] = experiment_lists.list_experiments(session, HUB).items
        assert session.exec(select(Experiment)).one().id == read["experiment"]
    assert read["suggested"] + read["held_out"] > 500
    assert read["low"] < 0 < read["high"]
    assert listed.result is not None
    assert listed.result.lift == read["lift"]
    assert listed.suggested + listed.held_out == 600

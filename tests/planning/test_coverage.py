"""Coverage of one segment: its open money, and everything else as it is."""

import pytest

from hub.db import Database
from hub.errors import NotFound
from hub.insights.inputs import Inputs
from hub.planning import coverage
from tests.factories.assets import make_live
from tests.factories.deals import make_deal
from tests.planning.conftest import Stage


def test_a_segment_narrows_the_open_money_and_nothing_else(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        money = {"amount": "1000", "currency": "EUR", "buyer_persona": "cfo", "owner": "Rosa Rep"}
        make_deal(session, "D1", segment="Mid-market", **money)
        make_deal(session, "D2", segment="Enterprise", **money)
        make_live(session, stage.cast, slug="one", tags={"personas": ["cfo"], "stages": ["decision"]})
        whole = coverage.coverage(session, stage.rep, Inputs())
        [key] = [key for key, label in coverage.segments(session) if label == "Mid-market"]
        part = coverage.coverage(session, stage.rep, Inputs(), segment=key)
        assert sum(cell.open_deals for cell in whole.items) == 2
        assert sum(cell.open_deals for cell in part.items) == 1
        assert sum(cell.open_amount for cell in part.items) == 1000
        assert sum(cell.live for cell in part.items) == sum(cell.live for cell in whole.items) > 0
        with pytest.raises(NotFound):
            coverage.coverage(session, stage.rep, Inputs(), segment="nobody")

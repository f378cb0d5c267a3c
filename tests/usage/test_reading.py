"""All uses as arrays: what is counted, and marks that are the same as those of single uses."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import Session

from hub import clock
from hub.db import Database
from hub.deals.models import Deal
from hub.usage import reading, taking_back
from hub.usage.listing import are_recalled
from hub.usage.models import Action, Use, uses
from hub.usage.reading import ACTIONS, Block
from hub.usage.timing import days
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import bring_deals, make_deal, table
from tests.factories.uses import bring_uses, make_use


def read(session: Session, actions: tuple[str, ...] = ACTIONS) -> Block:
    found = list(reading.blocks(session, actions))
    assert found
    return Block(*(np.concatenate([getattr(it, name) for it in found]) for name in Block.__dataclass_fields__))


def test_only_counted_uses_on_known_deals_are_there(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset, deal = make_live(session, cast), make_deal(session, "D1")
        kept = [make_use(session, cast.reader, asset, deal=deal, action=action) for action in ("sent", "viewed")]
        make_use(session, cast.reader, asset)
        make_use(session, cast.reader, asset, deal=("csv", "unknown"))
        gone = make_use(session, cast.reader, asset, deal=deal)
        taking_back.take_back(session, cast.reader, gone.external_id)
        block = read(session)
        assert block.deal.tolist() == [deal.id, deal.id]
        assert block.asset.tolist() == [asset.id, asset.id]
        assert [ACTIONS[it] for it in block.action] == [Action.SENT, Action.VIEWED]
        assert block.day.tolist() == pytest.approx([days(use.occurred_at) for use in kept], abs=1e-9)
        assert len(read(session, ("viewed",))) == 1


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 5, 1, tzinfo=UTC),
        datetime(2024, 5, 1, 12, tzinfo=UTC),
        datetime(2024, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1999, 12, 31, 0, 0, 0, 1, tzinfo=UTC),
    ],
)
def test_the_database_counts_days_as_we_do(database: Database, moment: datetime) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast), deal=make_deal(session, "D1"))
        session.execute(update(uses).where(uses.c.id == use.id).values(occurred_at=moment))
        found = read(session).day[0]
        assert found == pytest.approx(days(moment), abs=1e-8)
        assert (found == int(found)) == (moment.time() == datetime.min.time())


def test_marks_are_those_of_single_uses(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        deals = [
            make_deal(
                session, f"D{ago}", outcome="lost", created="2020-01-01", closed=(now - timedelta(days=ago)).isoformat()
            )
            for ago in (1, 2, 5, 30)
        ]
        deals.append(make_deal(session, "open"))
        made = [
            make_use(session, cast.reader, asset, deal=deal, channel=channel, occurred_at=now - timedelta(days=before))
            for deal in deals
            for channel in ("extension", "told")
            for before in (0.5, 3, 40)
        ]
        marks = are_recalled(session, made)
        assert read(session).recalled.tolist() == marks
        assert 0 < sum(marks) < len(marks)


def test_a_use_is_recalled_however_late_the_hub_learns_of_the_close(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        deal = make_deal(session, "D1")
        use = make_use(session, cast.reader, make_live(session, cast), deal=deal, occurred_at=now - timedelta(days=20))
        assert are_recalled(session, [use]) == [False]
        make_deal(session, "D1", outcome="won", created="2020-01-01", closed=(now - timedelta(days=10)).isoformat())
        assert are_recalled(session, [use]) == [True]
        make_deal(session, "D1", outcome="open", created="2020-01-01")  # it was reopened: nobody knew how it would end
        assert are_recalled(session, [use]) == [False]


def test_a_deal_without_a_date_of_its_close_closed_when_the_hub_learnt_it(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        make_deal(session, "D1")
        with clock.shifted(timedelta(days=-5)):
            deal = make_deal(session, "D1", outcome="lost")
            assert deal.closed_at is None
            before = make_use(session, cast.reader, asset, deal=deal, occurred_at=clock.now() - timedelta(days=1))
        after = make_use(session, cast.reader, asset, deal=deal, occurred_at=clock.now() - timedelta(days=6))
        assert are_recalled(session, [before, after]) == [False, True]
        assert read(session).recalled.tolist() == [False, True]


def test_what_a_table_brings_counts_by_its_own_dates(database: Database) -> None:
    with database.transaction() as session:
        make_live(session, make_cast(session), external_id="A1")
    bring_deals(database, "deal_id,owner,outcome,created,closed\nD1,Ana,won,2024-01-01,2024-03-01\n")
    rows = [(1, "2024-02-01"), (2, "2024-03-01"), (3, "2024-03-02")]
    bring_uses(database, table("event_id,deal_id,asset_id,date", [(n, "D1", "A1", date) for n, date in rows]))
    with database.reading() as session:
        block = read(session)
        assert block.recalled.tolist() == [False, False, True]
        assert (block.day == np.floor(block.day)).all()


def test_blocks_of_any_size_are_the_same_uses(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset, deal = make_live(session, cast), make_deal(session, "D1")
        for _ in range(5):
            make_use(session, cast.reader, asset, deal=deal)
        whole = read(session)
        monkeypatch.setattr(reading, "BLOCK", 2)
        assert [len(block) for block in reading.blocks(session)] == [2, 2, 1]
        assert np.array_equal(read(session).day, whole.day)
        last = session.get_one(Use, 4)
        assert sum(len(block) for block in reading.blocks(session, after_id=last.id or 0)) == 1


def test_without_uses_there_is_no_block(database: Database) -> None:
    with database.reading() as session:
        assert list(reading.blocks(session)) == []
        assert reading.closes_of(session).of(np.array([1, 2])).tolist() == pytest.approx([np.nan, np.nan], nan_ok=True)
        assert session.get(Deal, 1) is None

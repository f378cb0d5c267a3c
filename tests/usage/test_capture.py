"""Recording uses: each once, whoever sends it how often; bound to the version and the deal; nobody's but one's own."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from hub import clock
from hub.assets.models import Publication, Version
from hub.db import Database
from hub.events.models import Event, OutboxRow
from hub.usage import taking_back
from hub.usage.joining import Joiner, join_waiting
from hub.usage.models import Use
from tests.factories.assets import Cast, make_cast, make_draft, make_live, next_draft, publish
from tests.factories.deals import make_deal
from tests.factories.uses import counted, make_line, make_use, record, use_named

ID = "0b7f6d3c-6e0c-4a8e-9d53-0f1a2b3c4d5e"


def test_a_use_is_kept_with_all_that_was_said(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset, deal = make_live(session, cast), make_deal(session, "D1")
        occurred = clock.now() - timedelta(days=2)
        use = make_use(session, cast.reader, asset, deal=deal, occurred_at=occurred, action="spoken")
        assert (use.asset_id, use.deal_id, use.person_id) == (asset.id, deal.id, cast.reader.id)
        assert (use.action, use.channel, use.occurred_at, use.said_at) == ("spoken", "extension", occurred, None)
        assert use.arrived_at > occurred
        assert use.recorded_at == use.arrived_at


def test_the_same_use_ten_times_from_two_devices_is_one(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        line = make_line(make_live(session, cast), external_id=ID)
        counts = [record(session, cast.reader, *[line] * 5) for _ in range(2)]
        assert [(it.accepted, it.duplicates, it.rejected) for it in counts] == [(1, 4, []), (0, 5, [])]
        assert session.exec(select(func.count()).select_from(Use)).one() == 1


def test_an_id_used_for_something_else_is_refused_and_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        one, other = make_live(session, cast), make_live(session, cast)
        first = make_use(session, cast.reader, one, external_id=ID)
        done = record(
            session, cast.reader, make_line(other, external_id=ID), make_line(one, external_id=ID, action="sent")
        )
        assert [place for place, _ in done.rejected] == [0, 1]
        assert "UUID of its own" in done.rejected[0][1]
        session.refresh(first)
        assert (first.asset_id, first.action) == (one.id, "inserted")


def test_somebody_elses_id_neither_takes_over_nor_tells_of_the_first(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        one, other = make_live(session, cast), make_live(session, cast)
        make_use(session, cast.reader, one, external_id=ID)
        done = record(session, cast.sales, make_line(other, external_id=ID))
        assert (done.accepted, done.duplicates, done.rejected) == (1, 0, [])
        assert use_named(session, ID, source=f"person:{cast.reader.id}").asset_id == one.id
        assert use_named(session, ID, source=f"person:{cast.sales.id}").asset_id == other.id


def test_an_unknown_asset_is_refused_with_the_nearest_named(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        make_live(session, cast, slug="objection.too-expensive")
        done = record(session, cast.reader, make_line("objection.too-expansive"), make_line("objection.too-expensive"))
        assert done.accepted == 1
        [(place, reason)] = done.rejected
        assert place == 0
        assert reason == 'there is no asset "objection.too-expansive"; nearest: objection.too-expensive'


def test_a_draft_is_told_to_nobody_who_may_not_see_it(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        secret = make_draft(session, cast.author, slug="secret-plan")
        [(_, reason)] = record(session, cast.reader, make_line(secret)).rejected
        assert reason == record(session, cast.reader, make_line("secret-plan")).rejected[0][1]
        assert "secret-plan" not in reason.removeprefix('there is no asset "secret-plan"')
        assert record(session, cast.author, make_line(secret)).accepted == 1


def test_assets_are_known_by_slug_former_slug_and_external_id(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="now", external_id="A7")
        uses = [make_use(session, cast.reader, name) for name in ("now", "A7")]
        assert {use.asset_id for use in uses} == {asset.id}


def _two_versions(session: Session, cast: Cast) -> tuple[str, list[int | None]]:
    """An asset with version 1 live from ten days ago until five days ago, and version 2 since."""
    asset = make_live(session, cast)
    next_draft(session, cast.author, asset)
    publish(session, cast, asset)
    now = clock.now()
    first, second = session.exec(select(Publication).order_by(col(Publication.id)))
    first.published_at, first.ended_at = now - timedelta(days=10), now - timedelta(days=5)
    second.published_at = now - timedelta(days=5)
    session.flush()
    ids = list(session.exec(select(Version.id).where(Version.asset_id == asset.id).order_by(col(Version.number))))
    return asset.slug, ids


@pytest.mark.parametrize(("days_ago", "number"), [(0, 2), (4, 2), (6, 1), (9, 1), (30, 2)])
def test_a_use_is_of_the_version_that_was_live_then_else_now(database: Database, days_ago: int, number: int) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        slug, ids = _two_versions(session, cast)
        use = make_use(session, cast.reader, slug, occurred_at=clock.now() - timedelta(days=days_ago, minutes=1))
        assert use.version_id == ids[number - 1]


def test_a_version_that_is_given_counts_and_must_exist(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        slug, ids = _two_versions(session, cast)
        assert make_use(session, cast.reader, slug, version=1).version_id == ids[0]
        [(_, reason)] = record(session, cast.reader, make_line(slug, version=9)).rejected
        assert reason == f"{slug} has no version 9"


def test_a_use_from_the_future_is_taken_for_its_arrival_and_marked(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        said = clock.now() + timedelta(days=3)
        ahead = make_use(session, cast.reader, asset, occurred_at=said)
        assert (ahead.said_at, ahead.occurred_at) == (said, ahead.arrived_at)
        told = make_use(session, cast.reader, asset, occurred_at=said, sent_at=said + timedelta(hours=1))
        assert abs(ahead.arrived_at - told.occurred_at - timedelta(hours=1)) < timedelta(minutes=1)


def test_a_use_waits_for_its_deal_and_is_joined_when_it_comes(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        use = make_use(session, cast.reader, asset, deal=("crm", "006"))
        make_use(session, cast.reader, asset, deal=("erp", "006"))
        assert (use.deal_id, use.deal_source, use.deal_ref) == (None, "crm", "006")
    assert join_waiting(database) == 0
    with database.transaction() as session:
        deal = make_deal(session, "006", source="crm")
        events = session.exec(select(Event).where(Event.name == "deal.created")).all()
    Joiner(database).react(events)
    with database.reading() as session:
        found = session.exec(select(Use).order_by(col(Use.id))).all()
        assert [(it.deal_id, it.deal_ref) for it in found] == [(deal.id, None), (None, "006")]


def test_a_batch_of_uses_makes_one_event_that_the_worker_is_not_woken_for(database: Database) -> None:
    woken = []
    database.on_commit.append(lambda: woken.append(1))
    with database.transaction() as session:
        cast = make_cast(session)
        asset, deal = make_live(session, cast), make_deal(session, "D1")
    woken.clear()
    with database.transaction() as session:
        record(session, cast.reader, *(make_line(asset, deal=("csv", "D1")) for _ in range(20)))
    with database.reading() as session:
        [event] = session.exec(select(Event).where(Event.name == "use.recorded"))
        assert event.data == {"count": 20, "assets": [asset.id], "deals": [deal.id]}
        assert session.exec(select(OutboxRow).where(OutboxRow.event_id == event.id)).one()
    assert woken == []


def test_what_was_taken_back_stays_so_when_it_is_sent_again(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        line = make_line(make_live(session, cast), external_id=ID)
        record(session, cast.reader, line)
        taken = taking_back.take_back(session, cast.reader, ID).taken_back_at
        assert taken is not None
        assert record(session, cast.reader, line).duplicates == 1
        assert taking_back.take_back(session, cast.reader, ID).taken_back_at == taken


def test_five_hundred_uses_ask_the_database_as_often_as_two(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        assets = [make_live(session, cast) for _ in range(3)]
    asked = []
    for size in (2, 500):
        with sqlite_database.transaction() as session, counted(sqlite_database) as statements:
            record(session, cast.reader, *(make_line(assets[n % 3]) for n in range(size)))
        asked.append(len(statements))
    assert asked[0] == asked[1]

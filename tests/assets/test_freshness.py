from datetime import timedelta

import pytest
from sqlmodel import select

from hub import clock
from hub.assets import approval, freshness, library, listing, offline, states
from hub.assets.listing import Filters
from hub.assets.models import Asset, Confirmation, Status
from hub.db import Database
from hub.errors import Conflict, Invalid
from hub.events.models import Event
from hub.people.roles import HUB
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import make_cast, make_draft, make_live


def days(number: int) -> timedelta:
    return timedelta(days=number)


def test_an_expired_asset_is_gone_at_midnight_even_before_the_worker_runs(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, expires_on=clock.today() + days(1))
    for later, listed in ((0, 1), (1, 1), (2, 0)):
        with clock.shifted(days(later)), database.reading() as session:
            assert listing.list_assets(session, cast.reader, Filters(status=[Status.PUBLISHED])).total == listed
            assert len(offline.library_for_extension(session, evidence={}).assets) == listed
    with clock.shifted(days(2)), database.reading() as session:
        shown = library.asset_detail(
            session, session.get_one(Asset, asset.id), asset.live_version_id or 0, with_draft=False
        )
        assert shown.status == Status.EXPIRED
        assert listing.list_assets(session, cast.reader, Filters(status=[Status.EXPIRED])).total == 1


def test_the_worker_records_an_expiry_once(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, expires_on=clock.today())
    with clock.shifted(days(1)):
        freshness.act_on_dates(database)
        freshness.act_on_dates(database)
    with database.reading() as session:
        assert session.get_one(Asset, asset.id).status == Status.EXPIRED
        assert len(session.exec(select(Event).where(Event.name == "asset.expired")).all()) == 1


def test_more_than_a_batch_expires_in_one_run(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        made = [make_draft(session, HUB, expires_on=clock.today()) for _ in range(freshness.BATCH + 5)]
        from hub.assets.drafts import head_of

        approval.publish_imported(session, HUB, [(asset, head_of(session, asset)) for asset in made], reason="import")
    with clock.shifted(days(1)):
        freshness.act_on_dates(sqlite_database)
    with sqlite_database.reading() as session:
        assert {asset.status for asset in session.exec(select(Asset))} == {Status.EXPIRED}


def test_owners_are_told_30_and_7_days_before_and_each_time_once(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        make_live(session, cast, review_by=clock.today() + days(40))
    told = []
    for later in range(45):
        with clock.shifted(days(later)):
            freshness.send_reminders(sqlite_database)
            if freshness.send_reminders(sqlite_database):
                pytest.fail("told twice on one day")
            with sqlite_database.reading() as session:
                told.append(len(session.exec(select(Event).where(Event.name == "asset.review_due")).all()))
    assert (told[9], told[10], told[32], told[33], told[44]) == (0, 1, 1, 2, 2)


def test_a_reminder_names_the_people_and_is_seen_by_them_alone(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, expires_on=clock.today() + days(5), authors={"sales": [cast.sales.id]})
    assert freshness.send_reminders(sqlite_database) == 1
    with sqlite_database.reading() as session:
        event = session.exec(select(Event).where(Event.name == "asset.expiry_due")).one()
        assert set(event.data["people"]) == {cast.author.id, cast.sales.id}
        assert event.data["days_before"] == 7
        [mine] = freshness.reminders_for(session, cast.sales)
        assert (mine.slug, mine.subject, mine.days_before) == (asset.slug, "expiry", 7)
        assert freshness.reminders_for(session, cast.reader) == []


def test_still_right_moves_the_date_and_nothing_else(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, review_by=clock.today() + days(180))
        live = asset.live_version_id
    freshness.send_reminders(sqlite_database)
    with clock.shifted(days(175)):
        freshness.send_reminders(sqlite_database)
        with sqlite_database.transaction() as session:
            found = session.get_one(Asset, asset.id)
            freshness.confirm(session, cast.sales, found, note="called two customers")
            assert found.review_by == clock.today() + days(180)
            assert (found.live_version_id, found.head_number) == (live, 1)
            kept = session.exec(select(Confirmation)).one()
            assert (kept.confirmed_by, kept.note) == (cast.sales.id, "called two customers")
            assert freshness.reminders_for(session, cast.author) == []


def test_only_a_live_text_can_be_confirmed_and_only_for_the_future(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        with pytest.raises(Conflict):
            freshness.confirm(session, cast.author, make_draft(session, cast.author))
        with pytest.raises(Invalid):
            freshness.confirm(session, cast.author, make_live(session, cast), review_by=clock.today())


def test_freshness_counts_live_assets_by_owner_persona_and_stage(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        terms.add(session, HUB, "personas", TermDraft(key="cfo", label="CFO"))
        terms.add(session, HUB, "personas", TermDraft(key="cio", label="CIO"))
        make_live(session, cast, review_by=clock.today(), tags={"personas": ["cfo"], "stages": ["decision"]})
        make_live(session, cast, review_by=clock.today() - days(1), tags={"personas": ["cfo"]})
        make_live(session, cast, tags={"stages": ["decision"]})
        make_draft(session, cast.author, review_by=clock.today())
        make_live(session, cast, review_by=clock.today(), expires_on=clock.today() - days(1))
        figures = freshness.figures(session)
    assert (figures.all.live, figures.all.fresh, figures.all.overdue, figures.all.undated) == (3, 1, 1, 1)
    assert figures.all.share == pytest.approx(1 / 3)
    by_persona = {group.key: (group.live, group.share) for group in figures.by_persona}
    assert by_persona == {"cfo": (2, 0.5), "cio": (0, None)}
    by_stage = {group.key: group.live for group in figures.by_stage}
    assert (by_stage["decision"], by_stage["awareness"]) == (2, 0)
    assert [(group.label, group.live) for group in figures.by_owner] == [(cast.author.name, 3)]


def test_days_end_with_the_day_that_is_named() -> None:
    assert not states.is_expired(clock.today())
    assert states.is_expired(clock.today() - days(1))
    assert not states.is_expired(None)
    assert states.is_fresh(clock.today()) is True
    assert states.is_fresh(None) is None

from datetime import timedelta

import pytest
from sqlalchemy import event

from hub import clock
from hub.assets import approval, history, library, listing
from hub.assets.listing import Filters
from hub.assets.models import Status
from hub.db import Database
from hub.errors import Invalid, NotAllowed, NotFound
from hub.people.roles import HUB
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import make_cast, make_draft, make_live, next_draft


def slugs_of(session, actor, **filters) -> set[str]:  # type: ignore[no-untyped-def]
    return {row.slug for row in listing.list_assets(session, actor, Filters(**filters), limit=200).items}


def test_a_list_shows_each_person_what_they_may_see(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        live = make_live(session, cast).slug
        mine = make_draft(session, cast.author).slug
        theirs = make_draft(session, cast.marketing, authors={"sales": [cast.reader.id]}).slug
        gone = make_live(session, cast)
        approval.retire(session, cast.sales, gone)
        assert slugs_of(session, cast.sales) == {live, mine, theirs}
        assert slugs_of(session, cast.author) == {live, mine}
        assert slugs_of(session, cast.reader) == {live, theirs}
        assert slugs_of(session, cast.reader, status=[Status.RETIRED]) == {gone.slug}
        assert slugs_of(session, cast.author, status=[Status.DRAFT]) == {mine}


def test_values_within_a_filter_widen_and_filters_together_narrow(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        for key in ("cfo", "cio"):
            terms.add(session, HUB, "personas", TermDraft(key=key, label=key.upper()))
        a = make_live(session, cast, tags={"personas": ["cfo"], "stages": ["decision"]}, kind="faq").slug
        b = make_live(session, cast, tags={"personas": ["cio"], "stages": ["decision"]}).slug
        c = make_live(session, cast, tags={"personas": ["cfo", "cio"], "stages": ["awareness"]}).slug
        find = cast.reader
        assert slugs_of(session, find, tags={"personas": ["cfo"]}) == {a, c}
        assert slugs_of(session, find, tags={"personas": ["cfo", "cio"]}) == {a, b, c}
        assert slugs_of(session, find, tags={"personas": ["cfo"], "stages": ["decision"]}) == {a}
        assert slugs_of(session, find, kind=["faq", "note"], tags={"stages": ["decision"]}) == {a, b}
        with pytest.raises(Invalid, match="nearest"):
            slugs_of(session, find, tags={"personas": ["cto"]})


def test_pages_cover_a_list_once_even_when_it_grows_meanwhile(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        wanted = {make_live(session, cast).slug for _ in range(7)}
        seen: list[str] = []
        cursor = None
        while True:
            page = listing.list_assets(session, cast.reader, Filters(), limit=3, cursor=cursor)
            seen += [row.slug for row in page.items]
            make_live(session, cast)
            if (cursor := page.next) is None or len(seen) > 20:
                break
        assert len(seen) == len(set(seen))
        assert wanted <= set(seen)


@pytest.mark.parametrize("cursor", ["x", "e30", "WzEsMl0", "W10", "%%%", "WyJhIiwxXQ"])
def test_a_cursor_that_is_none_of_ours_is_refused(sqlite_database: Database, cursor: str) -> None:
    with sqlite_database.reading() as session, pytest.raises(Invalid, match="cursor"):
        listing.list_assets(session, HUB, Filters(), cursor=cursor)


def test_a_list_asks_as_many_queries_for_twenty_rows_as_for_two(sqlite_database: Database) -> None:
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        seen.append(statement)

    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        for _ in range(20):
            next_draft(session, cast.author, make_live(session, cast))
    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    counts = []
    for limit in (2, 20):
        seen.clear()
        with sqlite_database.reading() as session:
            listing.list_assets(session, cast.sales, Filters(), limit=limit)
        counts.append(len(seen))
    event.remove(sqlite_database.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1] <= 6


def test_a_reader_gets_the_live_text_and_never_the_draft_behind_it(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, body="Live.\n")
        next_draft(session, cast.author, asset, body="Secret.\n")
        shown, may_see = library.version_to_show(session, cast.reader, asset, draft=False)
        detail = library.asset_detail(session, asset, shown, with_draft=may_see)
        assert (detail.body, detail.draft, may_see) == ("Live.\n", None, False)
        with pytest.raises(NotFound):
            library.version_to_show(session, cast.reader, asset, draft=True)
        with pytest.raises(NotFound):
            library.require_versions(session, cast.reader, asset, 2)
        assert [row.version for row in library.history(session, cast.reader, asset).items] == [1]
        shown, may_see = library.version_to_show(session, cast.author, asset, draft=True)
        detail = library.asset_detail(session, asset, shown, with_draft=may_see)
        assert (detail.body, detail.status, detail.live_version) == ("Secret.\n", Status.DRAFT, 1)
        assert [row.version for row in library.history(session, cast.author, asset).items] == [2, 1]


def test_a_difference_names_the_fields_and_the_words_that_changed(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, title="Old", body="It costs 10.\nSame.\n")
        next_draft(
            session, cast.author, asset, title="New", body="It costs 20.\nSame.\n", tags={"stages": ["decision"]}
        )
        told = library.difference(session, asset, 1, 2)
    assert {(change.field, str(change.before), str(change.after)) for change in told.fields} == {
        ("title", "Old", "New"),
        ("stages", "[]", "['decision']"),
    }
    [changed, _same] = told.body
    assert [(piece.kind, piece.text) for piece in changed.words] == [
        ("same", "It costs "),
        ("removed", "10"),
        ("added", "20"),
        ("same", ".\n"),
    ]


def test_the_event_log_is_for_admins_and_an_assets_own_for_those_who_see_its_drafts(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        with clock.shifted(timedelta(hours=-1)):
            asset = make_live(session, cast)
        page = history.events_of(session, cast.author, asset.slug, limit=2, cursor=None)
        assert [one.name for one in page.items] == ["asset.published", "asset.approved"]
        rest = history.events_of(session, cast.author, asset.slug, limit=20, cursor=page.next)
        assert rest.items[-1].name == "asset.created"
        assert rest.items[-1].actor is not None
        with pytest.raises(NotAllowed):
            history.events_of(session, cast.reader, asset.slug, limit=2, cursor=None)
        with pytest.raises(NotAllowed):
            history.all_events(session, cast.sales, name=None, limit=2, cursor=None)
        everything = history.all_events(session, cast.admin, name="asset.", limit=200, cursor=None)
        assert {one.subject_kind for one in everything.items} == {"asset"}
        assert history.all_events(session, cast.admin, name="asset.published", limit=9, cursor=None).total == 1

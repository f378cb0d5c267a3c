from pathlib import Path

import pytest
from sqlmodel import col, func, select

from hub.assets import drafts
from hub.assets.models import ContentConflict, Version
from hub.assets.texts import Text, text_of
from hub.blobs import Blobs
from hub.content import conflicts
from hub.db import Database
from hub.errors import NotAllowed, NotFound
from hub.events.models import Event
from hub.people.roles import HUB
from tests.factories.assets import make_cast
from tests.factories.content import Shelf, asset_named, content_file, head, reasons


@pytest.fixture
def shelf(database: Database, blobs: Blobs, tmp_path: Path) -> Shelf:
    """With one file that both sides have changed, and one that nobody has."""
    shelf = Shelf(database, blobs, tmp_path / "content")
    shelf.write("price.md", content_file("Agreed.\n", title="Price"))
    shelf.write("other.md", "# Other\n")
    shelf.sync()
    rewrite_in_hub(shelf, "Hub's text.\n")
    shelf.write("price.md", content_file("File's text.\n", title="Price"))
    return shelf


def rewrite_in_hub(shelf: Shelf, body: str, title: str = "Price") -> None:
    with shelf.database.transaction() as session:
        asset = asset_named(session, "price")
        base = text_of(session, drafts.head_of(session, asset))
        text = Text(title=title, body=body, summary=base.summary)
        drafts.write_version(session, HUB, asset, text, base_number=asset.head_number)


def test_a_conflict_is_reported_keeps_both_texts_and_stops_nothing(shelf: Shelf) -> None:
    shelf.write("third.md", "# Third\n")
    report = shelf.sync()
    assert (report.new, report.unchanged) == (1, 1)
    assert [(it.file, it.slug) for it in report.conflicts] == [("price.md", "price")]
    assert "hub content resolve" in reasons(report)["price.md"][1]
    with shelf.database.reading() as session:
        [conflict] = conflicts.open_conflicts(session, HUB)
        assert "File's text." in conflict.file_text
        assert "Hub's text." in conflict.hub_text
        assert "-Hub's text.\n+File's text.\n" in conflict.difference
        assert head(session, "price").body == "Hub's text.\n"


def test_syncing_again_repeats_the_report_but_not_the_conflict(shelf: Shelf) -> None:
    shelf.sync()
    assert len(shelf.sync().conflicts) == 1
    with shelf.database.reading() as session:
        assert session.exec(select(func.count()).select_from(ContentConflict)).one() == 1
        found = select(func.count()).select_from(Event).where(col(Event.name) == "content.conflict_found")
        assert session.exec(found).one() == 1


def test_the_same_change_on_both_sides_is_no_conflict(shelf: Shelf) -> None:
    rewrite_in_hub(shelf, "File's text.\n")
    report = shelf.sync()
    assert (report.conflicts, report.unchanged) == ([], 2)
    assert shelf.sync().unchanged == 2


def test_a_file_that_goes_back_ends_the_conflict(shelf: Shelf) -> None:
    shelf.sync()
    shelf.write("price.md", content_file("Agreed.\n", title="Price"))
    assert shelf.sync().conflicts == []
    with shelf.database.reading() as session:
        assert conflicts.open_conflicts(session, HUB) == []
        assert head(session, "price").body == "Hub's text.\n"


def test_taking_the_file_makes_its_text_the_newest_version(shelf: Shelf) -> None:
    shelf.sync()
    with shelf.database.transaction() as session:
        conflicts.resolve(session, HUB, "price.md", take="file")
    with shelf.database.reading() as session:
        version = head(session, "price")
        assert (version.number, version.body, version.source) == (3, "File's text.\n", "file")
        bodies = set(session.exec(select(Version.body).where(Version.asset_id == version.asset_id)))
        assert bodies == {"Agreed.\n", "Hub's text.\n", "File's text.\n"}
    assert shelf.sync().unchanged == 2
    assert shelf.export().unchanged == 2


def test_taking_the_hub_lets_the_next_export_write_over_the_file(shelf: Shelf) -> None:
    shelf.sync()
    with shelf.database.transaction() as session:
        conflicts.resolve(session, HUB, "price.md", take="hub")
    assert shelf.sync().unchanged == 2
    assert shelf.export().changed == 1
    assert b"Hub's text." in shelf.files()["price.md"]
    assert shelf.sync().unchanged == 2
    with shelf.database.reading() as session:
        resolved = select(Event).where(col(Event.name) == "content.conflict_resolved")
        assert "File's text." in session.exec(resolved).one().data["file_text"]


def test_a_file_edited_after_the_hub_was_taken_conflicts_anew(shelf: Shelf) -> None:
    shelf.sync()
    with shelf.database.transaction() as session:
        conflicts.resolve(session, HUB, "price.md", take="hub")
    shelf.write("price.md", content_file("File's second text.\n", title="Price"))
    assert len(shelf.sync().conflicts) == 1


def test_an_export_does_not_overwrite_a_file_in_conflict(shelf: Shelf) -> None:
    shelf.sync()
    before = shelf.files()["price.md"]
    assert "hub content sync" in reasons(shelf.export())["price.md"][1]
    assert shelf.files()["price.md"] == before


def test_a_date_that_both_sides_changed_is_a_conflict_and_one_that_only_the_hub_changed_is_none(
    shelf: Shelf,
) -> None:
    shelf.write("dates.md", content_file(title="Dates", review_by="2027-01-01", expires_on="2028-01-01"))
    shelf.sync()
    with shelf.database.transaction() as session:
        asset = asset_named(session, "dates")
        details = drafts.details_of(session, asset)
        details.review_by = details.review_by.replace(month=5) if details.review_by else None
        drafts.change_details(session, HUB, asset, details)
    shelf.write("dates.md", content_file(title="Dates", review_by="2027-01-01", expires_on="2028-06-01"))
    assert "dates.md" not in reasons(shelf.sync())
    with shelf.database.reading() as session:
        asset = asset_named(session, "dates")
        assert (str(asset.review_by), str(asset.expires_on)) == ("2027-05-01", "2028-06-01")
    shelf.write("dates.md", content_file(title="Dates", review_by="2027-02-01", expires_on="2028-06-01"))
    assert "review_by" in reasons(shelf.sync())["dates.md"][1]


def test_only_an_admin_settles_conflicts(shelf: Shelf) -> None:
    shelf.sync()
    with shelf.database.transaction() as session:
        cast = make_cast(session)
        with pytest.raises(NotAllowed):
            conflicts.resolve(session, cast.marketing, "price.md", take="file")
        with pytest.raises(NotAllowed):
            conflicts.open_conflicts(session, cast.sales)


def test_a_conflict_that_is_not_there_is_said(shelf: Shelf) -> None:
    with shelf.database.transaction() as session, pytest.raises(NotFound, match="hub content conflicts"):
        conflicts.resolve(session, HUB, "price.md", take="hub")

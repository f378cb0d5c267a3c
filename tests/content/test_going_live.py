"""Texts of a folder that were approved elsewhere go live as imported approvals; what people touched here does not."""

from pathlib import Path

import pytest
from sqlmodel import select

from hub.assets.models import Asset, Publication, Status
from hub.blobs import Blobs
from hub.content.going_live import publish_untouched
from hub.db import Database
from hub.errors import NotAllowed
from hub.people.roles import HUB
from tests.factories.assets import make_cast, next_draft
from tests.factories.content import Shelf, asset_named, content_file
from tests.factories.people import actor


@pytest.fixture
def shelf(database: Database, blobs: Blobs, tmp_path: Path) -> Shelf:
    return Shelf(database, blobs, tmp_path / "content")


def test_untouched_texts_of_the_folder_go_live_once_and_say_how(shelf: Shelf) -> None:
    for name in ("one", "two", "edited"):
        shelf.write(f"{name}.md", content_file(f"About {name}.\n"))
    shelf.sync()
    with shelf.database.transaction() as session:
        cast = make_cast(session)
        next_draft(session, cast.marketing, asset_named(session, "edited"))
    assert publish_untouched(shelf.database, HUB, folder="") == 2
    assert publish_untouched(shelf.database, HUB, folder="") == 0
    assert publish_untouched(shelf.database, HUB, folder="another") == 0
    with shelf.database.reading() as session:
        live = {asset.slug for asset in session.exec(select(Asset).where(Asset.status == Status.PUBLISHED))}
        assert live == {"one", "two"}
        assert set(session.exec(select(Publication.kind))) == {"imported"}


def test_only_an_admin_puts_a_folder_live(shelf: Shelf) -> None:
    with shelf.database.transaction() as session:
        approver = actor(session, role="approver")
    with pytest.raises(NotAllowed):
        publish_untouched(shelf.database, approver, folder="")

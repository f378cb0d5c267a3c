"""The demo story: told once, whole, and with the truths that were planted in it found by the evidence."""

from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from hub import seeds
from hub.assets.models import Asset
from hub.blobs import Blobs
from hub.db import Database
from hub.events.models import Event
from hub.insights.models import AssetEvidence
from hub.planning.models import Brief, Request
from hub.search.models import Search
from hub.seeds.pipeline import PLANTED
from hub.settings import Settings


@pytest.fixture
def story(sqlite_database: Database, tmp_path: Path) -> tuple[Database, Blobs, Settings]:
    settings = Settings(data_dir=tmp_path, content_dir=Path("content"))
    return sqlite_database, Blobs(settings.resolved_blob_url), settings


def test_the_story_is_told_once_and_its_planted_truths_are_found(story: tuple[Database, Blobs, Settings]) -> None:
    database = story[0]
    told = seeds.plant(*story)
    assert told["deals"] > 1_000
    with database.reading() as session:
        verdicts = _verdicts(session)
        helps = {slug for slug, verdict in verdicts.items() if verdict == "proven"}
        assert helps == {slug for slug, effect in PLANTED.items() if effect > 0}
        harms = {slug for slug, verdict in verdicts.items() if verdict == "goes_with_losing"}
        assert harms == {slug for slug, effect in PLANTED.items() if effect < 0}
        assert len(session.exec(select(Request)).all()) == 3
        assert session.exec(select(Brief)).one().title
        assert session.exec(select(Search).where(col(Search.chosen_asset_id).is_not(None))).first()
        events = _events(session)
    assert seeds.plant(*story) == told
    with database.reading() as session:
        assert [name for name in _events(session)[len(events) :] if name != "content.synced"] == []


def _verdicts(session: Session) -> dict[str, str]:
    rows = select(Asset.slug, AssetEvidence.verdict).join(Asset, col(Asset.id) == AssetEvidence.asset_id)
    return dict(session.exec(rows).all())


def _events(session: Session) -> list[str]:
    return list(session.exec(select(Event.name).order_by(col(Event.id))))

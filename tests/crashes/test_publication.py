"""Processes killed while they publish: what was acknowledged is there, and nothing is there by half."""

import random
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sqlmodel import Session, col, select

from hub.assets.models import (
    Asset,
    AssetAuthor,
    AssetSlug,
    Publication,
    Rendering,
    Review,
    Status,
    Submission,
    Version,
    VersionTag,
)
from hub.db import Database
from hub.events.deliver import Subscriber, Worker, pending
from hub.events.models import Event, OutboxRow
from tests.crashes.nursery import Nursery
from tests.factories.filled_hub import make_pair

PROCESSES = 8


def test_killed_publications_lose_nothing_acknowledged_and_leave_nothing_half(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with database.transaction() as session:
        pair = make_pair(session)
    signers = (str(pair.marketing.email), str(pair.sales.email))
    with Nursery(tmp_path) as nursery:
        children = [nursery.start("publish", database_url, *signers, f"p{number}") for number in range(PROCESSES)]
        for child in children:
            child.first_line()
            time.sleep(random.uniform(0, 0.3))
            child.kill()
        assert {child.wait() for child in children} == {-9}
    acknowledged = [line for child in children for line in child.lines()]
    assert len(acknowledged) > PROCESSES
    with database.reading() as session:
        assert_all_there(session, acknowledged)
        assert_nothing_half(session)
        if database.is_sqlite:
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert_pending_is_delivered(database)


def assert_all_there(session: Session, acknowledged: Iterable[str]) -> None:
    versions = {
        (slug, version.number): version
        for slug, version in session.exec(select(Asset.slug, Version).join(Version, col(Version.asset_id) == Asset.id))
    }
    published = set(session.exec(select(Publication.version_id)))
    for line in acknowledged:
        deed, slug, *number = line.split()
        version = versions[slug, int(number[0]) if number else 1]
        assert deed != "published" or version.id in published, line


def assert_nothing_half(session: Session) -> None:
    versions: dict[int, list[Version]] = defaultdict(list)
    for version in session.exec(select(Version).order_by(col(Version.number))):
        versions[version.asset_id].append(version)
    events = {(event.subject_id, event.name, event.data.get("version")) for event in session.exec(select(Event))}
    for asset in session.exec(select(Asset)):
        own = versions.pop(asset.id or 0)
        assert [version.number for version in own] == list(range(1, asset.head_number + 1)), asset.slug
        assert own[-1].id == asset.head_version_id
        teams = session.exec(select(AssetAuthor.team).where(AssetAuthor.asset_id == asset.id))
        assert sorted(teams) == ["marketing", "sales"], asset.slug
        assert session.get(AssetSlug, asset.slug) is not None
        for version in own:
            name = "asset.created" if version.number == 1 else "asset.version_created"
            assert (asset.id, name, version.number) in events
            assert session.exec(select(VersionTag).where(VersionTag.version_id == version.id)).all()
            assert session.get(Rendering, version.id) is not None
        assert_rightfully_live(session, asset, events)
    assert not versions, "versions without their asset"
    recorded = set(session.exec(select(Event.id).where(Event.subject_kind == "asset")))
    assert set(session.exec(select(OutboxRow.event_id))) == recorded, "nobody has delivered any yet"


def assert_rightfully_live(session: Session, asset: Asset, events: set[tuple[object, ...]]) -> None:
    publications = session.exec(select(Publication).where(Publication.asset_id == asset.id)).all()
    running_now = [made.version_id for made in publications if made.ended_at is None]
    assert running_now == ([asset.live_version_id] if asset.live_version_id else []), asset.slug
    assert asset.status == (Status.PUBLISHED if running_now else Status.DRAFT)
    for made in publications:
        version = session.get_one(Version, made.version_id)
        reviews = session.exec(select(Review).where(Review.version_id == version.id)).all()
        assert {(review.team, review.content_hash) for review in reviews} == {
            ("marketing", version.content_hash),
            ("sales", version.content_hash),
        }
        assert len({review.reviewer_id for review in reviews}) == 2
        assert (asset.id, "asset.published", version.number) in events
    waiting = select(Submission).where(Submission.asset_id == asset.id, col(Submission.closed_at).is_(None))
    assert not session.exec(waiting).all(), "a submission is published in the transaction that made it"


def assert_pending_is_delivered(database: Database) -> None:
    with database.reading() as session:
        waiting = sorted(session.exec(select(OutboxRow.event_id)))
    heard: list[int | None] = []
    listener = Subscriber("listener", ("asset.", "writing."), lambda events: heard.extend(event.id for event in events))
    worker = Worker(database, [listener])
    worker.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and is_anything_pending(database):
        time.sleep(0.02)
    worker.stop()
    assert not is_anything_pending(database)
    assert sorted(filter(None, heard)) == waiting


def is_anything_pending(database: Database) -> bool:
    with database.reading() as session:
        return pending(session) > 0

"""The starter library, and how far each text has come: most of it live for more than a year, the newest on its way."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from hub import clock, shipped
from hub.assets import approval, drafts
from hub.assets.models import Asset, Decision, Publication, Status, Version
from hub.blobs import Blobs
from hub.content import sync
from hub.content.folder import Folder
from hub.db import Database
from hub.people.roles import Actor, Team
from hub.seeds.cast import MARKETER, SELLER, actor
from hub.settings import Settings
from hub.taxonomy import terms

# Days since most of the library was written: before the first deal of the story.
BEGUN = 520
WAITING_FOR_BOTH, WAITING_FOR_SALES, SENT_BACK, NEVER_SUBMITTED = 2, 2, 1, 2


def load(database: Database, blobs: Blobs, settings: Settings) -> None:
    """The taxonomy and the assets, as a sync of the content folder brings them."""
    with database.transaction() as session:
        terms.ensure_builtin(session)
    with database.reading() as session:
        is_first = session.exec(select(Asset.id).limit(1)).first() is None
    library = _library(settings)
    folder = Folder.at(library, configured=library, max_attachment_bytes=settings.max_attachment_bytes)
    with clock.shifted(timedelta(days=-BEGUN if is_first else 0)):
        sync.sync(database, blobs, folder)


def move_along(database: Database) -> None:
    """Both teams approved most of the library; the newest pieces are still on their way."""
    with database.transaction() as session:
        _move_along(session)


def _library(settings: Settings) -> Path:
    return settings.content_dir if settings.content_dir.is_dir() else shipped.folder("content")


def _move_along(session: Session) -> None:
    untouched = (
        select(Asset, Version)
        .join(Version, col(Version.id) == Asset.head_version_id)
        .where(Asset.status == Status.DRAFT, Asset.head_number == 1, Version.source == "file")
        .where(~select(Publication.id).where(Publication.asset_id == Asset.id).exists())
        .order_by(col(Asset.slug))
    )
    rows = session.exec(untouched).all()
    if not rows or session.exec(select(Publication.id).limit(1)).first() is not None:
        return
    marketer, seller = (actor(session, who) for who in (MARKETER, SELLER))
    unfinished = WAITING_FOR_BOTH + WAITING_FOR_SALES + SENT_BACK + NEVER_SUBMITTED
    # Every so-many-th asset, so that the unfinished ones are of different kinds.
    step = max(1, len(rows) // unfinished)
    late = {asset.slug: place for place, (asset, _) in enumerate(rows[::step][:unfinished])}
    for place, (asset, version) in enumerate(rows):
        if asset.slug in late:
            with clock.shifted(timedelta(days=-late[asset.slug] / 2)):
                _leave_unfinished(session, late[asset.slug], asset, version, marketer, seller)
        else:
            with clock.shifted(timedelta(days=-20 - place % 40 if place % 8 == 0 else place % 60 - BEGUN)):
                _approve(session, asset, version, marketer, seller)


def _leave_unfinished(
    session: Session, place: int, asset: Asset, version: Version, marketer: Actor, seller: Actor
) -> None:
    if place >= WAITING_FOR_BOTH + WAITING_FOR_SALES + SENT_BACK:
        return
    approval.submit(session, marketer, asset, 1, note="Ready, please have a look.")
    if place < WAITING_FOR_BOTH:
        return
    if place < WAITING_FOR_BOTH + WAITING_FOR_SALES:
        _decide(session, marketer, asset, version, Decision.APPROVED)
    else:
        _decide(session, seller, asset, version, Decision.CHANGES_REQUESTED, "Nobody says it like this on a call.")


def _approve(session: Session, asset: Asset, version: Version, marketer: Actor, seller: Actor) -> None:
    approval.submit(session, marketer, asset, 1)
    _decide(session, marketer, asset, version, Decision.APPROVED)
    _decide(session, seller, asset, version, Decision.APPROVED)


def _decide(session: Session, who: Actor, asset: Asset, version: Version, decision: Decision, note: str = "") -> None:
    team = Team(who.team)
    given: dict[str, Any] = {"decision": decision, "content_hash": version.content_hash, "note": note}
    approval.review(session, who, drafts.locked(session, asset.slug), 1, team=team, **given)

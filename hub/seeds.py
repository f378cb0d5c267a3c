"""The demo story: the starter library, the people who wrote it, and how far each text has come.

Everything goes through the domain functions, as people would do it. Planting twice changes nothing: only texts that
nobody has touched yet are moved along.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from hub import clock, shipped
from hub.assets import approval, drafts
from hub.assets.models import Asset, Decision, Publication, Status, Version
from hub.blobs import Blobs
from hub.content import sync
from hub.content.folder import Folder
from hub.db import Database
from hub.people import directory, passwords
from hub.people.models import Person
from hub.people.roles import HUB, Actor, Role, Team
from hub.settings import Settings
from hub.taxonomy import terms

# (e-mail, name, team, role, what they show): one of each kind of user.
CAST = (
    ("admin@example.com", "Alex Admin", Team.OTHER, Role.ADMIN, "may do everything but approve"),
    ("ana.keller@example.com", "Ana Keller", Team.MARKETING, Role.APPROVER, "approves for marketing"),
    ("ben.osei@example.com", "Ben Osei", Team.SALES, Role.APPROVER, "approves for sales"),
    ("marieke.deboer@example.com", "Marieke de Boer", Team.MARKETING, Role.CONTRIBUTOR, "writes for marketing"),
    ("sofia.marin@example.com", "Sofia Marin", Team.SALES, Role.CONTRIBUTOR, "writes for sales"),
    ("rita.rep@example.com", "Rita Rep", Team.SALES, Role.READER, "searches and uses"),
)
MARKETER, SELLER = "ana.keller@example.com", "ben.osei@example.com"
WAITING_FOR_BOTH, WAITING_FOR_SALES, SENT_BACK, NEVER_SUBMITTED = 2, 2, 1, 2


def plant(database: Database, blobs: Blobs, settings: Settings) -> dict[str, int]:
    """Load the story into a hub; returns how many assets are live, how many are not, and how many people there are."""
    with database.transaction() as session:
        terms.ensure_builtin(session)
    library = _library(settings)
    folder = Folder.at(library, configured=library, max_attachment_bytes=settings.max_attachment_bytes)
    sync.sync(database, blobs, folder)
    _add_people(database, settings)
    with database.transaction() as session:
        _move_along(session)
    with database.reading() as session:
        published = select(func.count()).where(Asset.status == Status.PUBLISHED)
        return {
            "published": session.exec(published).one(),
            "drafts": session.exec(select(func.count()).where(Asset.status != Status.PUBLISHED)).one(),
            "people": session.exec(select(func.count()).select_from(Person)).one(),
        }


def how_to_sign_in(settings: Settings, base_url: str) -> Iterator[str]:
    """What `hub demo` prints: an address, and a way in for each kind of user."""
    password = demo_password(settings)
    yield f"\nThe hub is at {base_url}  (API pages: {base_url}/api/v1/docs)"
    yield f"\nSign in as any of these, password: {password}\n"
    for email, _, team, role, what in CAST:
        yield f"  {email:<28} {team:<10} {role:<12} {what}"
    yield "\nFrom the command line, as one of them:"
    scopes = "--scope content:read --scope content:write"
    yield f"  export HUB_TOKEN=$(hub token create ben.osei@example.com --name laptop {scopes})"
    yield "  hub asset queue\n  hub asset list --stage decision\n"


def demo_password(settings: Settings) -> str:
    """One password for the made-up people, different on every hub: made from its secret key, so nobody can know it who
    has not seen it printed."""
    digest = hmac.new(settings.secret().encode(), b"demo password", hashlib.sha256).hexdigest()
    return "-".join(("demo", digest[:5], digest[5:10], digest[10:15]))


def _library(settings: Settings) -> Path:
    return settings.content_dir if settings.content_dir.is_dir() else shipped.folder("content")


def _add_people(database: Database, settings: Settings) -> None:
    password = demo_password(settings)
    for email, name, team, role, _ in CAST:
        with database.reading() as session:
            query = select(Person).where(Person.email == email, col(Person.password_hash).is_not(None))
            if session.exec(query).first() is not None:
                continue
        hashed = passwords.hashed(password, email=email, name=name)  # slow on purpose: outside of any transaction
        with database.transaction() as session:
            directory.add_person(session, HUB, email=email, name=name, team=team, role=role, password=hashed)


def _move_along(session: Session) -> None:
    """Both teams approved most of the library a few weeks ago; the newest pieces are still on their way."""
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
    marketer, seller = (directory.actor_for(directory.person_by_email(session, who)) for who in (MARKETER, SELLER))
    unfinished = WAITING_FOR_BOTH + WAITING_FOR_SALES + SENT_BACK + NEVER_SUBMITTED
    # Every so-many-th asset, so that the unfinished ones are of different kinds.
    step = max(1, len(rows) // unfinished)
    late = {asset.slug: place for place, (asset, _) in enumerate(rows[::step][:unfinished])}
    for place, (asset, version) in enumerate(rows):
        if asset.slug in late:
            with clock.shifted(timedelta(days=-late[asset.slug] / 2)):
                _leave_unfinished(session, late[asset.slug], asset, version, marketer, seller)
        else:
            with clock.shifted(timedelta(days=-20 - place % 40)):
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

"""Terms for tests, and assets that are tagged with them, put straight into their tables."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlmodel import Session, col, select

from hub import clock
from hub.assets.models import Asset, Version, VersionTag
from hub.db import Database
from hub.events.models import Event
from hub.people.roles import HUB
from hub.taxonomy import rows
from hub.taxonomy.models import Term

_numbers = itertools.count(1)


def make_term(session: Session, vocabulary: str, key: str, **fields: Any) -> Term:
    """A stored, confirmed term at the end of its vocabulary; its label is its key with a capital unless given."""
    fields = {"label": key.capitalize(), "position": rows.next_position(session, vocabulary)} | fields
    return rows.add_term(session, HUB, vocabulary, key, fields)


def make_version(session: Session, *tags: Term, asset: Asset | None = None, language: str = "en") -> Version:
    """A version with these tags, of an asset of its own unless one is given."""
    number = next(_numbers)
    now = clock.now()
    if asset is None:
        asset = Asset(slug=f"asset-{number}", created_at=now, updated_at=now)
        session.add(asset)
        session.flush()
    version = Version(
        asset_id=asset.id or 0,
        number=number,
        title=f"Asset {number}",
        summary="",
        body="",
        kind="note",
        language=language,
        audience="internal",
        tags={},
        content_hash=f"sha256:{number}",
        created_at=now,
    )
    session.add(version)
    session.flush()
    session.add_all(VersionTag(version_id=version.id or 0, term_id=term.id or 0) for term in tags)
    session.flush()
    return version


def tags_of(session: Session, version: Version) -> list[str]:
    """`vocabulary/key` of each of a version's tags, sorted."""
    query = select(Term.vocabulary, Term.key).join(VersionTag).where(VersionTag.version_id == version.id)
    return sorted(f"{vocabulary}/{key}" for vocabulary, key in session.exec(query))


def events_of(session: Session, term_id: int | None) -> list[tuple[str, dict[str, Any]]]:
    """(name, data) of each event of a term, oldest first."""
    session.flush()
    of_term = select(Event).where(Event.subject_kind == "term", Event.subject_id == term_id)
    return [(event.name, event.data) for event in session.exec(of_term.order_by(col(Event.id)))]


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A transaction that leaves nothing behind, for one example of many."""
    with Session(database.engine) as session:
        yield session
        session.rollback()

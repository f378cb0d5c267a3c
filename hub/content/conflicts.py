"""Conflicts between a content file and its asset: both changed since they last agreed, and somebody has to
choose.

The file's text is kept in the conflict's row, the asset's in its versions. Choosing the file makes it the
newest version; choosing the hub lets the next export write over the file, and the file's text stays in the
event log.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlmodel import Session, col, delete, func, select

from hub import clock
from hub.assets import drafts
from hub.assets.differences import unified
from hub.assets.models import Asset, ContentConflict, ContentFile
from hub.assets.texts import AttachedFile
from hub.content import agreements, candidates
from hub.content.agreements import People
from hub.content.candidates import Candidate
from hub.content.fields import read as read_fields
from hub.content.folder import shown
from hub.content.front_matter import ContentError
from hub.content.words import Words
from hub.errors import Fault, HubError, Invalid, NotFound
from hub.events.models import Event
from hub.events.names import EventName
from hub.events.record import record as record_event
from hub.people.roles import Actor, Deed, require

Side = Literal["file", "hub"]


class ContentConflictOut(BaseModel):
    """Both texts as whole content files, and the unified difference from the hub's to the file's."""

    folder: str
    path: str
    slug: str
    found_at: datetime
    file_text: str
    hub_text: str
    difference: str


def note(session: Session, record: ContentFile, asset: Asset, file: Candidate) -> None:
    """Keep the file's text. The same conflict found again changes nothing."""
    known = session.get(ContentConflict, (record.folder, record.path))
    if known is not None and (known.file_digest, known.head_number) == (file.digest, asset.head_number):
        return
    if known is not None:
        session.delete(known)
        session.flush()
    session.add(
        ContentConflict(
            folder=record.folder,
            path=record.path,
            asset_id=asset.id or 0,
            file_text=file.text,
            file_digest=file.digest,
            head_number=asset.head_number,
            found_at=clock.now(),
        )
    )
    attached = [asdict(attachment) for attachment in file.attached]
    _tell(
        session, EventName.CONFLICT_FOUND, None, asset, path=record.path, head=asset.head_number, attached=attached
    )  # fmt: skip


def forget(session: Session, record: ContentFile) -> None:
    """File and asset agree again."""
    key = (col(ContentConflict.folder) == record.folder) & (col(ContentConflict.path) == record.path)
    session.exec(delete(ContentConflict).where(key))


def open_conflicts(session: Session, actor: Actor) -> list[ContentConflictOut]:
    """All that wait for a choice, by path."""
    require(actor, Deed.IMPORT_CONTENT)
    query = select(ContentConflict, Asset).join(Asset, col(Asset.id) == ContentConflict.asset_id)
    rows = session.exec(query.order_by(col(ContentConflict.folder), col(ContentConflict.path))).all()
    return [_view(session, conflict, asset) for conflict, asset in rows]


def open_conflict(session: Session, actor: Actor, path: str, *, folder: str = "") -> ContentConflictOut:
    """The conflict of one file. Raises NotFound."""
    require(actor, Deed.IMPORT_CONTENT)
    conflict = _find(session, folder, path)
    return _view(session, conflict, session.get_one(Asset, conflict.asset_id))


def count_open(session: Session) -> int:
    return session.exec(select(func.count()).select_from(ContentConflict)).one()


def resolve(session: Session, actor: Actor, path: str, *, take: Side, folder: str = "") -> Asset:
    """Choose a side for the conflict of a file. Raises NotFound, and Invalid when the file's text is of no use now."""
    require(actor, Deed.IMPORT_CONTENT)
    conflict = _find(session, folder, path)
    record = session.get_one(ContentFile, (conflict.folder, conflict.path))
    query = select(Asset).where(Asset.id == conflict.asset_id).with_for_update()
    asset = session.exec(query.execution_options(populate_existing=True)).one()
    if take == "file":
        _take_file(session, actor, asset, record, conflict)
    else:
        record.digest = (
            conflict.file_digest
        )  # seen and passed over: the next sync is silent, the next export overwrites
    _tell(
        session, EventName.CONFLICT_RESOLVED, actor.id, asset, path=path, take=take, file_text=conflict.file_text,
        hub_version=conflict.head_number,
    )  # fmt: skip
    session.delete(conflict)
    session.flush()
    return asset


def _find(session: Session, folder: str, path: str) -> ContentConflict:
    query = select(ContentConflict).where(ContentConflict.path == path)
    found = list(session.exec(query))
    exact = [it for it in found if it.folder == folder] or found
    if len(exact) != 1:
        raise NotFound(f"There is no conflict about {shown(path)}. `hub content conflicts` lists them.")
    return exact[0]


def _take_file(session: Session, actor: Actor, asset: Asset, record: ContentFile, conflict: ContentConflict) -> None:
    words = Words.of(session)
    data = conflict.file_text.encode()
    try:
        stated = read_fields(data, conflict.path, vocabularies=words.tagging)
        tags = words.tags(stated)
    except ContentError as error:
        raise _unusable(conflict.path, error) from error
    words.hold(session, [tags])
    attached = _attached(session, asset, conflict.path)
    text = agreements.text_of(stated, tags, words.language(stated), attached)
    if stated.slug is not None:
        drafts.rename(session, actor, asset, stated.slug)
    try:
        drafts.write_version(
            session, actor, asset, text, base_number=asset.head_number, source="file", path=conflict.path,
            note="the file's side of a conflict",
        )  # fmt: skip
    except HubError as error:
        raise _unusable(conflict.path, candidates.error_in_body(stated, error)) from error
    wanted = People(session, actor).details(stated)
    drafts.change_details(session, actor, asset, wanted)
    agreements.agree(
        record, conflict.file_digest, stated.front_matter,
        version_number=asset.head_number, details_digest=agreements.details_digest(asset.slug, wanted),
    )  # fmt: skip


def _attached(session: Session, asset: Asset, path: str) -> tuple[AttachedFile, ...]:
    """What the file attached when the conflict was found: the bytes were stored then, and the event says which."""
    found = select(Event).where(
        Event.subject_kind == "asset", Event.subject_id == asset.id, Event.name == EventName.CONFLICT_FOUND
    )
    for event in session.exec(found.order_by(col(Event.id).desc())):
        if event.data["path"] == path:
            return tuple(AttachedFile(**file) for file in event.data["attached"])
    return ()


def _view(session: Session, conflict: ContentConflict, asset: Asset) -> ContentConflictOut:
    from hub.content.export import as_file

    hub_text = as_file(session, asset, folder=conflict.folder, path=conflict.path)
    difference = unified(hub_text, conflict.file_text, names=("hub", "file"))
    return ContentConflictOut(
        folder=conflict.folder,
        path=conflict.path,
        slug=asset.slug,
        found_at=conflict.found_at,
        file_text=conflict.file_text,
        hub_text=hub_text,
        difference=difference,
    )


def _unusable(path: str, error: ContentError) -> Invalid:
    fault = Fault(("file", error.line), error.reason)
    return Invalid(f"The text of {shown(path)} cannot be taken: line {error.line}: {error.reason}", errors=[fault])


def _tell(session: Session, name: EventName, actor_id: int | None, asset: Asset, **data: object) -> None:
    record_event(session, name, actor_id=actor_id, subject=("asset", asset.id, asset.slug), **data)

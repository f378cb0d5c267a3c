"""Attached files: stored once by content hash, read for search, with a picture of the first page."""

import threading
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from hub import clock
from hub.assets.extraction import Extract, ExtractionRefused, Limits, extract, safe_name
from hub.assets.models import Asset, Attachment, AttachmentPage, Publication, Version, VersionAttachment
from hub.assets.policy import drafts_seen_by
from hub.blobs import Blobs, digest_of
from hub.errors import Fault, Invalid, NotFound, TooLarge
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor, Deed, require

# Each reader may take a gigabyte and a core: however many files arrive at once, a process reads two at a time.
_READERS = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class ReadFile:
    """A file that was read and found harmless, ready to be stored."""

    digest: str
    name: str
    data: bytes
    extract: Extract


def read_file(data: bytes, name: str, *, limit: int) -> ReadFile:
    """Read a file in a bounded process of its own; takes a moment, so call it outside of a transaction.

    Raises Invalid, with the reason and the cure, for what cannot be read: encrypted, damaged, disguised, a bomb.
    """
    if len(data) > limit:
        raise TooLarge(f"{name} has {len(data):,} bytes; at most {limit:,} are allowed.")
    try:
        with _READERS:
            found = extract(data, name, Limits(bytes=limit))
    except ExtractionRefused as refused:
        raise Invalid(f"{name}: {refused.reason}", errors=[Fault(("body", "file"), refused.reason)]) from refused
    return ReadFile(digest_of(data), safe_name(name), data, found)


def store(session: Session, blobs: Blobs, actor: Actor, file: ReadFile) -> Attachment:
    """Keep the bytes, then the row: a row never names bytes that are not there. Storing it again changes nothing."""
    require(actor, Deed.CREATE_ASSET)
    if (known := session.get(Attachment, file.digest)) is not None:
        return known
    found = file.extract
    blobs.put(blob_key(file.digest), file.data)
    if found.thumbnail is not None:
        blobs.put(thumbnail_key(file.digest), found.thumbnail)
    made = Attachment(
        digest=file.digest,
        media_type=found.media_type,
        size=len(file.data),
        page_count=found.page_count,
        truncated=found.truncated,
        has_thumbnail=found.thumbnail is not None,
        stored_by=actor.id,
        stored_at=clock.now(),
    )
    session.add(made)
    session.flush()
    session.add_all(AttachmentPage(digest=file.digest, page=page.number, text=page.text) for page in found.pages)
    record(
        session, EventName.ATTACHMENT_STORED, actor_id=actor.id, subject=("attachment", None, file.digest),
        file=file.name, media_type=found.media_type, size=len(file.data),
    )  # fmt: skip
    return made


def fetch(
    session: Session, blobs: Blobs, actor: Actor, digest: str, *, thumbnail: bool = False
) -> tuple[Attachment, bytes]:
    """An attachment with its bytes (or the picture of its first page), for whoever uploaded it or may read a version
    that names it. Raises NotFound for everybody else."""
    row = session.exec(select(Attachment).where(Attachment.digest == digest, _readable_by(actor))).one_or_none()
    key = thumbnail_key(digest) if thumbnail else blob_key(digest)
    data = blobs.get(key) if row is not None and (row.has_thumbnail or not thumbnail) else None
    if row is None or data is None:
        raise NotFound("There is no such attachment, or none that you may read.")
    return row, data


def _readable_by(actor: Actor) -> ColumnElement[bool]:
    was_live = exists().where(col(Publication.version_id) == VersionAttachment.version_id)
    named = (
        exists()
        .where(col(VersionAttachment.digest) == Attachment.digest, col(Version.id) == VersionAttachment.version_id)
        .where(col(Asset.id) == Version.asset_id, or_(was_live, drafts_seen_by(actor)))
    )
    return or_(col(Attachment.stored_by) == actor.id, named)


def blob_key(digest: str) -> str:
    return f"attachments/{digest[:2]}/{digest}"


def thumbnail_key(digest: str) -> str:
    return f"thumbnails/{digest[:2]}/{digest}.webp"

"""Notes on passages of a version, and who opened which text. Both belong to one text, which never changes."""

from collections.abc import Collection, Iterable

from sqlmodel import Session, col, select

from hub import clock
from hub.assets import renderings
from hub.assets.markdown import one_line
from hub.assets.models import Asset, Rendering, Version
from hub.assets.policy import may_on, require_on
from hub.assets.schemas import PassageNoteOut, PersonRef
from hub.assets.texts import text_of
from hub.assets.writing_models import OpenedVersion, PassageNote
from hub.db import id_of
from hub.errors import Conflict, Fault, Invalid, NotAllowed, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team

MOST_OPEN = 200


def blocks_of(session: Session, version: Version) -> list[str]:
    """The text of a version as a reader sees it, block by block: headings, paragraphs, lines of lists and tables."""
    kept = session.get(Rendering, version.id)
    if kept is not None:
        passages: Iterable[tuple[str, str]] = ((one["heading"], one["text"]) for one in kept.passages)
    else:
        made = renderings.rendered_or_plain(version.body, path=None, attachments=text_of(session, version).attachments)
        passages = ((one.heading, one.text) for one in made.passages)
    lines = (line for heading, text in passages for line in (heading, *text.split("\n")))
    return [line for line in map(one_line, lines) if line]


def add(session: Session, actor: Actor, asset: Asset, version: Version, *, quote: str, text: str) -> PassageNote:
    """A note on a passage that this version has, word for word. Its authors are told.

    Raises NotAllowed or NotFound, Invalid for a passage that is not in the text, Conflict when there are too many.
    """
    require_on(session, actor, Deed.NOTE_PASSAGE, asset)
    passage = one_line(quote)
    if not passage or _squeezed(passage) not in _squeezed(" ".join([version.summary, *blocks_of(session, version)])):
        fault = Fault(("body", "quote"), "choose words of the text as they stand there")
        raise Invalid(f"Version {version.number} has no such passage.", errors=[fault])
    if actor.id is None:
        raise NotAllowed("Only people write notes.")
    if len(session.exec(select(PassageNote.id).where(PassageNote.version_id == version.id)).all()) >= MOST_OPEN:
        raise Conflict(f"There are {MOST_OPEN} notes on this text. Ask for changes instead.")
    made = PassageNote(
        version_id=id_of(version), person_id=actor.id, quote=passage, text=text, made_at=clock.now()
    )  # fmt: skip
    session.add(made)
    session.flush()
    record(
        session, EventName.PASSAGE_NOTED, actor_id=actor.id, subject=("asset", asset.id, asset.slug),
        version=version.number, hash=version.content_hash, title=version.title, quote=passage[:200], note=text,
    )  # fmt: skip
    return made


def settle(
    session: Session, actor: Actor, asset: Asset, version: Version, note_id: int, *, settled: bool
) -> PassageNote:
    """Say that a note is dealt with, or that it is not. Repeating it changes nothing."""
    require_on(session, actor, Deed.NOTE_PASSAGE, asset)
    note = session.get(PassageNote, note_id)
    if note is None or note.version_id != version.id:
        raise NotFound(f"There is no note {note_id} on version {version.number}.")
    if settled != (note.settled_at is not None):
        note.settled_at, note.settled_by = (clock.now(), actor.id) if settled else (None, None)
        session.flush()
    return note


def notes_on(session: Session, actor: Actor, asset: Asset, version: Version) -> list[PassageNoteOut]:
    """All notes on a version, in the order in which their passages stand. For those who may see its draft."""
    if not may_on(session, actor, Deed.READ_DRAFTS, asset):
        raise NotFound(f"There are no notes on {asset.slug!r} that you may see.")
    rows = session.exec(
        select(PassageNote, Person)
        .join(Person, col(Person.id) == PassageNote.person_id)
        .where(PassageNote.version_id == version.id)
        .order_by(col(PassageNote.id))
    ).all()
    if not rows:
        return []
    text = _squeezed(" ".join([version.summary, *blocks_of(session, version)]))
    return [shown(note, person) for note, person in sorted(rows, key=lambda row: text.find(_squeezed(row[0].quote)))]


def shown(note: PassageNote, person: Person) -> PassageNoteOut:
    return PassageNoteOut(
        id=id_of(note),
        person=PersonRef(id=id_of(person), name=person.name, team=Team(person.team)),
        quote=note.quote,
        text=note.text,
        made_at=note.made_at,
        settled_at=note.settled_at,
    )


def note_opened(session: Session, actor: Actor, version: Version) -> None:
    """This person has the text before them. Repeating it changes nothing."""
    if actor.id is None or session.get(OpenedVersion, (version.id, actor.id)) is not None:
        return
    session.add(OpenedVersion(version_id=id_of(version), person_id=actor.id, opened_at=clock.now()))
    session.flush()


def opened_of(session: Session, actor: Actor, version_ids: Collection[int]) -> set[int]:
    """Which of these versions this person opened."""
    query = select(OpenedVersion.version_id).where(
        OpenedVersion.person_id == actor.id, col(OpenedVersion.version_id).in_(version_ids)
    )
    return set(session.exec(query))


def _squeezed(text: str) -> str:
    """Without any white space: a browser's selection puts other line ends and tabs between cells than a text has."""
    return "".join(text.split())

"""A content file and its asset side by side: whether they say the same, and what follows where only one has
changed.

The record of an agreement (`ContentFile`) keeps what the file said when the two last met: its digest, its
front matter verbatim, and the number of the version whose text it had.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session, col, select

from hub.assets import drafts
from hub.assets.drafts import Details
from hub.assets.models import Asset, ContentFile, Version
from hub.assets.texts import AttachedFile, Text
from hub.content import fields as content_fields
from hub.content.fields import Stated
from hub.content.front_matter import ContentError
from hub.content.words import Tags
from hub.people import directory
from hub.people.models import Person
from hub.people.roles import Actor

_FIELDS = ("owner_id", "authors", "review_by", "expires_on", "extra")
_STATED_AS = {"owner_id": "owner"}


class People:
    """Names in files as person ids, each looked up once in a transaction."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session, self._actor = session, actor
        self._added: dict[tuple[str | None, str], list[int]] = {}

    def details(self, stated: Stated) -> Details:
        """What a file says beside its text. Those whom the hub does not know yet are added, without a sign-in."""
        owner = self._ids(None, [stated.owner]) if stated.owner else []
        authors = {team: self._ids(team, names) for team, names in stated.authors.items()}
        return Details(owner[0] if owner else None, authors, stated.review_by, stated.expires_on, stated.extra)

    def _ids(self, team: str | None, names: Sequence[str]) -> list[int]:
        for name in names:
            if (team, name) not in self._added:
                if team is None:
                    person = directory.find_or_add(self._session, name, actor=self._actor)
                    self._added[team, name] = [person.id or 0]
                else:
                    ids = drafts.author_ids(self._session, self._actor, {team: [name]})
                    self._added[team, name] = ids.get(team, [])
        return list(dict.fromkeys(id for name in names for id in self._added[team, name]))


class KnownPeople:
    """The same without adding anybody: who is not known has the id 0, which is nobody's."""

    def __init__(self, session: Session) -> None:
        people = session.exec(select(Person.id, Person.email, Person.name).order_by(col(Person.id).desc()))
        self._ids: dict[str, int] = {}
        self.names: dict[int, str] = {}
        rows = people.all()
        for id, _, name in rows:
            self._ids[name] = id or 0
        for id, email, name in rows:
            if email:
                self._ids[email] = id or 0
            self.names[id or 0] = email or name

    def details(self, stated: Stated) -> Details:
        owner = self._id(stated.owner) if stated.owner else None
        authors = {
            team: list(dict.fromkeys(self._id(name) for name in names)) for team, names in stated.authors.items()
        }
        return Details(owner, authors, stated.review_by, stated.expires_on, stated.extra)

    def _id(self, written: str) -> int:
        return self._ids.get(directory.email_of(written) or directory.name_of(written), 0)


def text_of(stated: Stated, tags: Tags, language: str, attached: tuple[AttachedFile, ...]) -> Text:
    return Text(
        title=stated.title,
        summary=stated.summary,
        body=stated.body,
        kind=stated.kind,
        language=language,
        audience=stated.audience,
        tags=tags,
        attachments=attached,
    )


def details_digest(slug: str, details: Details) -> str:
    """What stands beside the text, as one value to compare."""
    authors = {team: list(ids) for team, ids in details.authors.items() if ids}
    dates = [str(day) if day else None for day in (details.review_by, details.expires_on)]
    essence = [slug, details.owner_id, authors, dates, details.extra]
    canonical = json.dumps(essence, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def record_of(session: Session, folder: str, path: str, asset: Asset) -> ContentFile:
    """The record of a file, a new one where there is none."""
    record = session.get(ContentFile, (folder, path))
    if record is None:
        record = ContentFile(
            folder=folder,
            path=path,
            asset_id=asset.id or 0,
            digest="",
            version_number=0,
            details_digest="",
        )
        session.add(record)
    return record


def agree(record: ContentFile, digest: str, front_matter: str, *, version_number: int, details_digest: str) -> None:
    """Note that file and asset have met."""
    record.digest, record.front_matter = digest, front_matter
    record.version_number, record.details_digest = version_number, details_digest


def agreed_version(session: Session, record: ContentFile) -> Version | None:
    query = select(Version).where(Version.asset_id == record.asset_id, Version.number == record.version_number)
    return session.exec(query).one_or_none()


def agreed_statement(record: ContentFile, body: str, path: str, vocabularies: frozenset[str]) -> Stated | None:
    """What the file said when it and the asset last met; None when that can be understood no more."""
    try:
        return content_fields.read((record.front_matter + body).encode(), path, vocabularies=vocabularies)
    except ContentError:
        return None


@dataclass(slots=True)
class Merged:
    """`both` names the fields that file and hub changed differently."""

    details: Details
    both: list[str]


def merge_details(
    stated: Stated, wanted: Details, before: Stated | None, before_details: Details | None, present: Details
) -> Merged:
    """Field by field: the side that has changed since the last agreement wins, and neither if both have."""
    changes: dict[str, Any] = {}
    both = []
    for name in _FIELDS:
        wish, here = _value(wanted, name), _value(present, name)
        own = _STATED_AS.get(name, name)
        if wish == here or (before is not None and getattr(stated, own) == getattr(before, own)):
            continue
        if before_details is not None and here != _value(before_details, name):
            both.append(own)
        else:
            changes[name] = getattr(wanted, name)
    return Merged(replace(present, **changes), both)


def says(stated: Stated, tags: Tags, details: Details, asset: Asset, slug: str, text: Text, present: Details) -> bool:
    """Whether a file with these fields says what the hub has; where its attachments stand is not looked at."""
    same_text = text_of(stated, tags, stated.language, text.attachments).says_the_same(text)
    same_details = all(_value(details, name) == _value(present, name) for name in _FIELDS)
    same_order = list(details.extra) == list(present.extra)
    same_names = slug == asset.slug and stated.external_id == asset.external_id
    return same_text and same_details and same_order and same_names


def _value(details: Details, name: str) -> Any:
    if name == "authors":
        return {team: list(ids) for team, ids in details.authors.items() if ids}
    return getattr(details, name)

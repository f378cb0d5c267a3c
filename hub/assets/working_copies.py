"""Working copies: what somebody typed and has not saved as a version yet, kept until they save or discard it.

One per person and asset, seen by nobody else; the others see that somebody is at it (`at_work`), never the text. It
locks nothing: two may write at once, and whoever saves later is shown both texts.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from hub import clock
from hub.assets.models import Asset
from hub.assets.policy import require_on
from hub.assets.schemas import PersonRef
from hub.assets.typed_fields import Typed
from hub.assets.writing_models import WorkingCopy
from hub.db import id_of
from hub.errors import Conflict, NotFound
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team, require

AT_IT_NOW = timedelta(minutes=5)
MOST = 200
_KEY = re.compile(r"asset-([1-9][0-9]{0,17})|new-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class AtWork:
    """Somebody else has unsaved changes of this asset; `now`: they typed within the last minutes."""

    person: PersonRef
    since: datetime
    last: datetime
    now: bool


@dataclass(frozen=True, slots=True)
class Unsaved:
    """One line of what a person has not saved. `slug` is None for an asset that is not there yet."""

    key: str
    title: str
    kind: str
    slug: str | None
    base_number: int
    head_number: int
    saved_at: datetime


def key_of(asset: Asset) -> str:
    return f"asset-{id_of(asset)}"


def new_key() -> str:
    return f"new-{uuid.uuid4().hex}"


def is_new_key(key: str) -> bool:
    return key.startswith("new-") and _KEY.fullmatch(key) is not None


def keep(session: Session, actor: Actor, key: str, typed: Typed, *, base_number: int, revision: int) -> WorkingCopy:
    """Keep what was typed. `revision` is that of the copy it goes on from, 0 for none. A copy that is gone (saved or
    discarded in another tab) begins anew: what is typed here is not there.

    Raises NotFound, NotAllowed, and Conflict (with the `revision` that is kept) when another tab kept something newer.
    """
    asset = _asset(session, actor, key)
    copy = _find(session, actor, key, lock=True)
    now = clock.now()
    if copy is None:
        _refuse_too_many(session, actor)
        copy = WorkingCopy(
            person_id=_person(actor), key=key, asset_id=asset.id if asset else None, base_number=base_number,
            fields=typed.model_dump(mode="json"), started_at=now, saved_at=now,
        )  # fmt: skip
        session.add(copy)
    elif copy.fields == (fields := typed.model_dump(mode="json")) and copy.base_number == base_number:
        return copy
    elif copy.revision != revision:
        raise Conflict(
            "You go on with this text in another window, and what is kept from there is newer.",
            revision=copy.revision, saved_at=copy.saved_at.isoformat(),
        )  # fmt: skip
    else:
        copy.fields, copy.base_number = fields, base_number
        copy.revision, copy.saved_at = copy.revision + 1, now
    session.flush()
    return copy


def find(session: Session, actor: Actor, key: str) -> WorkingCopy | None:
    return _find(session, actor, key)


def discard(session: Session, actor: Actor, key: str) -> None:
    """It was saved, or is not wanted any more. Repeating it changes nothing."""
    require(actor, Deed.CREATE_ASSET)
    if (copy := _find(session, actor, key, lock=True)) is not None:
        session.delete(copy)
        session.flush()


def mine(session: Session, actor: Actor) -> list[Unsaved]:
    """All that this person has not saved, the last change first."""
    require(actor, Deed.CREATE_ASSET)
    query = (
        select(WorkingCopy, Asset.slug, Asset.head_number)
        .outerjoin(Asset, col(Asset.id) == WorkingCopy.asset_id)
        .where(WorkingCopy.person_id == actor.id)
        .order_by(col(WorkingCopy.saved_at).desc(), col(WorkingCopy.id).desc())
    )
    return [
        Unsaved(
            key=copy.key, title=str(copy.fields.get("title") or ""), kind=str(copy.fields.get("kind") or ""),
            slug=slug, base_number=copy.base_number, head_number=head or 0, saved_at=copy.saved_at,
        )
        for copy, slug, head in session.exec(query)
    ]  # fmt: skip


def at_work(session: Session, actor: Actor, asset: Asset) -> list[AtWork]:
    """Who else has unsaved changes of it, the latest first. For those who may write it."""
    require_on(session, actor, Deed.WRITE_VERSION, asset)
    query = (
        select(WorkingCopy, Person)
        .join(Person, col(Person.id) == WorkingCopy.person_id)
        .where(WorkingCopy.asset_id == asset.id, WorkingCopy.person_id != actor.id)
        .order_by(col(WorkingCopy.saved_at).desc())
    )
    now = clock.now()
    return [
        AtWork(
            person=PersonRef(id=id_of(person), name=person.name, team=Team(person.team)),
            since=copy.started_at, last=copy.saved_at, now=now - copy.saved_at < AT_IT_NOW,
        )
        for copy, person in session.exec(query)
    ]  # fmt: skip


def _asset(session: Session, actor: Actor, key: str) -> Asset | None:
    """The asset that a key names, None for a new one."""
    named = _KEY.fullmatch(key)
    if named is None:
        raise NotFound("There is no such working copy. Its key is `asset-` and a number, or `new-` and 32 hex digits.")
    if named[1] is None:
        require(actor, Deed.CREATE_ASSET)
        return None
    asset = session.get(Asset, int(named[1]))
    if asset is None:
        raise NotFound("There is no such asset.")
    require_on(session, actor, Deed.WRITE_VERSION, asset)
    return asset


def _find(session: Session, actor: Actor, key: str, *, lock: bool = False) -> WorkingCopy | None:
    query = select(WorkingCopy).where(WorkingCopy.person_id == actor.id, WorkingCopy.key == key)
    return session.exec(query.with_for_update() if lock else query).one_or_none()


def _refuse_too_many(session: Session, actor: Actor) -> None:
    many = select(func.count()).select_from(WorkingCopy).where(WorkingCopy.person_id == actor.id)
    if session.exec(many).one() >= MOST:
        raise Conflict(f"You have {MOST} texts that are not saved. Save or discard some of them first.")


def _person(actor: Actor) -> int:
    if actor.id is None:
        raise NotFound("Only people have working copies.")
    return actor.id

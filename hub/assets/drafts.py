"""Writing: new assets, new versions, and what may change without a signature.

Everything is written in batches, because a folder or an import brings thousands; a single asset is a batch of one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, SQLModel, col, delete, insert, select, update

from hub import clock
from hub.assets import renderings, slugs, states
from hub.assets.differences import unified
from hub.assets.models import (
    Asset,
    AssetAuthor,
    AssetSlug,
    Attachment,
    Status,
    Submission,
    Version,
    VersionAttachment,
    VersionTag,
)
from hub.assets.policy import require_on
from hub.assets.rendering import Rendering as Rendered
from hub.assets.texts import AttachedFile, Text, content_hash, text_of
from hub.db import id_of
from hub.errors import Conflict, Fault, Invalid, Moved, NotFound
from hub.events.names import EventName
from hub.events.record import record, record_many
from hub.people import directory
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team, require


@dataclass(slots=True)
class Details:
    """What stands beside the signed text: who is responsible, and the dates. Author ids by team, in order."""

    owner_id: int | None = None
    authors: Mapping[str, Sequence[int]] = field(default_factory=dict)
    review_by: date | None = None
    expires_on: date | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class NewAsset:
    slug: str
    text: Text
    details: Details = field(default_factory=Details)
    external_id: str | None = None
    path: str | None = None
    note: str = ""
    former_slugs: Sequence[str] = ()


def create_asset(session: Session, actor: Actor, new: NewAsset) -> Asset:
    """A new draft. Raises Conflict when the slug or the external id is taken, Invalid when the slug cannot be one."""
    return create_assets(session, actor, [new])[0]


def create_assets(
    session: Session, actor: Actor, batch: Sequence[NewAsset], *, source: str = "hub", render: bool = True
) -> list[Asset]:
    """New drafts, in a handful of statements. With `render` False the worker makes the renderings afterwards."""
    require(actor, Deed.CREATE_ASSET)
    _check_names(session, batch)
    now = clock.now()
    made = [(new, _rendered(new) if render else None) for new in batch]  # before the first row: it may refuse
    # Rows rather than objects: a folder or an import brings thousands, and an object costs more than its insertion.
    rows = [_asset_values(new, actor, now) for new in batch]
    inserted = session.execute(insert(Asset).returning(col(Asset.slug), col(Asset.id)), rows)
    ids: dict[str, int] = {row[0]: row[1] for row in inserted}
    versions = [_version_values(ids[new.slug], new.text, 1, actor, now, note=new.note, source=source) for new in batch]
    inserted = session.execute(insert(Version).returning(col(Version.asset_id), col(Version.id)), versions)
    heads: dict[int, int] = {row[0]: row[1] for row in inserted}
    is_head = update(Asset).where(col(Asset.id) == bindparam("asset")).values(head_version_id=bindparam("head"))
    connection = session.connection()
    connection.execute(is_head, [{"asset": asset_id, "head": head} for asset_id, head in heads.items()])
    names = {slug: ids[new.slug] for new in batch for slug in (new.slug, *new.former_slugs)}
    _insert(session, AssetSlug, [{"slug": slug, "asset_id": asset_id} for slug, asset_id in names.items()])
    _insert(session, AssetAuthor, [row for new in batch for row in _author_values(ids[new.slug], new.details)])
    for table, children in (
        (VersionTag, [row for new in batch for row in _tag_values(heads[ids[new.slug]], new.text)]),
        (VersionAttachment, [row for new in batch for row in _file_values(heads[ids[new.slug]], new.text)]),
    ):
        _insert(session, table, children)
    assets = {asset.slug: asset for asset in session.exec(select(Asset).where(col(Asset.id).in_(ids.values())))}
    if any(done for _, done in made):
        stored = {one.id: one for one in session.exec(select(Version).where(col(Version.id).in_(heads.values())))}
        renderings.keep(session, [(stored[heads[ids[new.slug]]], done, new.path) for new, done in made if done])
        session.flush()
    renderings.connect(session, names)
    told = [
        (
            ("asset", version["asset_id"], new.slug),
            {"version": 1, "title": new.text.title, "hash": version["content_hash"]},
        )
        for new, version in zip(batch, versions, strict=True)
    ]
    record_many(session, EventName.ASSET_CREATED, actor_id=actor.id, told=told)
    return [assets[new.slug] for new in batch]


def write_version(
    session: Session,
    actor: Actor,
    asset: Asset,
    text: Text,
    *,
    base_number: int,
    note: str = "",
    source: str = "hub",
    path: str | None = None,
) -> Version:
    """The next version of an asset, a draft without signatures; the live version stays live.

    Raises Conflict, with both texts, when somebody wrote a newer version than `base_number` in the meantime. A text
    that says the same as the newest version makes none: that version is returned.
    """
    require_on(session, actor, Deed.WRITE_VERSION, asset)
    head = head_of(session, asset)
    if text.says_the_same(text_of(session, head)):
        return head
    if base_number != asset.head_number:
        raise _newer_version(session, asset, head, text, base_number)
    made = renderings.rendered(text.body, path=path, attachments=text.attachments)
    now = clock.now()
    values = _version_values(id_of(asset), text, head.number + 1, actor, now, note=note, source=source)
    version = Version(**values | {"base_number": base_number})
    session.add(version)
    session.flush()
    asset.head_version_id, asset.head_number = version.id, version.number
    _insert(session, VersionTag, _tag_values(id_of(version), text))
    _insert(session, VersionAttachment, _file_values(id_of(version), text))
    renderings.keep(session, [(version, made, path)])
    _supersede(session, actor, asset, now)
    states.refresh(session, asset)
    _tell(
        session, EventName.VERSION_CREATED, actor, asset, version=version.number, title=version.title,
        hash=version.content_hash, base=base_number,
    )  # fmt: skip
    return version


def change_details(session: Session, actor: Actor, asset: Asset, details: Details) -> bool:
    """Set owner, authors, dates and further keys as given; returns whether anything changed. No signature is needed,
    because none of it is text; but only those who answer for an asset may give it a longer life."""
    before = details_of(session, asset)
    if before == details:
        return False
    require_on(session, actor, Deed.CHANGE_DETAILS, asset)
    asset.owner_id, asset.review_by, asset.expires_on = details.owner_id, details.review_by, details.expires_on
    asset.extra = details.extra
    if before.authors != details.authors:
        session.exec(delete(AssetAuthor).where(col(AssetAuthor.asset_id) == asset.id))
        _insert(session, AssetAuthor, _author_values(id_of(asset), details))
    states.refresh(session, asset)
    changed = {
        name: {"before": _shown(getattr(before, name)), "after": _shown(getattr(details, name))}
        for name in ("owner_id", "authors", "review_by", "expires_on", "extra")
        if getattr(before, name) != getattr(details, name)
    }
    _tell(session, EventName.DETAILS_CHANGED, actor, asset, changed=changed)
    return True


def rename(session: Session, actor: Actor, asset: Asset, slug: str) -> None:
    """Give an asset another slug; the old one goes on leading to it. Repeating it changes nothing."""
    require_on(session, actor, Deed.RENAME, asset)
    if slug == asset.slug:
        return
    _check_slug(slug)
    holder = session.get(AssetSlug, slug)
    if holder is not None and holder.asset_id != asset.id:
        raise Conflict(f"The slug {slug!r} belongs, or belonged, to another asset. Choose another one.")
    if holder is None:
        session.add(AssetSlug(slug=slug, asset_id=id_of(asset)))
        renderings.connect(session, {slug: id_of(asset)})
    old, asset.slug = asset.slug, slug
    states.refresh(session, asset)
    _tell(session, EventName.ASSET_RENAMED, actor, asset, before=old, after=slug)


def locked(session: Session, slug: str) -> Asset:
    """The asset by its present slug, locked until the transaction ends, so that two steps on it cannot cross.
    Raises Moved for a former slug, NotFound for an unknown one."""
    query = select(Asset).where(Asset.slug == slug).with_for_update().execution_options(populate_existing=True)
    asset = session.exec(query).one_or_none()
    if asset is None:
        raise not_here(session, slug)
    return asset


def not_here(session: Session, slug: str) -> Moved | NotFound:
    """Why there is no asset by this slug: it is called something else now, or there never was one."""
    renamed = select(Asset.slug).join(AssetSlug, col(AssetSlug.asset_id) == Asset.id).where(AssetSlug.slug == slug)
    if (new := session.exec(renamed).one_or_none()) is not None:
        return Moved(slug, new)
    return NotFound(f"There is no asset {slug!r}.")


def head_of(session: Session, asset: Asset) -> Version:
    return session.get_one(Version, asset.head_version_id)


def details_of(session: Session, asset: Asset) -> Details:
    rows = session.exec(
        select(AssetAuthor).where(AssetAuthor.asset_id == asset.id).order_by(col(AssetAuthor.position))
    ).all()
    authors: dict[str, list[int]] = {}
    for row in rows:
        authors.setdefault(row.team, []).append(row.person_id)
    return Details(asset.owner_id, authors, asset.review_by, asset.expires_on, asset.extra)


def author_ids(session: Session, actor: Actor, authors: Mapping[str, Iterable[str]]) -> dict[str, list[int]]:
    """Named authors by team as person ids; people the hub does not know yet are added, without a sign-in."""
    found: dict[str, list[int]] = {}
    for team, names in authors.items():
        people = [directory.find_or_add(session, name, actor=actor, team=Team(team)) for name in names]
        if ids := list(dict.fromkeys(person.id for person in people if person.id is not None)):
            found[team] = ids
    return found


def check_attachments(session: Session, files: Sequence[AttachedFile]) -> None:
    """Raises Invalid for a digest that was never uploaded, and for two files under one name."""
    known = set(session.exec(select(Attachment.digest).where(col(Attachment.digest).in_([f.digest for f in files]))))
    faults = [
        Fault(("body", "attachments", position, "digest"), "no such file here; upload it with POST /attachments first")
        for position, file in enumerate(files)
        if file.digest not in known
    ]
    names = [file.name for file in files]
    faults += [
        Fault(("body", "attachments", position, "name"), f"a second file called {name!r}; give it another name")
        for position, name in enumerate(names)
        if name in names[:position]
    ]
    if faults:
        raise Invalid("Some attachments cannot be used.", errors=faults)


def _check_names(session: Session, batch: Sequence[NewAsset]) -> None:
    for new in batch:
        _check_slug(new.slug)
    wanted = [slug for new in batch for slug in (new.slug, *new.former_slugs)]
    taken = set(session.exec(select(AssetSlug.slug).where(col(AssetSlug.slug).in_(wanted))))
    externals = [new.external_id for new in batch if new.external_id]
    taken_ids = set(session.exec(select(Asset.external_id).where(col(Asset.external_id).in_(externals))))
    seen: set[str] = set()
    for new in batch:
        if new.slug in taken or new.slug in seen:
            fault = Fault(("body", "slug"), "taken; choose another one")
            raise Conflict(f"There is, or was, an asset {new.slug!r} already. Choose another slug.", errors=[fault])
        if new.external_id in taken_ids:
            fault = Fault(("body", "external_id"), "taken")
            raise Conflict(f"Another asset has the external id {new.external_id!r}.", errors=[fault])
        seen.add(new.slug)


def _check_slug(slug: str) -> None:
    if not slugs.is_slug(slug):
        message = "use lower-case ASCII words joined by '-', folders joined by '.', at most 200 characters"
        raise Invalid(f"{slug!r} cannot be a slug: {message}.", errors=[Fault(("body", "slug"), message)])


def _rendered(new: NewAsset) -> Rendered:
    return renderings.rendered(new.text.body, path=new.path, attachments=new.text.attachments)


def _asset_values(new: NewAsset, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "slug": new.slug,
        "external_id": new.external_id,
        "status": Status.DRAFT,
        "owner_id": new.details.owner_id if new.details.owner_id is not None else actor.id,
        "created_by": actor.id,
        "created_at": now,
        "updated_at": now,
        "revision": 1,
        "live_version_id": None,
        "head_version_id": None,
        "head_number": 1,
        "review_by": new.details.review_by,
        "expires_on": new.details.expires_on,
        "extra": new.details.extra,
    }


def _version_values(
    asset_id: int, text: Text, number: int, actor: Actor, now: datetime, *, note: str, source: str
) -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "number": number,
        "title": text.title,
        "summary": text.summary,
        "body": text.body,
        "kind": text.kind,
        "language": text.language,
        "audience": text.audience,
        "tags": text.tag_keys(),
        "content_hash": content_hash(text),
        "base_number": None,
        "note": note,
        "source": source,
        "created_by": actor.id,
        "created_at": now,
    }


def _tag_values(version_id: int, text: Text) -> list[dict[str, Any]]:
    return [{"version_id": version_id, "term_id": term_id} for term_id in sorted(text.term_ids())]


def _file_values(version_id: int, text: Text) -> list[dict[str, Any]]:
    return [
        {"version_id": version_id, "position": position, "digest": file.digest, "name": file.name, "path": file.path}
        for position, file in enumerate(text.attachments)
    ]


def _author_values(asset_id: int, details: Details) -> list[dict[str, Any]]:
    return [
        {"asset_id": asset_id, "team": team, "person_id": person_id, "position": position}
        for team, ids in details.authors.items()
        for position, person_id in enumerate(ids)
    ]


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _supersede(session: Session, actor: Actor, asset: Asset, now: datetime) -> None:
    """A newer text takes the place of one that waits for review: reviewers must not sign what nobody wants any more."""
    waiting = select(Submission).where(Submission.asset_id == asset.id, col(Submission.closed_at).is_(None))
    for submission in session.exec(waiting):
        submission.closed_at, submission.closed_by, submission.closed_as = now, actor.id, "superseded"


def _newer_version(session: Session, asset: Asset, head: Version, mine: Text, base_number: int) -> Conflict:
    """Nothing is lost: the caller gets the newer text beside their own, and what changed since they started."""
    base = session.exec(
        select(Version).where(Version.asset_id == asset.id, Version.number == base_number)
    ).one_or_none()
    if base is None:
        fault = Fault(("body", "base_version"), f"there is no version {base_number}; the newest is {head.number}")
        return Conflict(f"{asset.slug!r} has no version {base_number}.", errors=[fault])
    writer = session.get(Person, head.created_by) if head.created_by else None
    who = writer.name if writer else "the content folder" if head.source == "file" else "the hub"
    return Conflict(
        f"{who} wrote version {head.number} after you opened version {base_number}. Both texts are in this answer: "
        f"merge them and save with base_version {head.number}.",
        newer={**_text_shown(text_of(session, head)), "version": head.number, "content_hash": head.content_hash,
               "created_at": head.created_at.isoformat(), "created_by": who},
        yours=_text_shown(mine),
        changed_meanwhile=unified(base.body, head.body, names=(f"version {base_number}", f"version {head.number}")),
    )  # fmt: skip


def _text_shown(text: Text) -> dict[str, Any]:
    plain = ("title", "summary", "body", "kind", "language", "audience")
    return {name: getattr(text, name) for name in plain} | {"tags": text.tag_keys()}


def _shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _tell(session: Session, name: EventName, actor: Actor, asset: Asset, **data: Any) -> None:
    record(session, name, actor_id=actor.id, subject=("asset", asset.id, asset.slug), **data)

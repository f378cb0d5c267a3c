"""From what a caller sent to what is written: names become people, words become terms, gaps are filled."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from hub.assets import drafts, slugs
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import Asset, Version
from hub.assets.schemas import AssetDraft, AttachmentIn, DetailsChange, VersionDraft
from hub.assets.texts import TAG_FIELDS, AttachedFile, Text, tags_of, text_of
from hub.errors import Fault, Invalid
from hub.events.names import EventName
from hub.events.record import record
from hub.people import directory
from hub.people.roles import Actor
from hub.taxonomy import vocabulary


def create(session: Session, actor: Actor, draft: AssetDraft) -> Asset:
    """A new asset from a program's or a form's fields."""
    text = _text(session, draft.model_dump(), title=draft.title)
    details = Details(
        owner_id=_owner_id(session, actor, draft.owner),
        authors=drafts.author_ids(session, actor, draft.authors.model_dump()),
        review_by=draft.review_by,
        expires_on=draft.expires_on,
    )
    slug = draft.slug or slugs.slug_of_title(draft.title)
    new = NewAsset(slug=slug, text=text, details=details, external_id=draft.external_id, note=draft.note)
    asset = drafts.create_asset(session, actor, new)
    _invite(session, actor, asset, before={}, after=details.authors)
    return asset


def next_version(session: Session, actor: Actor, asset: Asset, draft: VersionDraft) -> Version:
    """The next version; what was left out stays as it is in the newest one. Details that were sent change as well."""
    given = draft.model_dump(include=draft.model_fields_set)
    base = text_of(session, drafts.head_of(session, asset))
    filled = _as_fields(base) | given
    text = _text(session, filled, title=draft.title or base.title, kept=base)
    version = drafts.write_version(session, actor, asset, text, base_number=draft.base_version, note=draft.note)
    sent = {"owner", "authors", "review_by", "expires_on"} & draft.model_fields_set
    if sent:
        change_details(session, actor, asset, DetailsChange(**{name: given[name] for name in sent}))
    return version


def change_details(session: Session, actor: Actor, asset: Asset, change: DetailsChange) -> None:
    """Owner, authors and dates; what was not sent stays, and null takes a date away."""
    now = drafts.details_of(session, asset)
    sent = change.model_fields_set
    authors = (
        drafts.author_ids(session, actor, change.authors.model_dump())
        if "authors" in sent and change.authors is not None
        else now.authors
    )
    wanted = Details(
        owner_id=_owner_id(session, actor, change.owner) if "owner" in sent else now.owner_id,
        authors=authors,
        review_by=change.review_by if "review_by" in sent else now.review_by,
        expires_on=change.expires_on if "expires_on" in sent else now.expires_on,
        extra=now.extra,
    )
    drafts.change_details(session, actor, asset, wanted)
    _invite(session, actor, asset, before=now.authors, after=wanted.authors)


def _invite(
    session: Session,
    actor: Actor,
    asset: Asset,
    *,
    before: Mapping[str, Sequence[int]],
    after: Mapping[str, Sequence[int]],
) -> None:
    """Who is named as an author by somebody else is told. (A folder or an import names people whom nobody asks.)"""
    known = {who for ids in before.values() for who in ids} | {actor.id}
    new = [who for ids in after.values() for who in ids if who not in known]
    if new:
        title = drafts.head_of(session, asset).title
        subject = ("asset", asset.id, asset.slug)
        record(session, EventName.AUTHORS_INVITED, actor_id=actor.id, subject=subject, people=new, title=title)


def _text(session: Session, fields: dict[str, Any], *, title: str, kept: Text | None = None) -> Text:
    _refuse_double(fields)
    tags = {name: fields[name] for name in TAG_FIELDS} | dict(fields["tags"])
    terms = vocabulary.resolve(session, {name: keys for name, keys in tags.items() if keys}, lock=True)
    paths = {(file.digest, file.name): file.path for file in kept.attachments} if kept else {}
    sent = [AttachmentIn(**file) for file in fields["attachments"]]
    files = tuple(AttachedFile(file.digest, file.name, paths.get((file.digest, file.name))) for file in sent)
    drafts.check_attachments(session, files)
    return Text(
        title=title,
        summary=fields["summary"],
        body=fields["body"],
        kind=fields["kind"],
        language=vocabulary.resolve_language(session, fields["language"]),
        audience=fields["audience"],
        tags=tags_of(terms),
        attachments=files,
    )


def _as_fields(text: Text) -> dict[str, Any]:
    keys = text.tag_keys()
    return {
        "kind": text.kind,
        "summary": text.summary,
        "body": text.body,
        **{name: keys.get(name, []) for name in TAG_FIELDS},
        "tags": {name: values for name, values in keys.items() if name not in TAG_FIELDS},
        "language": text.language,
        "audience": text.audience,
        "attachments": [{"digest": file.digest, "name": file.name} for file in text.attachments],
    }


def _refuse_double(fields: dict[str, Any]) -> None:
    double = [name for name in fields["tags"] if name in TAG_FIELDS]
    if double:
        faults = [Fault(("body", "tags", name), f"has a field of its own: use {name!r}") for name in double]
        raise Invalid("Some vocabularies have a field of their own.", errors=faults)


def _owner_id(session: Session, actor: Actor, owner: str | None) -> int | None:
    return None if owner is None else directory.find_or_add(session, owner, actor=actor).id

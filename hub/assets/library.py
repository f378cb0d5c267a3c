"""Reading the library: one asset, lists, history, the review queue. Nothing here writes."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, true, union_all
from sqlmodel import Session, col, func, select

from hub import paging
from hub.assets import approval, drafts, renderings, states
from hub.assets.differences import changes, unified
from hub.assets.models import (
    Asset,
    Attachment,
    Decision,
    Publication,
    Rendering,
    Review,
    Status,
    Submission,
    Version,
    VersionLink,
)
from hub.assets.policy import drafts_seen_by, may_on
from hub.assets.renderings import attachment_url
from hub.assets.schemas import (
    AssetDetail,
    AttachmentOut,
    AuthorsOut,
    ChangeOut,
    Difference,
    DraftRef,
    FieldChange,
    HeadingOut,
    PersonRef,
    PieceOut,
    PublicationOut,
    QueueItem,
    ReviewOut,
    SubmissionOut,
    VersionDetail,
    VersionRow,
)
from hub.assets.texts import TAG_FIELDS, AttachedFile, Text, text_of
from hub.errors import NotFound
from hub.events.models import Event
from hub.events.names import EventName
from hub.paging import Page
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team


def find(session: Session, slug: str) -> Asset:
    """Raises Moved for a former slug, NotFound for an unknown one."""
    asset = session.exec(select(Asset).where(Asset.slug == slug)).one_or_none()
    if asset is None:
        raise drafts.not_here(session, slug)
    return asset


def version_of(session: Session, asset: Asset, number: int) -> Version:
    """Raises NotFound."""
    return _numbered(session, asset, number)


_TOLD_IN_ANSWERS = (
    EventName.TERM_CHANGED, EventName.TERM_RENAMED, EventName.TERM_MERGED, EventName.TERM_REMOVED,
    EventName.PERSON_CHANGED,
)  # fmt: skip
# Built once, because building costs more than asking. The last event of each name apart is one look into the index;
# of all the names together it would be a walk over everything that ever happened to terms and people.
_last_events = union_all(
    *(select(func.max(Event.id).label("id")).where(Event.name == name) for name in _TOLD_IN_ANSWERS)
).subquery()
_STATE_QUERY = select(Asset, select(func.max(_last_events.c.id)).scalar_subquery()).where(
    Asset.slug == bindparam("wanted_slug")
)


def state_of(session: Session, slug: str) -> tuple[Asset, int]:
    """The asset and a stamp of what else its answer shows: terms and people that were changed since. One query."""
    row = session.execute(_STATE_QUERY, {"wanted_slug": slug}).one_or_none()
    if row is None:
        raise drafts.not_here(session, slug)
    return row[0], row[1] or 0


def version_to_show(session: Session, actor: Actor, asset: Asset, *, draft: bool) -> tuple[int, bool]:
    """The id of the version this person gets, and whether they may see drafts. Raises NotFound for what they may not
    know of. Without a live version those who may see the draft get the draft."""
    may_see = may_on(session, actor, Deed.READ_DRAFTS, asset)
    shown = asset.head_version_id if draft or asset.live_version_id is None else asset.live_version_id
    if shown is None or (shown != asset.live_version_id and not may_see):
        raise NotFound(f"There is no asset {asset.slug!r}.")
    return shown, may_see


def asset_detail(session: Session, asset: Asset, version_id: int, *, with_draft: bool) -> AssetDetail:
    version = session.get_one(Version, version_id)
    details = drafts.details_of(session, asset)
    names = _addresses(session, [details.owner_id, *(who for ids in details.authors.values() for who in ids)])
    live = version_id == asset.live_version_id
    submission = _open_submission(session, asset.head_version_id)
    shown = _version_parts(session, version, submission if version_id == asset.head_version_id else None)
    status = states.shown_status(asset.status, asset.expires_on) if live else _draft_status(submission)
    if asset.status == Status.RETIRED:
        status = Status.RETIRED
    return AssetDetail(
        slug=asset.slug,
        external_id=asset.external_id,
        status=status,
        version=version.number,
        content_hash=version.content_hash,
        live_version=_live_number(session, asset, version),
        draft=_draft_ref(session, asset, submission) if with_draft else None,
        authors=AuthorsOut(
            marketing=[names[who] for who in details.authors.get(Team.MARKETING, ())],
            sales=[names[who] for who in details.authors.get(Team.SALES, ())],
        ),
        owner=names.get(details.owner_id or 0),
        review_by=asset.review_by,
        expires_on=asset.expires_on,
        fresh=states.is_fresh(asset.review_by),
        publication=_publication(session, asset) if live else None,
        created_at=asset.created_at,
        updated_at=asset.updated_at,
        extra=asset.extra,
        **shown,
    )


def version_detail(session: Session, asset: Asset, number: int) -> VersionDetail:
    version = session.exec(select(Version).where(Version.asset_id == asset.id, Version.number == number)).one_or_none()
    if version is None:
        raise NotFound(f"{asset.slug!r} has no version {number}.")
    submission = _open_submission(session, version.id)
    return VersionDetail(
        slug=asset.slug,
        version=version.number,
        content_hash=version.content_hash,
        base_version=version.base_number,
        created_at=version.created_at,
        created_by=_people(session, [version.created_by]).get(version.created_by or 0),
        source=version.source,
        note=version.note,
        **_version_parts(session, version, submission),
    )


def history(
    session: Session, actor: Actor, asset: Asset, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[VersionRow]:
    """Versions, newest first, with the decisions on each; all of them for those who may see drafts, else those that
    were live."""
    conditions = [col(Version.asset_id) == asset.id, _may_read_version(session, actor, asset)]
    total = session.exec(select(func.count()).select_from(Version).where(*conditions)).one()
    if not total:
        raise NotFound(f"There is no asset {asset.slug!r}.")
    query = select(Version).where(*conditions).order_by(col(Version.number).desc()).limit(limit + 1)
    if position := paging.position_of(cursor, int):
        query = query.where(col(Version.number) < position[0])
    versions = session.exec(query).all()
    page = versions[:limit]
    writers = _people(session, [version.created_by for version in page])
    decided = _reviews(session, col(Review.version_id).in_([version.id for version in page]))
    items = [
        VersionRow(
            version=version.number,
            title=version.title,
            content_hash=version.content_hash,
            note=version.note,
            source=version.source,
            created_at=version.created_at,
            created_by=writers.get(version.created_by or 0),
            is_live=version.id == asset.live_version_id,
            reviews=decided.get(version.id or 0, []),
        )
        for version in page
    ]
    return Page[VersionRow](
        items=items, total=total, next=paging.cursor_of(page[-1].number) if len(versions) > limit else None
    )


def require_versions(session: Session, actor: Actor, asset: Asset, *numbers: int) -> None:
    """Raises NotFound when one of these versions is not there, or is none that this person may see."""
    wanted = set(numbers)
    query = select(Version.number).where(
        Version.asset_id == asset.id, col(Version.number).in_(wanted), _may_read_version(session, actor, asset)
    )
    if missing := wanted - set(session.exec(query).all()):
        raise NotFound(f"{asset.slug!r} has no version {min(missing)} that you may see.")


def _may_read_version(session: Session, actor: Actor, asset: Asset) -> ColumnElement[bool]:
    """Drafts are for those who may see them; what was live once may be looked up by everybody."""
    if may_on(session, actor, Deed.READ_DRAFTS, asset):
        return true()
    return exists().where(col(Publication.version_id) == Version.id)


def difference(session: Session, asset: Asset, first: int, second: int) -> Difference:
    """What changed from one version to another, for people."""
    before, after = (_numbered(session, asset, number) for number in (first, second))
    texts = [text_of(session, version) for version in (before, after)]
    names = (f"version {first}", f"version {second}")
    return Difference(
        from_version=first,
        to_version=second,
        fields=_field_changes(*texts),
        body=[
            ChangeOut(
                kind=change.kind,
                before_line=change.before_line,
                after_line=change.after_line,
                before=list(change.before),
                after=list(change.after),
                words=[PieceOut(kind=piece.kind, text=piece.text) for piece in change.words],
            )
            for change in changes(before.body, after.body)
        ],
        unified=unified(before.body, after.body, names=names),
    )


def review_queue(session: Session, actor: Actor, *, team: Team | None = None) -> list[QueueItem]:
    """What waits for a review (of one team, if named), the longest waiting first."""
    query = (
        select(Submission, Asset, Version)
        .join(Asset, col(Asset.id) == Submission.asset_id)
        .join(Version, col(Version.id) == Submission.version_id)
        .where(col(Submission.closed_at).is_(None), col(Asset.status) != Status.RETIRED, drafts_seen_by(actor))
        .order_by(col(Submission.submitted_at), col(Submission.id))
    )
    rows = session.exec(query).all()
    people = _people(session, [submission.submitted_by for submission, _, _ in rows])
    decided = _reviews(session, col(Review.version_id).in_([version.id for _, _, version in rows]))
    live = _numbers(session, [asset.live_version_id for _, asset, _ in rows])
    items = []
    for submission, asset, version in rows:
        standing = _standing(decided.get(version.id or 0, []))
        waiting = [one for one in (Team.MARKETING, Team.SALES) if one not in standing]
        if team is not None and team not in waiting:
            continue
        items.append(
            QueueItem(
                slug=asset.slug,
                title=version.title,
                kind=version.kind,
                version=version.number,
                content_hash=version.content_hash,
                live_version=live.get(asset.live_version_id or 0),
                waiting_for=waiting,
                since=submission.submitted_at,
                submitted_by=people.get(submission.submitted_by or 0),
                note=submission.note,
                decided=list(standing.values()),
            )
        )
    return items


def _standing(reviews: Sequence[ReviewOut]) -> dict[Team, ReviewOut]:
    """The approvals that still count while a version waits."""
    latest = {made.team: made for made in reviews}
    return {team: made for team, made in latest.items() if made.decision == Decision.APPROVED}


def _version_parts(session: Session, version: Version, submission: Submission | None) -> dict[str, Any]:
    text = text_of(session, version)
    tags = text.tag_keys()
    rendering = session.get(Rendering, version.id)
    html, headings, words = _rendering(version, rendering, text.attachments)
    broken = select(VersionLink.target).where(
        VersionLink.version_id == version.id, col(VersionLink.target_asset_id).is_(None)
    )
    reviews = _reviews(session, col(Review.version_id) == version.id).get(version.id or 0, [])
    waiting = None
    if submission is not None:
        people = _people(session, [submission.submitted_by])
        waiting = SubmissionOut(
            submitted_by=people.get(submission.submitted_by or 0),
            submitted_at=submission.submitted_at,
            note=submission.note,
            waiting_for=approval.waiting_teams(approval.effective_reviews(session, version)),
        )
    return {
        "title": version.title,
        "kind": version.kind,
        "summary": version.summary,
        "body": version.body,
        **{name: tags.get(name, []) for name in TAG_FIELDS},
        "tags": {name: keys for name, keys in tags.items() if name not in TAG_FIELDS},
        "language": version.language,
        "audience": version.audience,
        "attachments": _attachments(session, text.attachments),
        "html": html,
        "headings": headings,
        "words": words,
        "broken_links": list(session.exec(broken)),
        "reviews": reviews,
        "submission": waiting,
    }


def _rendering(
    version: Version, kept: Rendering | None, files: Sequence[AttachedFile]
) -> tuple[str, list[HeadingOut], int]:
    if kept is None:  # a bulk import leaves this to the worker; whoever comes first gets it made on the spot
        made = renderings.rendered_or_plain(version.body, path=None, attachments=files)
        return made.html, [HeadingOut(level=one.level, id=one.id, text=one.text) for one in made.headings], made.words
    return kept.html, [HeadingOut(**heading) for heading in kept.headings], kept.words


def _attachments(session: Session, files: Sequence[AttachedFile]) -> list[AttachmentOut]:
    if not files:
        return []
    digests = [file.digest for file in files]
    rows = {row.digest: row for row in session.exec(select(Attachment).where(col(Attachment.digest).in_(digests)))}
    return [
        AttachmentOut(
            digest=file.digest,
            name=file.name,
            media_type=rows[file.digest].media_type,
            size=rows[file.digest].size,
            page_count=rows[file.digest].page_count,
            url=attachment_url(file.digest),
            thumbnail_url=attachment_url(file.digest) + "/thumbnail" if rows[file.digest].has_thumbnail else None,
        )
        for file in files
    ]


def _publication(session: Session, asset: Asset) -> PublicationOut | None:
    current = states.open_publication(session, asset)
    if current is None:
        return None
    signed = _reviews(session, col(Review.version_id) == current.version_id).get(current.version_id, [])
    return PublicationOut(
        kind=current.kind,
        published_at=current.published_at,
        published_by=_people(session, [current.published_by]).get(current.published_by or 0),
        reason=current.reason,
        lapses_at=current.lapses_at,
        signatures=list(_standing(signed).values()),
    )


def _reviews(session: Session, condition: ColumnElement[bool]) -> dict[int, list[ReviewOut]]:
    """Reviews by version id, oldest first."""
    query = (
        select(Review, Person)
        .join(Person, col(Person.id) == Review.reviewer_id)
        .where(condition)
        .order_by(col(Review.id))
    )
    found: dict[int, list[ReviewOut]] = {}
    for made, person in session.exec(query):
        shown = ReviewOut(
            team=Team(made.team),
            decision=Decision(made.decision),
            reviewer=PersonRef(id=person.id or 0, name=person.name, team=Team(person.team)),
            note=made.note,
            content_hash=made.content_hash,
            reviewed_at=made.reviewed_at,
        )
        found.setdefault(made.version_id, []).append(shown)
    return found


def _people(session: Session, ids: Iterable[int | None]) -> dict[int, PersonRef]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    query = select(Person.id, Person.name, Person.team).where(col(Person.id).in_(wanted))
    return {
        row_id or 0: PersonRef(id=row_id or 0, name=name, team=Team(team)) for row_id, name, team in session.exec(query)
    }


def _addresses(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """How content files name people: by e-mail address, or by name where there is none."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    query = select(Person.id, Person.email, Person.name).where(col(Person.id).in_(wanted))
    return {row_id or 0: email or name for row_id, email, name in session.exec(query)}


def _open_submission(session: Session, version_id: int | None) -> Submission | None:
    query = select(Submission).where(Submission.version_id == version_id, col(Submission.closed_at).is_(None))
    return session.exec(query).first()


def _draft_status(submission: Submission | None) -> Status:
    return Status.DRAFT if submission is None else Status.IN_REVIEW


def _draft_ref(session: Session, asset: Asset, submission: Submission | None) -> DraftRef | None:
    if asset.head_version_id == asset.live_version_id or asset.head_version_id is None:
        return None
    head = session.get_one(Version, asset.head_version_id)
    return DraftRef(version=head.number, status=_draft_status(submission), content_hash=head.content_hash)


def _live_number(session: Session, asset: Asset, shown: Version) -> int | None:
    if asset.live_version_id is None:
        return None
    return (
        shown.number
        if shown.id == asset.live_version_id
        else _numbers(session, [asset.live_version_id]).get(asset.live_version_id)
    )


def _numbers(session: Session, version_ids: Iterable[int | None]) -> dict[int, int]:
    wanted = {one for one in version_ids if one is not None}
    query = select(Version.id, Version.number).where(col(Version.id).in_(wanted))
    return {row_id or 0: number for row_id, number in session.exec(query)} if wanted else {}


def _numbered(session: Session, asset: Asset, number: int) -> Version:
    version = session.exec(select(Version).where(Version.asset_id == asset.id, Version.number == number)).one_or_none()
    if version is None:
        raise NotFound(f"{asset.slug!r} has no version {number}.")
    return version


def _field_changes(before: Text, after: Text) -> list[FieldChange]:
    plain = ("title", "summary", "kind", "language", "audience")
    found = [
        FieldChange(field=name, before=getattr(before, name), after=getattr(after, name))
        for name in plain
        if getattr(before, name) != getattr(after, name)
    ]
    tags = (before.tag_keys(), after.tag_keys())
    found += [
        FieldChange(field=name, before=tags[0].get(name, []), after=tags[1].get(name, []))
        for name in sorted(tags[0].keys() | tags[1].keys())
        if sorted(tags[0].get(name, [])) != sorted(tags[1].get(name, []))
    ]
    files = tuple([file.name for file in text.attachments] for text in (before, after))
    digests = tuple([file.digest for file in text.attachments] for text in (before, after))
    if files[0] != files[1] or digests[0] != digests[1]:
        found.append(FieldChange(field="attachments", before=files[0], after=files[1]))
    return found

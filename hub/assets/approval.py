"""Joint approval: how a text goes live, and how it leaves.

A version is published when one person of marketing and one of sales, two different people, approved the same content
hash. Reviews belong to one version; a new version starts without any. What is published by urgency or by an import
says so, and an urgent publication lapses unless both teams sign in time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, insert, select, update

from hub import clock
from hub.assets import states
from hub.assets.models import (
    Asset,
    Decision,
    Publication,
    PublicationKind,
    Retirement,
    Review,
    Submission,
    Version,
    VersionLink,
)
from hub.assets.policy import require_on
from hub.db import id_of
from hub.errors import Conflict, Fault, Invalid, NotAllowed, NotFound
from hub.events.names import EventName
from hub.events.record import record, record_many
from hub.people.roles import SIGNING_TEAMS, Actor, Deed, Team, require

_NOT_ENDED = {"ended_at": None, "ended_as": None}


def submit(session: Session, actor: Actor, asset: Asset, number: int, *, note: str = "") -> Submission:
    """Ask both teams for a review of the newest version. Repeating it changes nothing."""
    require_on(session, actor, Deed.SUBMIT, asset)
    version = _newest(session, asset, number)
    if (waiting := states.open_submission(session, asset)) is not None:
        return waiting
    if version.id == asset.live_version_id and _live_kind(session, asset) == PublicationKind.JOINT:
        raise Conflict(f"Version {number} is live already. Write a new version first.")
    _check_links(session, version)
    submission = Submission(
        asset_id=id_of(asset), version_id=id_of(version), submitted_by=actor.id, submitted_at=clock.now(), note=note
    )
    session.add(submission)
    states.refresh(session, asset)
    _tell(session, EventName.SUBMITTED, actor, asset, version, note=note)
    _publish_if_both_signed(session, actor, asset, version, submission)
    return submission


def withdraw(session: Session, actor: Actor, asset: Asset, number: int) -> None:
    """Take a submission back. Repeating it changes nothing; decisions already taken on the version stay on record."""
    require_on(session, actor, Deed.SUBMIT, asset)
    version = _version(session, asset, number)
    query = select(Submission).where(Submission.version_id == version.id, col(Submission.closed_at).is_(None))
    submission = session.exec(query).first()
    if submission is None:
        return
    _close(submission, actor, "withdrawn")
    states.refresh(session, asset)
    _tell(session, EventName.SUBMISSION_WITHDRAWN, actor, asset, version)


def review(
    session: Session,
    actor: Actor,
    asset: Asset,
    number: int,
    *,
    team: Team,
    decision: Decision,
    content_hash: str,
    note: str = "",
) -> Review:
    """One team's decision. The second approval on the same hash publishes, in this same transaction.

    Raises NotAllowed for a person of the other team or one who signed for the other, Conflict when the hash is not
    this version's or when it does not wait for review, Invalid when changes are requested without saying which.
    """
    version = _version(session, asset, number)
    person_id = _require_reviewer(session, actor, asset, version, team)
    if content_hash != version.content_hash:
        raise Conflict(
            f"The text you saw is not version {number}: its hash differs. Open the version again and read it.",
            content_hash=version.content_hash,
        )
    earlier = effective_reviews(session, version)
    if (same := earlier.get(team)) and (same.reviewer_id, same.decision) == (actor.id, decision):
        return same
    submission = _waiting(session, asset, version)
    if decision == Decision.CHANGES_REQUESTED and not note:
        fault = Fault(("body", "note"), "say what should change, and why")
        raise Invalid("A request for changes needs a note.", errors=[fault])
    made = Review(
        asset_id=id_of(asset),
        version_id=id_of(version),
        submission_id=id_of(submission),
        team=team,
        reviewer_id=person_id,
        decision=decision,
        content_hash=content_hash,
        note=note,
        reviewed_at=clock.now(),
    )
    session.add(made)
    if decision == Decision.CHANGES_REQUESTED:
        _close(submission, actor, "changes_requested")
    states.refresh(session, asset)
    name = EventName.APPROVED if decision == Decision.APPROVED else EventName.CHANGES_REQUESTED
    _tell(session, name, actor, asset, version, team=team, note=note)
    _publish_if_both_signed(session, actor, asset, version, submission)
    return made


def publish_urgently(
    session: Session, actor: Actor, asset: Asset, number: int, *, reason: str, content_hash: str, days: int
) -> Publication:
    """Put the newest version live at once, for `days` days, while both teams are still to sign. Admins only."""
    require_on(session, actor, Deed.PUBLISH_URGENTLY, asset)
    version = _newest(session, asset, number)
    if content_hash != version.content_hash:
        raise Conflict(f"The text you saw is not version {number}: its hash differs. Open the version again.")
    if states.open_retirement(session, asset) is not None:
        raise Conflict("The asset is retired. Bring it back first.")
    current = states.open_publication(session, asset)
    if current is not None and current.version_id == version.id:
        if current.kind == PublicationKind.URGENT:
            return current  # repeated: the first one's time runs on, urgency is not renewed by asking again
        raise Conflict(f"Version {number} is live already.")
    _refuse_renewed_urgency(session, version)
    _check_links(session, version)
    if states.open_submission(session, asset) is None:
        session.add(
            Submission(
                asset_id=id_of(asset),
                version_id=id_of(version),
                submitted_by=actor.id,
                submitted_at=clock.now(),
                note=reason,
            )
        )
    lapses_at = clock.now() + timedelta(days=days)
    made = _go_live(session, actor, asset, version, PublicationKind.URGENT, reason=reason, lapses_at=lapses_at)
    _tell(session, EventName.PUBLISHED_URGENTLY, actor, asset, version, reason=reason, lapses_at=lapses_at.isoformat())
    return made


def publish_imported(
    session: Session, actor: Actor, assets: Sequence[tuple[Asset, Version]], *, reason: str, at: datetime | None = None
) -> None:
    """Record that texts were live elsewhere before they came here: an imported approval, shown as such."""
    require(actor, Deed.IMPORT_CONTENT)
    ids = [id_of(asset) for asset, _ in assets]
    is_open = col(Publication.asset_id).in_(ids) & col(Publication.ended_at).is_(None)
    replaced = {"ended_at": clock.now(), "ended_as": "replaced"}
    session.exec(update(Publication).where(is_open).values(**replaced))
    retired = select(Retirement.asset_id).where(col(Retirement.asset_id).in_(ids), col(Retirement.ended_at).is_(None))
    stay_retired = set(session.exec(retired))
    new = {"kind": PublicationKind.IMPORTED, "published_by": actor.id, "reason": reason, "lapses_at": None}
    rows = [
        {"asset_id": asset.id, "version_id": version.id, "published_at": at or clock.now(), **new, **_NOT_ENDED}
        for asset, version in assets
    ]
    if rows:
        session.execute(insert(Publication), rows)
    for asset, version in assets:
        asset.live_version_id = version.id
        states.set_live(asset, retired=asset.id in stay_retired)
    session.flush()
    record_many(
        session,
        EventName.PUBLISHED_BY_IMPORT,
        actor_id=actor.id,
        told=[(("asset", asset.id, asset.slug), _snapshot(version) | {"reason": reason}) for asset, version in assets],
    )


def lapse_urgent(session: Session, asset: Asset) -> bool:
    """End an urgent publication whose time is over; the text that both teams had signed before comes back."""
    current = states.open_publication(session, asset)
    if current is None or current.kind != PublicationKind.URGENT or current.lapses_at is None:
        return False
    if current.lapses_at > clock.now():
        return False
    _end(current, "lapsed")
    before = _last_rightful(session, asset)
    version = session.get_one(Version, current.version_id)
    asset.live_version_id = None
    if before is not None:
        _add_publication(
            session, asset, before.version_id, before.kind, before.published_by, "came back: urgency lapsed"
        )
    states.refresh(session, asset)
    record(
        session, EventName.URGENT_LAPSED, actor_id=None, subject=("asset", asset.id, asset.slug),
        version=version.number, hash=version.content_hash, came_back=before is not None,
    )  # fmt: skip
    return True


def retire(session: Session, actor: Actor, asset: Asset, *, note: str = "") -> None:
    """Take an asset out of use; its history stays. Repeating it changes nothing."""
    require_on(session, actor, Deed.RETIRE, asset)
    if states.open_retirement(session, asset) is not None:
        return
    session.add(Retirement(asset_id=id_of(asset), retired_by=actor.id, retired_at=clock.now(), note=note))
    states.refresh(session, asset)
    record(
        session, EventName.RETIRED, actor_id=actor.id, subject=("asset", asset.id, asset.slug), note=note
    )  # fmt: skip


def bring_back(session: Session, actor: Actor, asset: Asset) -> None:
    """End a retirement: the asset is again what it was before, its signatures included."""
    require_on(session, actor, Deed.RETIRE, asset)
    retirement = states.open_retirement(session, asset)
    if retirement is None:
        return
    retirement.ended_at, retirement.ended_by = clock.now(), actor.id
    states.refresh(session, asset)
    record(session, EventName.RETURNED, actor_id=actor.id, subject=("asset", asset.id, asset.slug))


def effective_reviews(session: Session, version: Version) -> dict[Team, Review]:
    """The decision that counts, by team: its last one. A request for changes counts until the version is submitted
    again; an approval counts as long as the text is this text."""
    query = select(Review).where(Review.version_id == version.id).order_by(col(Review.id))
    latest = {Team(made.team): made for made in session.exec(query)}
    reopened = select(Submission.id).where(Submission.version_id == version.id, col(Submission.closed_at).is_(None))
    waiting = session.exec(reopened).first()
    return {
        team: made
        for team, made in latest.items()
        if made.decision == Decision.APPROVED or waiting is None or made.submission_id == waiting
    }


def waiting_teams(reviews: dict[Team, Review]) -> list[Team]:
    """The teams that have not approved yet."""
    return [
        team for team in sorted(SIGNING_TEAMS) if team not in reviews or reviews[team].decision != Decision.APPROVED
    ]


def _require_reviewer(session: Session, actor: Actor, asset: Asset, version: Version, team: Team) -> int:
    """The id of the person who decides; raises for everybody who may not."""
    if team not in SIGNING_TEAMS:
        raise NotFound("Reviews are by the teams sales and marketing.")
    require_on(session, actor, Deed.REVIEW, asset)
    if actor.team != team or actor.id is None:
        raise NotAllowed(f"You are of the team {actor.team}: you cannot decide for {team}.")
    other = select(Review.id).where(
        Review.version_id == version.id, Review.reviewer_id == actor.id, col(Review.team) != team
    )
    if session.exec(other).first() is not None:
        raise NotAllowed("You decided on this version for the other team already. Nobody signs for both.")
    return actor.id


def _publish_if_both_signed(
    session: Session, actor: Actor, asset: Asset, version: Version, submission: Submission
) -> None:
    reviews = effective_reviews(session, version)
    signed = [made for made in reviews.values() if made.decision == Decision.APPROVED]
    hashes = {made.content_hash for made in signed}
    signers = {made.reviewer_id for made in signed}
    if {made.team for made in signed} != SIGNING_TEAMS or len(signers) != 2 or hashes != {version.content_hash}:
        return
    _close(submission, actor, "published")
    _go_live(session, actor, asset, version, PublicationKind.JOINT)
    by_team = {made.team: made.reviewer_id for made in signed}
    _tell(session, EventName.PUBLISHED, actor, asset, version, signed_by=by_team)


def _go_live(
    session: Session,
    actor: Actor,
    asset: Asset,
    version: Version,
    kind: PublicationKind,
    *,
    reason: str = "",
    lapses_at: datetime | None = None,
    at: datetime | None = None,
) -> Publication:
    current = states.open_publication(session, asset)
    if current is not None:
        _end(current, "signed" if current.version_id == version.id else "replaced")
    made = _add_publication(session, asset, id_of(version), kind, actor.id, reason, lapses_at, at)
    states.refresh(session, asset)
    return made


def _add_publication(
    session: Session,
    asset: Asset,
    version_id: int,
    kind: str,
    by: int | None,
    reason: str,
    lapses_at: datetime | None = None,
    at: datetime | None = None,
) -> Publication:
    made = Publication(
        asset_id=id_of(asset),
        version_id=version_id,
        kind=kind,
        published_by=by,
        published_at=at or clock.now(),
        reason=reason,
        lapses_at=lapses_at,
    )
    session.add(made)
    asset.live_version_id = version_id
    return made


def _last_rightful(session: Session, asset: Asset) -> Publication | None:
    """The last publication that was not urgent: what an urgent one stood in front of."""
    query = (
        select(Publication)
        .where(Publication.asset_id == asset.id, col(Publication.kind) != PublicationKind.URGENT)
        .order_by(col(Publication.id).desc())
    )
    return session.exec(query).first()


def _refuse_renewed_urgency(session: Session, version: Version) -> None:
    query = select(Publication.id).where(
        Publication.version_id == version.id, Publication.kind == PublicationKind.URGENT
    )
    if session.exec(query).first() is not None:
        raise Conflict(
            f"Version {version.number} was published urgently before and its time ran out. Both teams must sign it now."
        )


def _check_links(session: Session, version: Version) -> None:
    query = select(VersionLink.target).where(
        VersionLink.version_id == version.id, col(VersionLink.target_asset_id).is_(None)
    )
    broken = session.exec(query).all()
    # Relative file links may lead out of the folder that was synced, so only links that name a slug hold a text back.
    named = [target for target in broken if f"asset:{target}" in version.body or f"/assets/{target}" in version.body]
    if named:
        faults = [Fault(("body", "body"), f"there is no asset {target!r}") for target in named]
        raise Conflict(f"The text links to assets that are not there: {', '.join(named)}.", errors=faults)


def _live_kind(session: Session, asset: Asset) -> str | None:
    current = states.open_publication(session, asset)
    return current.kind if current else None


def _newest(session: Session, asset: Asset, number: int) -> Version:
    version = _version(session, asset, number)
    if version.id != asset.head_version_id:
        raise Conflict(f"Version {number} is not the newest any more; that is {asset.head_number}.")
    return version


def _version(session: Session, asset: Asset, number: int) -> Version:
    query = select(Version).where(Version.asset_id == asset.id, Version.number == number)
    version = session.exec(query).one_or_none()
    if version is None:
        raise NotFound(f"{asset.slug!r} has no version {number}.")
    return version


def _waiting(session: Session, asset: Asset, version: Version) -> Submission:
    submission = states.open_submission(session, asset)
    if submission is None or submission.version_id != version.id:
        raise Conflict(f"Version {version.number} does not wait for review; it must be submitted first.")
    return submission


def _close(submission: Submission, actor: Actor, how: str) -> None:
    submission.closed_at, submission.closed_by, submission.closed_as = clock.now(), actor.id, how


def _end(publication: Publication, how: str) -> None:
    publication.ended_at, publication.ended_as = clock.now(), how


def _tell(session: Session, name: EventName, actor: Actor, asset: Asset, version: Version, **data: Any) -> None:
    """The event with a snapshot of what was decided on."""
    subject = ("asset", asset.id, asset.slug)
    record(session, name, actor_id=actor.id, subject=subject, **_snapshot(version), **data)


def _snapshot(version: Version) -> dict[str, Any]:
    return {"version": version.number, "hash": version.content_hash, "title": version.title}

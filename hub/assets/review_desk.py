"""The desk of somebody who reviews: what waits for them, what waits for the other team, what they decided; and several
approvals at once, of texts that they had before them. One decision is `approval.review`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hub.assets import approval, drafts, library, passage_notes
from hub.assets.models import Asset, Decision, Review, Submission, Version
from hub.assets.schemas import QueueItem
from hub.errors import Conflict
from hub.people.roles import SIGNING_TEAMS, Actor, Deed, may, require

MOST_DECIDED = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """`opened`: this person had the text before them, so it may be approved together with others."""

    item: QueueItem
    opened: bool


@dataclass(frozen=True, slots=True)
class Decided:
    slug: str
    title: str
    version: int
    decision: Decision
    note: str
    at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class Desk:
    for_me: list[Waiting]
    for_others: list[QueueItem]
    decided: list[Decided]


@dataclass(frozen=True, slots=True)
class Named:
    """A text as it was shown: its hash says that it is this one."""

    slug: str
    number: int
    content_hash: str


def desk(session: Session, actor: Actor) -> Desk:
    """The longest waiting first; of what was decided, the latest first. The same few queries however much there is."""
    items = library.review_queue(session, actor)
    ids = _versions_that_wait(session)
    opened = passage_notes.opened_of(session, actor, ids.values()) if ids else set()
    mine, others = [], []
    for item in items:
        if may_decide(actor, item):
            mine.append(Waiting(item, ids.get((item.slug, item.version)) in opened))
        else:
            others.append(item)
    return Desk(mine, others, _decided(session, actor))


def may_decide(actor: Actor, item: QueueItem) -> bool:
    """Their team's decision is missing, and they have not signed for the other one."""
    signed = {made.reviewer.id for made in item.decided}
    return may(actor, Deed.REVIEW) and actor.team in item.waiting_for and actor.id not in signed


def approve_together(session: Session, actor: Actor, texts: Sequence[Named], *, note: str = "") -> list[str]:
    """Approve several texts, all or none; answers the slugs of those that went live.

    Raises Conflict for a text that this person did not open, and whatever `approval.review` raises for one of them.
    """
    require(actor, Deed.REVIEW)
    live = []
    for named in sorted(texts, key=lambda one: one.slug):  # in one order, so that two people cannot wait for each other
        asset = drafts.locked(session, named.slug)
        version = library.version_of(session, asset, named.number)
        if not passage_notes.opened_of(session, actor, [version.id or 0]):
            raise Conflict(f"You have not opened “{version.title}”. Read it first; nothing was approved.")
        approval.review(
            session, actor, asset, named.number, team=actor.team, decision=Decision.APPROVED,
            content_hash=named.content_hash, note=note,
        )  # fmt: skip
        if asset.live_version_id == version.id:
            live.append(asset.slug)
    return live


def is_reviewer(actor: Actor) -> bool:
    return actor.team in SIGNING_TEAMS and may(actor, Deed.REVIEW)


def _versions_that_wait(session: Session) -> dict[tuple[str, int], int]:
    query = (
        select(Asset.slug, Version.number, Version.id)
        .join(Version, col(Version.asset_id) == Asset.id)
        .join(Submission, col(Submission.version_id) == Version.id)
        .where(col(Submission.closed_at).is_(None))
    )
    return {(slug, number): version_id or 0 for slug, number, version_id in session.exec(query)}


def _decided(session: Session, actor: Actor) -> list[Decided]:
    query = (
        select(Review, Asset, Version)
        .join(Asset, col(Asset.id) == Review.asset_id)
        .join(Version, col(Version.id) == Review.version_id)
        .where(Review.reviewer_id == actor.id)
        .order_by(col(Review.reviewed_at).desc(), col(Review.id).desc())
        .limit(MOST_DECIDED)
    )
    return [
        Decided(
            slug=asset.slug, title=version.title, version=version.number, decision=Decision(made.decision),
            note=made.note, at=made.reviewed_at, live=asset.live_version_id == version.id,
        )
        for made, asset, version in session.exec(query)
    ]  # fmt: skip

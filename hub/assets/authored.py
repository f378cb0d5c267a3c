"""What somebody writes, alone or with others, and how far each text is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists
from sqlmodel import Session, col, or_, select

from hub.assets import states
from hub.assets.models import Asset, AssetAuthor, Decision, Review, Status, Submission, Version
from hub.assets.schemas import PersonRef
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team, require

MOST = 100


@dataclass(frozen=True, slots=True)
class Authored:
    """`waiting_for` are the teams whose decision a submitted version waits for; `asked_for_changes` is why the newest
    version came back. `running`: there is something for its authors or reviewers to do."""

    slug: str
    title: str
    kind: str
    status: Status
    version: int
    live: bool
    in_review: bool
    running: bool
    waiting_for: list[Team]
    asked_for_changes: str
    asked_by: str
    with_others: list[PersonRef]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Texts:
    items: list[Authored]
    more: bool


def authored_by(session: Session, actor: Actor) -> Texts:
    """What this person created, owns or is an author of, the newest change first. Five queries."""
    require(actor, Deed.CREATE_ASSET)
    named: Any = exists().where(col(AssetAuthor.asset_id) == Asset.id, col(AssetAuthor.person_id) == actor.id)
    mine = or_(col(Asset.created_by) == actor.id, col(Asset.owner_id) == actor.id, named)
    # What an import or the operator's folder brought has somebody as its creator, but nobody is writing it.
    query = select(Asset, Version).join(Version, col(Version.id) == Asset.head_version_id)
    query = query.where(mine, col(Asset.status) != Status.RETIRED)
    newest = query.order_by(col(Asset.updated_at).desc(), col(Asset.id).desc()).limit(MOST + 1)
    rows = session.exec(newest).all()
    ids = [asset.id for asset, _ in rows[:MOST] if asset.id is not None]
    heads = [version.id for _, version in rows[:MOST] if version.id is not None]
    open_ones = select(Submission.version_id).where(
        col(Submission.version_id).in_(heads), col(Submission.closed_at).is_(None)
    )
    waiting = set(session.exec(open_ones))
    decisions = _decisions(session, heads)
    authors = _authors(session, ids)
    items = [
        _shown(actor, asset, version, version.id in waiting, decisions.get(version.id or 0, {}), authors)
        for asset, version in rows[:MOST]
    ]
    return Texts(items, more=len(rows) > MOST)


def _shown(
    actor: Actor,
    asset: Asset,
    version: Version,
    in_review: bool,
    decided: dict[Team, tuple[Review, str]],
    authors: dict[int, list[PersonRef]],
) -> Authored:
    live = asset.live_version_id == version.id
    back = [pair for pair in decided.values() if pair[0].decision == Decision.CHANGES_REQUESTED]
    approved = {team for team, (made, _) in decided.items() if made.decision == Decision.APPROVED}
    came_back = not in_review and not live and bool(back)
    return Authored(
        slug=asset.slug,
        title=version.title,
        kind=version.kind,
        status=states.shown_status(asset.status, asset.expires_on),
        version=version.number,
        live=live,
        in_review=in_review,
        running=in_review or not live,
        waiting_for=[team for team in (Team.MARKETING, Team.SALES) if team not in approved] if in_review else [],
        asked_for_changes=back[-1][0].note if came_back else "",
        asked_by=back[-1][1] if came_back else "",
        with_others=[one for one in authors.get(asset.id or 0, ()) if one.id != actor.id],
        updated_at=asset.updated_at,
    )


def _decisions(session: Session, version_ids: list[int]) -> dict[int, dict[Team, tuple[Review, str]]]:
    """Each team's last decision by version, with the name of who took it."""
    query = select(Review, Person.name).join(Person, col(Person.id) == Review.reviewer_id)
    found: dict[int, dict[Team, tuple[Review, str]]] = {}
    for made, name in session.exec(query.where(col(Review.version_id).in_(version_ids)).order_by(col(Review.id))):
        found.setdefault(made.version_id, {})[Team(made.team)] = (made, name)
    return found


def _authors(session: Session, asset_ids: list[int]) -> dict[int, list[PersonRef]]:
    query = select(AssetAuthor.asset_id, Person).join(Person, col(Person.id) == AssetAuthor.person_id)
    query = query.where(col(AssetAuthor.asset_id).in_(asset_ids))
    found: dict[int, list[PersonRef]] = {}
    for asset_id, person in session.exec(query.order_by(col(AssetAuthor.team), col(AssetAuthor.position))):
        shown = PersonRef(id=person.id or 0, name=person.name, team=Team(person.team))
        if shown not in found.setdefault(asset_id, []):
            found[asset_id].append(shown)
    return found

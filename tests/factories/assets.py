"""Assets for tests, made through the domain functions, in the state that a test starts from."""

import itertools
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hub.assets import approval, drafts
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import Asset, Decision, Version
from hub.assets.texts import Text, tags_of
from hub.people.roles import Actor, Team
from hub.taxonomy import vocabulary
from tests.factories.people import actor

_numbers = itertools.count(1)


@dataclass
class Cast:
    """One person for each part in the play of joint approval."""

    author: Actor
    marketing: Actor
    sales: Actor
    reader: Actor
    admin: Actor


def make_cast(session: Session) -> Cast:
    return Cast(
        author=actor(session, team="marketing", role="contributor"),
        marketing=actor(session, team="marketing", role="approver"),
        sales=actor(session, team="sales", role="approver"),
        reader=actor(session, team="sales", role="reader"),
        admin=actor(session, team="other", role="admin"),
    )


def make_text(session: Session, *, tags: dict[str, list[str]] | None = None, **fields: Any) -> Text:
    number = next(_numbers)
    given = {"title": f"Asset {number}", "summary": "When to use it.", "body": f"Text {number}.\n"} | fields
    return Text(**given, tags=tags_of(vocabulary.resolve(session, tags or {})))


def make_draft(session: Session, author: Actor, *, slug: str | None = None, **fields: Any) -> Asset:
    """A new asset with version 1, a draft."""
    details = {name: fields.pop(name) for name in ("review_by", "expires_on", "authors", "owner_id") if name in fields}
    external_id = fields.pop("external_id", None)
    text = make_text(session, **fields)
    new = NewAsset(
        slug=slug or f"asset-{next(_numbers)}", text=text, details=Details(**details), external_id=external_id
    )
    return drafts.create_asset(session, author, new)


def make_live(session: Session, cast: Cast, **fields: Any) -> Asset:
    """An asset whose newest version both teams have approved."""
    asset = make_draft(session, cast.author, **fields)
    publish(session, cast, asset)
    return asset


def publish(session: Session, cast: Cast, asset: Asset) -> None:
    """Submit the newest version and have both teams approve it."""
    approval.submit(session, cast.author, asset, asset.head_number)
    for reviewer, team in ((cast.marketing, Team.MARKETING), (cast.sales, Team.SALES)):
        sign(session, reviewer, asset, team)


def sign(session: Session, reviewer: Actor, asset: Asset, team: Team) -> None:
    head = drafts.head_of(session, asset)
    approval.review(
        session,
        reviewer,
        asset,
        head.number,
        team=team,
        decision=Decision.APPROVED,
        content_hash=head.content_hash,
    )


def next_draft(session: Session, author: Actor, asset: Asset, **fields: Any) -> Version:
    return drafts.write_version(session, author, asset, make_text(session, **fields), base_number=asset.head_number)

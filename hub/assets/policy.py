"""What is one's own among assets, and what one may see. The rules themselves stand in `people.roles.POLICY`."""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_, true
from sqlmodel import Session, col, select

from hub.assets.models import Asset, AssetAuthor
from hub.errors import NotFound
from hub.people.roles import Actor, Deed, may, require

# Built once: every read of an asset asks this, and building a statement costs more than running it.
_NAMED = (
    select(AssetAuthor.person_id)
    .where(col(AssetAuthor.asset_id) == bindparam("asset"), col(AssetAuthor.person_id) == bindparam("person"))
    .limit(1)
)


def is_own(session: Session, actor: Actor, asset: Asset) -> bool:
    """An asset is its creator's, its owner's and its named authors'."""
    if actor.id is None:
        return False
    if actor.id in (asset.created_by, asset.owner_id):
        return True
    return session.execute(_NAMED, {"asset": asset.id, "person": actor.id}).first() is not None


def may_on(session: Session, actor: Actor, deed: Deed, asset: Asset) -> bool:
    return may(actor, deed) or (may(actor, deed, own=True) and is_own(session, actor, asset))


def require_on(session: Session, actor: Actor, deed: Deed, asset: Asset) -> None:
    """Raises NotFound when the caller may not even know of the asset, NotAllowed when they may but not do this."""
    if may_on(session, actor, deed, asset):
        return
    if asset.live_version_id is None and not may_on(session, actor, Deed.READ_DRAFTS, asset):
        raise NotFound(f"There is no asset {asset.slug!r}.")
    require(actor, deed)


def drafts_seen_by(actor: Actor) -> ColumnElement[bool]:
    """The condition on `Asset` for drafts that this person may see, as part of a question."""
    if may(actor, Deed.READ_DRAFTS):
        return true()
    mine: Any = exists().where(col(AssetAuthor.asset_id) == Asset.id, col(AssetAuthor.person_id) == actor.id)
    return or_(col(Asset.created_by) == actor.id, col(Asset.owner_id) == actor.id, mine)

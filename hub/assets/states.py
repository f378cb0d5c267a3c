"""The state of an asset, derived from its records. Every writing step ends with `refresh`."""

from datetime import date

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from hub import clock
from hub.assets.models import Asset, Publication, PublicationKind, Retirement, Status, Submission


def refresh(session: Session, asset: Asset) -> None:
    """Derive the status anew and count the change: `revision` is what ETags and caches hang on."""
    session.flush()
    asset.status = _status(session, asset)
    asset.revision += 1
    asset.updated_at = clock.now()
    session.flush()


def set_live(asset: Asset, *, retired: bool) -> None:
    """`refresh` for an asset of which it is known that it has a live version: asks the database nothing."""
    live = Status.EXPIRED if is_expired(asset.expires_on) else Status.PUBLISHED
    asset.status = Status.RETIRED if retired else live
    asset.revision += 1
    asset.updated_at = clock.now()


def is_expired(expires_on: date | None) -> bool:
    """The day named is the last good one; days are those of UTC."""
    return expires_on is not None and expires_on < clock.today()


def is_fresh(review_by: date | None) -> bool | None:
    """None when nobody set a date: such an asset is neither fresh nor overdue, and is counted apart."""
    return None if review_by is None else review_by >= clock.today()


def shown_status(status: str, expires_on: date | None) -> Status:
    """The status as of now: a date may have passed since the worker last looked."""
    if status == Status.PUBLISHED and is_expired(expires_on):
        return Status.EXPIRED
    return Status(status)


def is_live() -> ColumnElement[bool]:
    """The condition on `Asset` for what everybody may use now. Expiry is part of the question, so an expired asset is
    gone at midnight, whether or not the worker has run."""
    return and_(
        col(Asset.status) == Status.PUBLISHED,
        or_(col(Asset.expires_on).is_(None), col(Asset.expires_on) >= clock.today()),
    )


def open_submission(session: Session, asset: Asset) -> Submission | None:
    """The submission of the newest version that waits for review, if there is one."""
    query = select(Submission).where(
        Submission.asset_id == asset.id,
        Submission.version_id == asset.head_version_id,
        col(Submission.closed_at).is_(None),
    )
    return session.exec(query).first()


def is_urgent(session: Session, asset: Asset) -> bool:
    """Whether it is live without both signatures, for a time."""
    current = open_publication(session, asset)
    return current is not None and current.kind == PublicationKind.URGENT


def open_retirement(session: Session, asset: Asset) -> Retirement | None:
    query = select(Retirement).where(Retirement.asset_id == asset.id, col(Retirement.ended_at).is_(None))
    return session.exec(query).first()


def open_publication(session: Session, asset: Asset) -> Publication | None:
    query = select(Publication).where(Publication.asset_id == asset.id, col(Publication.ended_at).is_(None))
    return session.exec(query).first()


def _status(session: Session, asset: Asset) -> Status:
    if open_retirement(session, asset) is not None:
        return Status.RETIRED
    if asset.live_version_id is not None:
        return Status.EXPIRED if is_expired(asset.expires_on) else Status.PUBLISHED
    return Status.IN_REVIEW if open_submission(session, asset) is not None else Status.DRAFT

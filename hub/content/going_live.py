"""Putting texts of a content folder live that were approved before they came here, as imported approvals: for a library
that is in use already, and for looking around in the starter library. A sync itself never touches approvals.
"""

from sqlmodel import Session, col, select

from hub.assets import approval
from hub.assets.models import Asset, ContentFile, Publication, Status, Version
from hub.db import Database
from hub.people.roles import Actor, Deed, require

BATCH = 100
REASON = "was live before it was imported"


def publish_untouched(database: Database, actor: Actor, *, folder: str) -> int:
    """Of the folder's assets those that are as their file brought them and never were live, submitted or changed here.
    Answers how many went live now. Safe to repeat."""
    require(actor, Deed.IMPORT_CONTENT)
    published = 0
    while True:
        with database.transaction() as session:
            pairs = _untouched(session, folder)
            approval.publish_imported(session, actor, pairs, reason=REASON)
        published += len(pairs)
        if len(pairs) < BATCH:
            return published


def _untouched(session: Session, folder: str) -> list[tuple[Asset, Version]]:
    never_live = ~select(Publication.id).where(Publication.asset_id == Asset.id).exists()
    query = (
        select(Asset, Version)
        .join(Version, col(Version.id) == Asset.head_version_id)
        .join(ContentFile, col(ContentFile.asset_id) == Asset.id)
        .where(ContentFile.folder == folder, Asset.status == Status.DRAFT)
        .where(Asset.head_number == 1, Version.source == "file", never_live)
        .order_by(col(Asset.id))
        .limit(BATCH)
    )
    return [(asset, version) for asset, version in session.exec(query.with_for_update(of=Asset))]

"""The demo story: the starter library, the people who wrote it, a year and more of deals, and what came of it.

Everything goes through the domain functions, as people and programs would do it. Planting twice changes nothing: each
chapter is left out when its part of the hub holds something already.
"""

from sqlmodel import Session, func, select

from hub.assets.models import Asset, Status
from hub.blobs import Blobs
from hub.db import Database
from hub.deals.models import Deal
from hub.insights.computing import Computer
from hub.insights.inputs import Inputs
from hub.people.models import Person
from hub.seeds import days, library, pipeline
from hub.seeds.cast import add_people, demo_password, how_to_sign_in
from hub.settings import Settings
from hub.usage.models import Use

__all__ = ["demo_password", "how_to_sign_in", "plant"]


def plant(database: Database, blobs: Blobs, settings: Settings) -> dict[str, int]:
    """Load the story into a hub; returns how much of what there is then."""
    library.load(database, blobs, settings)
    add_people(database, settings)
    library.move_along(database)
    with database.reading() as session:
        is_told = session.exec(select(Deal.id).limit(1)).first() is not None
    if not is_told:
        pipeline.load(database)
        days.happen(database)
        Computer(database, Inputs.of(settings)).compute()
    with database.reading() as session:
        return {
            "published": _many(session, Asset, Asset.status == Status.PUBLISHED),
            "drafts": _many(session, Asset, Asset.status != Status.PUBLISHED),
            "people": _many(session, Person),
            "deals": _many(session, Deal),
            "uses": _many(session, Use),
        }


def _many(session: Session, table: type, *which: bool) -> int:
    return session.exec(select(func.count()).select_from(table).where(*which)).one()

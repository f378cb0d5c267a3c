"""Uses that wait for their deal: a use may come before the deal that it names, and is the deal's once that comes."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from hub.db import Database, metadata
from hub.deals.models import Deal
from hub.events.models import Event
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import HUB
from hub.usage.models import uses

EVENTS = ("deal.created", "deal.imported")
_AT_A_TIME = 5_000
_deals = metadata.tables[str(Deal.__tablename__)]
_ARRIVED = (
    select(uses.c.id, uses.c.asset_id, _deals.c.id.label("deal_id"))
    .join(_deals, (_deals.c.external_id == uses.c.deal_ref) & (_deals.c.source == uses.c.deal_source))
    .where(uses.c.deal_ref.is_not(None))
    .order_by(uses.c.id)
    .limit(_AT_A_TIME)
)
_JOIN = (
    update(uses)
    .where(uses.c.id == bindparam("use"), uses.c.deal_ref.is_not(None))
    .values(deal_id=bindparam("deal"), deal_ref=None, deal_source=None)
)


class Joiner:
    """The subscriber: which deals the events tell of does not matter, waiting uses are few."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def react(self, events: Sequence[Event]) -> None:
        if any(event.name == "deal.created" or event.data.get("created") for event in events):
            join_waiting(self._database)


def join_waiting(database: Database) -> int:
    """Give every use that waits for a deal which is there by now to that deal; answers how many. Safe to repeat."""
    joined = 0
    while True:
        with database.reading() as session:  # most looks find nothing: those must not take the write lock
            if session.connection().execute(_ARRIVED.limit(1)).first() is None:
                return joined
        with database.transaction() as session:
            some = _join_some(session)
        if not some:  # another process is at it
            return joined
        joined += some


def _join_some(session: Session) -> int:
    rows = session.connection().execute(_ARRIVED.with_for_update(of=uses, skip_locked=True)).all()
    if rows:
        session.connection().execute(_JOIN, [{"use": row.id, "deal": row.deal_id} for row in rows])
        record(
            session,
            EventName.USES_JOINED,
            actor_id=HUB.id,
            subject=("use", None, "waited for their deals"),
            count=len(rows),
            assets=sorted({row.asset_id for row in rows}),
            deals=sorted({row.deal_id for row in rows}),
        )
    return len(rows)

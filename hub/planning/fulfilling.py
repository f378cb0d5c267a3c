"""What a brief brings: once its text is live, the requests that it was planned for are fulfilled, and who asked knows.

Made by the worker from events; looked up anew each time, so that twice, late or out of order makes no difference.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from hub.assets import states
from hub.assets.models import Asset
from hub.db import Database, id_of
from hub.events.models import Event
from hub.events.names import EventName
from hub.people.roles import HUB
from hub.planning import briefs, requests
from hub.planning.models import Brief, BriefState, Request

_OF_ASSETS = (EventName.PUBLISHED, EventName.PUBLISHED_URGENTLY, EventName.PUBLISHED_BY_IMPORT)
# An asset that is live already may be named on a brief.
_OF_BRIEFS = (EventName.BRIEF_PLANNED, EventName.BRIEF_CHANGED, EventName.BRIEF_FINISHED)
EVENTS: tuple[str, ...] = tuple(str(name) for name in (*_OF_ASSETS, *_OF_BRIEFS))


@dataclass(frozen=True)
class Fulfiller:
    """The worker's subscriber."""

    database: Database

    def react(self, events: Sequence[Event]) -> None:
        assets = {event.subject_id for event in events if event.subject_kind == "asset"} - {None}
        named = {event.subject_id for event in events if event.subject_kind == "brief"} - {None}
        with self.database.transaction() as session:
            for brief_id, slug in _came(session, assets, named):
                _fulfil(session, brief_id, slug)


def _came(session: Session, assets: Collection[int | None], named: Collection[int | None]) -> list[tuple[int, str]]:
    """Briefs whose text is live, and its slug; of these only those that requests wait for."""
    waiting = select(Request.brief_id).where(col(Request.closed_at).is_(None))
    query = (
        select(Brief, Asset.slug)
        .join(Asset, col(Asset.id) == col(Brief.result_id))
        .where(or_(col(Brief.result_id).in_(assets), col(Brief.id).in_(named)), states.is_live())
        .where(col(Brief.id).in_(waiting))
        .order_by(col(Brief.id))
    )
    return [
        (id_of(brief), slug)
        for brief, slug in session.exec(query)
        if briefs.state_now(session, brief) == BriefState.LIVE
    ]


def _fulfil(session: Session, brief_id: int, slug: str) -> None:
    open_ones = select(Request.id).where(Request.brief_id == brief_id, col(Request.closed_at).is_(None))
    for request_id in session.exec(open_ones.order_by(col(Request.id))).all():
        request = requests.locked(session, request_id or 0)
        if request.closed_as is None:
            requests.fulfil(session, HUB, request, slug)

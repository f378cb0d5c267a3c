"""Who reacts to which event, and the recurring jobs: all on one page."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from hub.assets import freshness, renderings
from hub.db import Database
from hub.events.deliver import RecurringJob, Subscriber, Worker
from hub.events.models import Event
from hub.people import authentication
from hub.search import indexing
from hub.search.engine import Engine
from hub.search.indexing import Indexer

_A_REBUILD = timedelta(minutes=10)


def make_worker(database: Database, engine: Engine) -> Worker:
    """The worker with everything it tells and does; each reaction makes things equal, so twice does no harm."""

    def render(events: Sequence[Event]) -> None:
        """Bulk imports leave their renderings to the worker; a version that has none gets one."""
        add_renderings({event.subject_id for event in events if event.subject_id is not None})

    def add_renderings(asset_ids: Collection[int] | None = None) -> None:
        while True:
            with database.transaction() as session:
                if not renderings.add_missing(session, asset_ids=asset_ids):
                    return

    indexer = Indexer(database, engine)
    return Worker(
        database,
        # In this order: what is indexed has its rendering.
        subscribers=(
            Subscriber("renderings", ("asset.created", "asset.version_created"), render),
            Subscriber("search", indexing.EVENTS, indexer.react),
        ),
        jobs=(
            RecurringJob("search index", timedelta(minutes=1), indexer.make_current, at_start=True, lease=_A_REBUILD),
            RecurringJob("dates", timedelta(minutes=1), lambda: freshness.act_on_dates(database)),
            RecurringJob("reminders", timedelta(hours=1), lambda: _remind(database)),
            RecurringJob("ended sessions", timedelta(hours=1), lambda: _forget(database)),
            # A new renderer leaves old renderings behind that no event tells of.
            RecurringJob("renderings", timedelta(hours=6), add_renderings),
        ),
    )


def _remind(database: Database) -> None:
    freshness.send_reminders(database)


def _forget(database: Database) -> None:
    with database.transaction() as session:
        authentication.forget_ended(session)

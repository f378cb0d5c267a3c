"""Who reacts to which event, and the recurring jobs: all on one page."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from hub import clock, shipped
from hub.archives.backup import back_up
from hub.assets import freshness, renderings
from hub.blobs import Blobs
from hub.db import Database
from hub.deals.sources import receipts
from hub.errands import forgetting, work
from hub.errands.running import Assignment, Runner
from hub.events.deliver import RecurringJob, Subscriber, Worker
from hub.events.models import Event
from hub.insights import computing, rollups
from hub.insights.computing import Computer
from hub.insights.inputs import Inputs
from hub.insights.rollups import Figures
from hub.people import authentication
from hub.planning import fulfilling, notices
from hub.planning.fulfilling import Fulfiller
from hub.planning.notices import Notifier
from hub.search import indexing, log_reading
from hub.search.engine import Engine
from hub.search.indexing import Indexer
from hub.settings import Settings
from hub.usage import asking, joining
from hub.usage.asking import Asker
from hub.usage.joining import Joiner

_A_REBUILD = timedelta(minutes=10)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def make_worker(database: Database, engine: Engine, settings: Settings) -> Worker:
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
    inputs = Inputs.of(settings)
    figures = Figures(database, inputs)
    notifier = Notifier(database)
    return Worker(
        database,
        # In this order: what is indexed has its rendering, what is asked and counted has its deal.
        subscribers=(
            Subscriber("renderings", ("asset.created", "asset.version_created"), render),
            Subscriber("search", indexing.EVENTS, indexer.react),
            Subscriber("uses that wait", joining.EVENTS, Joiner(database).react),
            Subscriber("stage questions", asking.EVENTS, Asker(database, log_reading.searches_of).react),
            Subscriber("figures", rollups.EVENTS, figures.react),
            Subscriber("requests of briefs", fulfilling.EVENTS, Fulfiller(database).react),
            Subscriber("notices", notices.EVENTS, notifier.react),
        ),
        jobs=(
            RecurringJob("search index", _MINUTE, indexer.make_current, at_start=True, lease=_A_REBUILD),
            RecurringJob("dates", _MINUTE, lambda: freshness.act_on_dates(database)),
            RecurringJob("figures", rollups.EVERY, figures.refresh, lease=rollups.LEASE),
            RecurringJob("evidence", computing.EVERY, Computer(database, inputs).do_what_is_due, lease=computing.LEASE),
            RecurringJob("reminders", _HOUR, lambda: _remind(database)),
            RecurringJob("ended sessions and old receipts", _HOUR, lambda: _forget(database)),
            RecurringJob("old notices", timedelta(days=1), notifier.forget_old),
            # A new renderer leaves old renderings behind that no event tells of.
            RecurringJob("renderings", timedelta(hours=6), add_renderings),
        ),
    )


def make_runner(database: Database, blobs: Blobs, engine: Engine, settings: Settings) -> Runner:
    """What does the errands that people ask for on pages."""

    def keep_backup(errand: Assignment) -> dict[str, Any]:
        place = settings.data_dir / work.BACKUPS
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"hub-{clock.now():%Y-%m-%d-%H%M%S}.zip"
        made = back_up(database, blobs, settings, file, progress=errand.progress)
        return asdict(made) | {"file": file.name, "missing": len(made.missing)}

    folders = {work.STARTER: shipped.folder("content"), work.OWN: settings.content_dir}
    kinds = work.kinds(database, blobs, engine, settings, folders, keep_backup)
    return Runner(database, kinds, tidy=lambda: forgetting.forget_old(database, blobs))


def _remind(database: Database) -> None:
    freshness.send_reminders(database)


def _forget(database: Database) -> None:
    with database.transaction() as session:
        authentication.forget_ended(session)
        receipts.forget_old(session)

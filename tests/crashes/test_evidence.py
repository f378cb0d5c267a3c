"""A computation of evidence killed at any moment: what the last complete run found is shown, and the next one ends."""

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import Session, col, select

from hub.assets.models import Asset
from hub.db import Database
from hub.insights.models import AssetEvidence, EvidenceRun, RunState
from tests.crashes.nursery import Nursery, OwnHub
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import store

KILLS = 6
Shown = dict[str, tuple[str, tuple[str, ...]]]


def test_a_killed_computation_leaves_the_last_complete_run_and_stops_nobody(
    sqlite_template: Path, tmp_path: Path
) -> None:
    filled = Path(shutil.copy(sqlite_template, tmp_path / "filled.sqlite3"))
    database = Database(f"sqlite:///{filled}")
    store(database, planted_world(5, deals=500, assets=30).history)
    database.close()
    with Nursery(tmp_path) as nursery:
        hub = OwnHub(nursery, tmp_path / "hub", filled, "evidence", "compute", "--json")
        begun = time.monotonic()
        hub.finish()
        took = min(time.monotonic() - begun, 5.0)  # on a busy machine the test ends all the same
        complete = shown_in(hub.url)
        assert complete
        for number in range(KILLS):
            hub.kill_after((number + random.random()) / KILLS * took)
            assert shown_in(hub.url) == complete
        hub.finish()
    assert shown_in(hub.url) == complete
    with reading(hub.url) as session:
        states = list(session.exec(select(EvidenceRun.state).order_by(col(EvidenceRun.id))))
    assert states[-1] == RunState.COMPLETE
    assert RunState.RUNNING not in states  # whom the kill met has been ended by who came after


@contextmanager
def reading(url: str) -> Iterator[Session]:
    database = Database(url)
    with database.reading() as session:
        yield session
    database.close()


def shown_in(url: str) -> Shown:
    with reading(url) as session:
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        joined = select(Asset.slug, AssetEvidence).join(AssetEvidence, col(AssetEvidence.asset_id) == Asset.id)
        rows = session.exec(joined).all()
        # Arithmetic on many threads may differ in the last digits.
        return {
            slug: (it.verdict, tuple(f"{x or 0:.6f}" for x in (it.lift, it.low, it.high, it.n))) for slug, it in rows
        }

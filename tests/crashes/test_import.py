"""An import killed at any moment: the next one ends with the deals that an undisturbed import makes."""

import random
import time
from pathlib import Path
from typing import Any

from hub.db import Database
from tests.crashes.nursery import Nursery, OwnHub
from tests.factories.deals import everything, table

DEALS, KILLS = 5_000, 5


def test_a_killed_import_is_completed_by_the_next_one(sqlite_template: Path, tmp_path: Path) -> None:
    rows = [(n, f"rep {n % 40}", "won", "2027-01-01", f"s{n % 5}", f"A{n % 900}", "a;b") for n in range(DEALS)]
    (tmp_path / "deals.csv").write_text(table("deal_id,owner,outcome,created,segment,account,products", rows))
    stages = [(n, stage, day) for stage, day in (("Demo", "2027-01-02"), ("Offer", "2027-01-09")) for n in range(DEALS)]
    (tmp_path / "stages.csv").write_text(table("deal_id,stage,entered", stages))
    files = ("--deals", str(tmp_path / "deals.csv"), "--stages", str(tmp_path / "stages.csv"))
    words = ("import", *files, "--json")
    with Nursery(tmp_path) as nursery:
        calm = OwnHub(nursery, tmp_path / "calm", sqlite_template, *words)
        begun = time.monotonic()
        calm.finish()
        took = min(time.monotonic() - begun, 3.0)  # on a busy machine the test ends all the same
        stormy = OwnHub(nursery, tmp_path / "stormy", sqlite_template, *words)
        for number in range(KILLS):
            stormy.kill_after((number + random.random()) / KILLS * took)
        stormy.finish()
        assert [it["unchanged"] for it in stormy.finish().values()] == [DEALS, 2 * DEALS]
    undisturbed, disturbed = deals_in(calm.url), deals_in(stormy.url)
    assert len(undisturbed["deals"]) == DEALS
    assert disturbed == undisturbed


def deals_in(url: str) -> dict[str, Any]:
    database = Database(url)
    with database.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
        found = everything(session)
    database.close()
    return found

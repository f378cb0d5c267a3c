"""An import killed at any moment: the next one ends with the deals that an undisturbed import makes."""

import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

from hub.db import Database
from tests.crashes.nursery import Nursery
from tests.factories.deals import everything, table

DEALS, KILLS = 5_000, 5


def test_a_killed_import_is_completed_by_the_next_one(sqlite_template: Path, tmp_path: Path) -> None:
    rows = [(n, f"rep {n % 40}", "won", "2027-01-01", f"s{n % 5}", f"A{n % 900}", "a;b") for n in range(DEALS)]
    (tmp_path / "deals.csv").write_text(table("deal_id,owner,outcome,created,segment,account,products", rows))
    stages = [(n, stage, day) for stage, day in (("Demo", "2027-01-02"), ("Offer", "2027-01-09")) for n in range(DEALS)]
    (tmp_path / "stages.csv").write_text(table("deal_id,stage,entered", stages))
    with Nursery(tmp_path) as nursery:
        calm = Importing(nursery, tmp_path / "calm", sqlite_template, tmp_path)
        begun = time.monotonic()
        calm.finish()
        took = min(time.monotonic() - begun, 3.0)  # on a busy machine the test ends all the same
        stormy = Importing(nursery, tmp_path / "stormy", sqlite_template, tmp_path)
        for number in range(KILLS):
            stormy.kill_after((number + random.random()) / KILLS * took)
        stormy.finish()
        assert [it["unchanged"] for it in stormy.finish().values()] == [DEALS, 2 * DEALS]
    undisturbed, disturbed = calm.deals(), stormy.deals()
    assert len(undisturbed["deals"]) == DEALS
    assert disturbed == undisturbed


class Importing:
    """A hub of its own in `folder`, and the imports of two tables into it, each a process."""

    def __init__(self, nursery: Nursery, folder: Path, template: Path, tables: Path) -> None:
        folder.mkdir()
        self._url = f"sqlite:///{shutil.copy(template, folder / 'hub.sqlite3')}"
        settings = (f"HUB_DATA_DIR={folder / 'data'}", f"HUB_DATABASE_URL={self._url}")
        files = ("--deals", str(tables / "deals.csv"), "--stages", str(tables / "stages.csv"))
        self._nursery = nursery
        self._words = (*settings, "import", *files, "--json")

    def kill_after(self, seconds: float) -> None:
        child = self._nursery.start("hub", *self._words)
        time.sleep(seconds)
        child.kill()
        assert child.wait() in (-9, 0)

    def finish(self) -> dict[str, Any]:
        child = self._nursery.start("hub", *self._words)
        assert child.wait() == 0, child.out.with_suffix(".err").read_text()
        reports: dict[str, Any] = json.loads(child.out.read_text())
        return reports

    def deals(self) -> dict[str, Any]:
        database = Database(self._url)
        with database.reading() as session:
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
            found = everything(session)
        database.close()
        return found

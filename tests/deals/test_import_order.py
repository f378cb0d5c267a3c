"""Whichever way the rows of an export come, in any order, split over any number of files, deals before stages or after,
once or twice: the hub ends with the same deals."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import Database
from tests.factories.deals import bring_deals, bring_stages, everything, table

DEAL = "deal_id,owner,outcome,created,closed,amount,segment,competitor,products,account,stage"
STAGE = "deal_id,stage,entered,left,result"
DAYS = [f"2027-{month:02}-{day:02}" for month in (1, 2, 3) for day in (1, 11, 21)]
STAGES = ["discovery", "evaluation", "proposal"]


@st.composite
def exports(draw: st.DrawFn) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of deals and of stages, some of them of deals that are in no row; no two rows of one thing."""
    deals = [
        (
            f"D{number}",
            draw(st.sampled_from(["rep 1", "rep 2", "ana@example.com"])),
            draw(st.sampled_from(["open", "won", "lost", "no decision"])),
            "2027-01-01",
            draw(st.sampled_from(["", "2027-04-01"])),
            draw(st.sampled_from(["", "NaN", "100", "44313.69"])),
            draw(st.sampled_from(["", "smb", "mid", "enterprise"])),
            draw(st.sampled_from(["none", "A", "B"])),
            draw(st.sampled_from(["", "one", "one;two"])),
            draw(st.sampled_from(["", "Cancity", "Isdom"])),
            draw(st.sampled_from(["", "discovery", "proposal"])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    stays = draw(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(DAYS)), unique=True, max_size=20))
    stages = [
        (
            f"D{number}",
            draw(st.sampled_from(STAGES)),
            entered,
            *draw(st.sampled_from([("", ""), ("2027-03-25", "advanced"), ("2027-03-30", "lost"), ("2027-03-25", "")])),
        )
        for number, entered in stays
    ]
    return deals, stages


def pieces(rows: list[tuple[Any, ...]], order: random.Random) -> list[list[tuple[Any, ...]]]:
    shuffled = order.sample(rows, len(rows))
    cuts = sorted(order.choices(range(len(rows) + 1), k=order.randrange(3)))
    return [shuffled[first:last] for first, last in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exports(), st.randoms(use_true_random=False), st.booleans())
def test_the_same_rows_make_the_same_deals_in_any_order_and_split(
    sqlite_template: Path, tmp_path: Path, export: tuple[list[Any], list[Any]], order: random.Random, twice: bool
) -> None:
    deals, stages = export

    def straight(database: Database) -> None:
        bring_deals(database, table(DEAL, deals))
        bring_stages(database, table(STAGE, stages))

    def muddled(database: Database) -> None:
        steps: list[Callable[[], Any]] = []
        for piece in pieces(deals, order):
            steps.append(lambda rows=piece: bring_deals(database, table(DEAL, rows)))
        for piece in pieces(stages, order):
            steps.append(lambda rows=piece: bring_stages(database, table(STAGE, rows, delimiter="\t")))
        for step in order.sample(steps * (2 if twice else 1), len(steps) * (2 if twice else 1)):
            step()

    assert ends_with(sqlite_template, tmp_path, muddled) == ends_with(sqlite_template, tmp_path, straight)


def ends_with(template: Path, folder: Path, bring: Callable[[Database], None]) -> dict[str, Any]:
    path = folder / "order.sqlite3"
    for old in folder.glob("order.sqlite3*"):
        old.unlink()
    shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    try:
        bring(database)
        with database.reading() as session:
            return everything(session)
    finally:
        database.close()

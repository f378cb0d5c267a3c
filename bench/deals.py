"""Importing deals and their stage history with `hub import`: the first time, and again with nothing changed."""

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.places import Place, engines, fresh

DEAL_COLUMNS = (
    *("deal_id", "owner", "segment", "industry", "buyer_persona", "competitor", "source", "amount"),
    *("created", "closed", "outcome"),
)
STAGES = ("discovery", "evaluation", "proposal", "negotiation")


def measured(deals: int) -> Iterator[Figure]:
    for engine in engines():
        with fresh(engine) as place:
            yield from _imported(place, deals)


def _imported(place: Place, deals: int) -> Iterator[Figure]:
    entries = _write_tables(place.root, deals)
    place.hub("migrate")
    named = "SQLite" if place.engine == "sqlite" else "PostgreSQL"
    for what, rows in (("deals", deals), ("stages", entries)):
        words = ("import", f"--{what}", str(place.root / f"{what}.csv"), "--json")
        new, again = place.hub(*words), place.hub(*words)
        bare = place.bare("table", str(place.root / f"{what}.csv"), str(place.root / f"bare-{what}.sqlite3"))
        assert json.loads(new.said.splitlines()[-1])[what]["new"] == rows
        assert json.loads(again.said.splitlines()[-1])[what]["unchanged"] == rows
        where, parts = f"{named}, {rows:,} rows", "csv, one SQLite table"
        reach = "≥ 20,000" if place.engine == "sqlite" else ""
        yield Figure("deals", f"import {what}", where, rows / new.wall, "rows/s", rows / bare.wall, parts, reach)
        yield Figure("deals", f"import {what}", where, rows / new.cpu, "rows/s of CPU", rows / bare.cpu, parts, reach)
        yield Figure("deals", f"import {what} again, unchanged", where, rows / again.cpu, "rows/s of CPU")
        yield Figure("deals", f"import {what}: memory at most", where, new.peak_mb, "MB", bare.peak_mb, parts)


def _write_tables(folder: Path, deals: int) -> int:
    """`deals.csv` and `stages.csv`, the same in every run; answers how many stage entries there are."""
    chance = random.Random(deals)
    left_in = [min(3, int(chance.expovariate(1))) for _ in range(deals)]
    with (folder / "deals.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(DEAL_COLUMNS)
        for number, last in enumerate(left_in):
            words = [
                f"{name}{chance.randrange(5)}" for name in ("segment", "industry", "persona", "competitor", "source")
            ]
            days = _day(number, 0), _day(number, last + 1)
            money = f"{chance.random() * 90_000:.2f}"
            table.writerow([f"D{number}", f"rep{number % 500}", *words, money, *days, "won" if last == 3 else "lost"])
    rows = [(number, step) for step in range(len(STAGES)) for number, last in enumerate(left_in) if step <= last]
    with (folder / "stages.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(["deal_id", "stage", "entered", "left", "result"])
        for number, step in rows:
            result = "lost" if step == left_in[number] and step < 3 else "advanced"
            table.writerow([f"D{number}", STAGES[step], _day(number, step), _day(number, step + 1), result])
    return len(rows)


def _day(number: int, step: int) -> str:
    return f"20{20 + number % 7}-{1 + number % 8 + step:02d}-{1 + number % 28:02d}"

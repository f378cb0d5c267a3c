"""Importing a table of assets with `hub import --assets`: the first time, and again with nothing changed."""

import json
from collections.abc import Iterator

from bench import writing
from bench.figures import Figure
from bench.places import Place, engines, fresh


def measured(assets: int) -> Iterator[Figure]:
    for engine in engines():
        with fresh(engine) as place:
            yield from _imported(place, assets)


def _imported(place: Place, assets: int) -> Iterator[Figure]:
    table = place.root / "assets.csv"
    writing.write_table(table, assets)
    place.hub("migrate")
    words = ("import", "--assets", str(table), "--json")
    new = place.hub(*words)
    again = place.hub(*words)
    rendered = place.hub("work", "--once")
    bare = place.bare("table", str(table), str(place.root / "bare.sqlite3"))
    assert json.loads(new.said.splitlines()[-1])["assets"]["new"] == assets
    assert json.loads(again.said.splitlines()[-1])["assets"]["unchanged"] == assets
    where = f"{'SQLite' if place.engine == 'sqlite' else 'PostgreSQL'}, {assets:,} rows"
    parts = "csv, one SQLite table"
    yield Figure("imports", "import assets", where, assets / new.wall, "assets/s", assets / bare.wall, parts, "≥ 1,000")
    yield Figure(
        "imports", "import assets", where, new.cpu * 1000 / assets, "ms CPU/asset", bare.cpu * 1000 / assets, parts
    )
    yield Figure("imports", "import them again, unchanged", where, assets / again.wall, "assets/s")
    yield Figure("imports", "import: memory at most", where, new.peak_mb, "MB", bare.peak_mb, parts)
    yield Figure("imports", "render and tell afterwards (worker)", where, rendered.cpu * 1000 / assets, "ms CPU/asset")

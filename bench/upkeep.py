"""What an operator waits for: migrating, starting, help, memory at rest, backup and restore."""

from collections.abc import Iterator

from bench import measure
from bench.figures import Figure
from bench.library import filled
from bench.places import Place, fresh, serving, serving_bare

AT_REST = 1_000


def measured(assets: int) -> Iterator[Figure]:
    yield from _starting()
    yield from _at_rest()
    with fresh() as place:
        filled(place, assets)
        yield from _archives(place, assets)


def _starting() -> Iterator[Figure]:
    with fresh() as place:
        environment = place.environment
        page = measure.typical(["-m", "hub", "--help"], environment)
        bare_page = measure.typical(["-m", "bench.bare", "help_page"], environment)
        parts = "typer, one command"
        yield Figure("upkeep", "hub --help", "", page.wall, "s", bare_page.wall, parts, "≤ 0.5")
        yield Figure("upkeep", "hub --help", "", page.cpu, "s CPU", bare_page.cpu, parts)
    with fresh() as place:
        migrated = place.hub("migrate")
        libraries = measure.typical(["-m", "bench.bare", "libraries"], place.environment)
        parts = "alembic and sqlmodel imported"
        yield Figure("upkeep", "hub migrate", "SQLite, empty", migrated.wall, "s", libraries.wall, parts)
        yield Figure("upkeep", "hub migrate", "SQLite, empty", migrated.cpu, "s CPU", libraries.cpu, parts)
    with fresh() as place:
        with serving_bare(place) as server:
            bare = server.first_answer
        with serving(place) as server:
            first = server.first_answer
        parts = "FastAPI, one endpoint"
        yield Figure("upkeep", "first answer after start", "SQLite, empty", first, "s", bare, parts, "≤ 3")
        with serving(place) as server:
            yield Figure(
                "upkeep", "first answer after start", "SQLite, migrated", server.first_answer, "s", bare, parts, "≤ 3"
            )


def _at_rest() -> Iterator[Figure]:
    with fresh() as place:
        who = filled(place, AT_REST)
        with serving(place) as server, serving_bare(place) as bare:
            for number in range(100):
                server.client.ask("GET", f"/api/v1/assets/asset-{number}", token=who.reader)
                server.client.ask("GET", "/api/v1/assets?limit=20", token=who.reader)
                bare.client.ask("GET", "/small")
            (whole, own), (bare_whole, bare_own) = measure.memory_mb(server.pid), measure.memory_mb(bare.pid)
    where, parts = f"SQLite, {AT_REST:,} assets", "FastAPI, one endpoint"
    yield Figure("upkeep", "server at rest, resident", where, whole, "MB", bare_whole, parts, "≤ 200")
    yield Figure("upkeep", "server at rest, its own", where, own, "MB", bare_own, parts)


def _archives(place: Place, assets: int) -> Iterator[Figure]:
    archive, bare_archive = place.root / "hub.backup", place.root / "bare.zip"
    kept = place.hub("backup", str(archive))
    bare_kept = place.bare("zipped", str(place.root / "data" / "hub.sqlite3"), str(bare_archive))
    with fresh() as other:
        loaded = other.hub("restore", str(archive))
    bare_loaded = place.bare("unzipped", str(bare_archive), str(place.root / "bare.sqlite3"))
    where, parts = f"SQLite, {assets:,} assets", "SQLite's backup in a zip file"
    yield Figure("upkeep", "hub backup", where, kept.wall, "s", bare_kept.wall, parts)
    yield Figure("upkeep", "hub backup", where, kept.cpu, "s CPU", bare_kept.cpu, parts)
    yield Figure("upkeep", "hub backup: memory at most", where, kept.peak_mb, "MB", bare_kept.peak_mb, parts)
    yield Figure("upkeep", "hub restore", where, loaded.wall, "s", bare_loaded.wall, parts)
    yield Figure("upkeep", "hub restore", where, loaded.cpu, "s CPU", bare_loaded.cpu, parts)
    yield Figure("upkeep", "hub restore: memory at most", where, loaded.peak_mb, "MB", bare_loaded.peak_mb, parts)

"""Uses: recorded over HTTP one by one and five hundred at once, imported by the million, and read for the evidence."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import measure
from bench.figures import Figure
from bench.library import BARE, filled
from bench.places import Place, Server, engines, fresh, serving, serving_bare
from hub.db import Database
from hub.people import directory, tokens
from hub.people.roles import HUB, Role, Scope, Team
from hub.usage import capture_rate, reading

ROUNDS, SINGLES, BATCHES, LISTS = 5, 200, 4, 25
BATCH = 500
ASSETS, DEALS, REPS = 1_000, 100_000, 500


def measured(uses: int) -> Iterator[Figure]:
    """Figures on each database that is there; `uses` are imported onto a hundred thousand deals."""
    for engine in engines():
        name = "SQLite" if engine == "sqlite" else "PostgreSQL"
        with fresh(engine) as place:
            filled(place, ASSETS)
            yield from _imported(place, name, uses)
            yield from _read(place, f"{name}, {uses:,} uses")
            token = _token(place)
            with serving(place) as hub, serving_bare(place) as bare:
                yield from _recorded(f"{name}, {uses:,} uses", hub, bare, token, engine)


def _imported(place: Place, name: str, uses: int) -> Iterator[Figure]:
    deals, table = place.root / "deals.csv", place.root / "uses.csv"
    _write_deals(deals)
    _write_uses(table, uses)
    place.hub("import", "--deals", str(deals), "--json")
    words = ("import", "--uses", str(table), "--json")
    new, again = place.hub(*words), place.hub(*words)
    assert json.loads(new.said.splitlines()[-1])["uses"]["new"] == uses
    assert json.loads(again.said.splitlines()[-1])["uses"]["unchanged"] == uses
    where = f"{name}, {uses:,} rows"
    yield Figure("usage", "import uses", where, uses / new.wall, "rows/s", None, "", "≥ 20,000")
    yield Figure("usage", "import uses", where, new.cpu * 1e6 / uses, "µs CPU/row")
    yield Figure("usage", "import them again, unchanged", where, uses / again.wall, "rows/s")
    yield Figure("usage", "import: memory at most", where, new.peak_mb, "MB")


def _read(place: Place, where: str) -> Iterator[Figure]:
    database = Database(place.database_url)
    with database.reading() as session:
        begun = time.process_time()
        rows = sum(len(block) for block in reading.blocks(session))
        yield Figure("usage", "all uses as arrays", where, time.process_time() - begun, "s CPU")
        begun = time.process_time()
        capture_rate.read(session, HUB)
        yield Figure("usage", "capture rate", where, time.process_time() - begun, "s CPU")
    assert rows
    database.close()


def _recorded(where: str, hub: Server, bare: Server, token: str, engine: str) -> Iterator[Figure]:
    def post(size: int) -> None:
        body: Any = [_use() for _ in range(size)] if size > 1 else _use()
        answer = json.loads(hub.client.ask("POST", "/api/v1/uses", token=token, body=body)[2])
        assert answer["accepted"] == size

    def cost(server: Server, times: int, step: Callable[[int], object]) -> float:
        server.client.close()
        return measure.cpu_ms_each(server.pid, times, step)

    def listed(query: str) -> object:
        return hub.client.ask("GET", f"/api/v1/uses?{query}", token=token)

    post(1)
    seen = measure.side_by_side(
        ROUNDS,
        {
            "bare": lambda: cost(bare, SINGLES, lambda _: bare.client.ask("GET", "/small")),
            "one": lambda: cost(hub, SINGLES, lambda _: post(1)),
            "many": lambda: cost(hub, BATCHES, lambda _: post(BATCH)),
            "of deal": lambda: cost(hub, LISTS, lambda n: listed(f"deal=D{n}")),
            "of asset": lambda: cost(hub, LISTS, lambda n: listed(f"asset=asset-{n}")),
        },
    )
    reach = {"one": "≤ 2", "many": "≤ 100"} if engine == "sqlite" else {}
    words = {
        "one": "record a use",
        "many": f"record {BATCH} uses in one call",
        "of deal": "list the uses on a deal",
        "of asset": "list 20 uses of an asset",
    }
    for name, work in words.items():
        yield Figure("usage", work, where, seen[name], "ms CPU", seen["bare"], BARE, reach.get(name, ""))


def _use() -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "asset": f"asset-{random.randrange(ASSETS)}",
        "deal": {"source": "csv", "external_id": f"D{random.randrange(DEALS)}"},
        "action": "inserted",
        "channel": "extension",
        "occurred_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
    }


def _token(place: Place) -> str:
    database = Database(place.database_url)
    with database.transaction() as session:
        person = directory.add_person(
            session, HUB, email="rep@example.com", name="Rep", team=Team.SALES, role=Role.READER, password=None
        )
        scopes = [Scope.USAGE_WRITE, Scope.INSIGHTS_READ]
        made = tokens.create(session, HUB, person, name="bench", scopes=scopes)[1]
    database.close()
    return made


def _write_deals(path: Path) -> None:
    with path.open("w") as file:
        file.write("deal_id,owner,outcome,created,closed\n")
        for number in range(DEALS):
            outcome = ("open", "won", "lost")[number % 3]
            closed = "" if outcome == "open" else "2025-06-30"
            file.write(f"D{number},Rep {number % REPS},{outcome},2024-01-01,{closed}\n")


def _write_uses(path: Path, uses: int) -> None:
    chance = random.Random(1)
    actions = ("inserted", "shared", "sent", "viewed")
    with path.open("w") as file:
        file.write("event_id,deal_id,asset_id,date,action,person\n")
        for number in range(uses):
            date = f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            deal, asset = chance.randrange(DEALS), chance.randrange(ASSETS)
            file.write(f"{number},D{deal},asset-{asset},{date},{actions[number % 4]},Rep {deal % REPS}\n")

"""Insights at full size: importing a world, computing its evidence, and over HTTP every report and page.

A world is a folder that the generator has exported; `HUB_BENCH_WORLDS` names one or several (see bench/evidence).
CPU of the server process a request, on one kept-alive connection, after the hub's own command computed the evidence.
"""

import http.client
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlmodel import Session

from bench import measure
from bench.figures import Figure
from bench.places import Place, Server, engines, fresh, serving
from hub.db import Database
from hub.insights.inputs import Inputs
from hub.insights.rollups import Figures
from hub.people import directory, passwords, tokens
from hub.people.roles import HUB, Role, Scope, Team

WORLDS = "HUB_BENCH_WORLDS"
ROUNDS, ASKED = 5, 20
READER, PASSWORD = "reader@example.com", "a-long-road-to-the-figures"
REPORTS = {
    "overview": "/insights",
    "assets, best first": "/insights/assets",
    "what helps at a stage": "/insights/assets?which=helps&stage=proposal",
    "used but does nothing": "/insights/assets?which=does_nothing&sort=uses",
    "never used": "/insights/assets?which=never_used",
    "one asset": "/assets/asset-7/evidence",
    "funnel": "/insights/funnel",
    "outcomes by month": "/insights/outcomes",
    "lead sources": "/insights/sources",
    "capture": "/insights/capture",
    "coverage": "/insights/coverage",
    "queue": "/plan/queue",
}
PAGES = {
    "search": "/?q=asset",
    "library": "/assets",
    "asset": "/assets/asset-7",
    "inbox": "/inbox",
    "deals": "/deals",
    "deal": "/deals/csv/D7",
    "requests": "/requests",
    "what helps": "/insights",
    "used but does nothing": "/insights/does-nothing",
    "never used": "/insights/never-used",
    "coverage": "/insights/coverage",
    "funnel": "/insights/funnel",
    "outcomes": "/insights/outcomes",
    "lead sources": "/insights/sources",
    "money": "/insights/money",
    "capture": "/insights/capture",
    "search health": "/insights/search",
    "freshness": "/insights/freshness",
    "plan": "/plan",
    "briefs": "/briefs",
    "reviews": "/reviews",
}
TABLES = {"assets": "assets", "deals": "deals", "stages": "stage_history", "uses": "usage_events"}


def measured(worlds: list[Path] | None = None) -> Iterator[Figure]:
    """On each database that is there, for each world."""
    named = worlds or [Path(name) for name in os.environ.get(WORLDS, "").split(os.pathsep) if name]
    for world in named:
        for engine in engines():
            with fresh(engine) as place:
                yield from _of_world(place, world)


def _of_world(place: Place, world: Path) -> Iterator[Figure]:
    files = [word for name, file in TABLES.items() for word in (f"--{name}", str(world / f"{file}.csv"))]
    place.hub("migrate")
    imported = place.hub("import", *files, "--publish", "--json")
    reports = json.loads(imported.said.splitlines()[-1])
    rows = sum(one["read"] for one in reports.values())
    where = f"{'SQLite' if place.engine == 'sqlite' else 'PostgreSQL'}, {reports['uses']['read']:,} uses"
    yield Figure("insights", "import a world", where, rows / imported.wall, "rows/s", reach="≥ 20,000")
    yield Figure("insights", "import a world: memory at most", where, imported.peak_mb, "MB")
    computed = place.hub("evidence", "compute")  # counts the hub's own default of actions: most of them
    large = reports["deals"]["read"] >= 50_000
    yield Figure("insights", "evidence compute", where, computed.cpu, "CPU s", reach="≤ 120" if large else "")
    yield Figure("insights", "evidence: memory at most", where, computed.peak_mb, "MB", reach="≤ 2,500")
    database = Database(place.database_url)
    counting = _cpu(lambda: Figures(database, Inputs()).refresh())
    yield Figure("insights", "count all figures", where, counting, "CPU s")
    with database.transaction() as session:
        token = _token(session)
    database.close()
    with serving(place) as hub:
        for work, path in REPORTS.items():
            cost = min(_cost(hub, f"/api/v1{path}", token=token) for _ in range(ROUNDS))
            yield Figure("insights", work, where, cost, "ms CPU", reach="≤ 150")
        cookie = {"Cookie": _signed_in(hub)}
        for work, path in PAGES.items():
            cost = min(_cost(hub, path, headers=cookie) for _ in range(ROUNDS))
            yield Figure("insights", f"page: {work}", where, cost, "ms CPU", reach="≤ 150")


def _token(session: Session) -> str:
    address, team, role = READER, Team.SALES, Role.APPROVER
    hashed = passwords.hashed(PASSWORD, email=address, name="Reader")
    person = directory.add_person(session, HUB, email=address, name="Reader", team=team, role=role, password=hashed)
    return tokens.create(session, HUB, person, name="bench", scopes=[Scope.INSIGHTS_READ])[1]


def _signed_in(hub: Server) -> str:
    """The cookie of a browser that signed in."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port)
    body = json.dumps({"email": READER, "password": PASSWORD})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    cookie = connection.getresponse().getheader("Set-Cookie", "")
    connection.close()
    return cookie.partition(";")[0]


def _cost(hub: Server, path: str, *, token: str = "", headers: Mapping[str, str] | None = None) -> float:
    hub.client.close()
    return measure.cpu_ms_each(hub.pid, ASKED, lambda _: hub.client.ask("GET", path, token=token, headers=headers))


def _cpu(work: Callable[[], object]) -> float:
    before = measure.cpu_seconds(os.getpid())
    work()
    return measure.cpu_seconds(os.getpid()) - before

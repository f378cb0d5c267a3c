"""The library over HTTP: reading, writing and approving on a real server, beside one bare FastAPI endpoint.

CPU per request of the server process, on one kept-alive connection. For writes that includes the outbox worker, which
runs inside the server; on PostgreSQL the database's own CPU is not in it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from sqlmodel import Session

from bench import measure, writing
from bench.figures import Figure
from bench.places import Place, Server, engines, fresh, serving, serving_bare
from hub import migrations
from hub.assets import approval, drafts
from hub.assets.drafts import NewAsset
from hub.assets.texts import Text, tags_of
from hub.db import Database
from hub.people import directory, tokens
from hub.people.roles import HUB, Role, Scope, Team
from hub.taxonomy import terms, vocabulary

ROUNDS, READS, FIRST, LISTS, WRITES = 7, 200, 100, 25, 10
WARM = 200
FILTERED = "/api/v1/assets?limit=20&stage=decision&kind=note"
BATCH = 500
BARE = "FastAPI `def` endpoint, small model"


@dataclass(frozen=True)
class Tokens:
    reader: str
    marketing: str
    sales: str


def measured(assets: int) -> Iterator[Figure]:
    """Figures on each database that is there, in a library of so many live assets."""
    for engine in engines():
        with fresh(engine) as place:
            tokens_made = filled(place, assets)
            where = f"{'SQLite' if engine == 'sqlite' else 'PostgreSQL'}, {assets:,} assets"
            with serving(place) as hub, serving_bare(place) as bare:
                yield from _requests(where, assets, hub, bare, tokens_made, engine)


def filled(place: Place, assets: int) -> Tokens:
    """So many live assets and three people, made through the domain functions; nothing is left for the worker."""
    database = Database(place.database_url)
    migrations.upgrade(database)
    with database.transaction() as session:
        terms.ensure_builtin(session)
        cast = ((Team.SALES, Role.READER), (Team.MARKETING, Role.APPROVER), (Team.SALES, Role.APPROVER))
        made = Tokens(*(_token(session, team, role) for team, role in cast))
    for first in range(0, assets, BATCH):
        _add_live(database, range(first, min(first + BATCH, assets)))
    database.close()
    place.hub("work", "--once")
    return made


def _token(session: Session, team: Team, role: Role) -> str:
    name = f"{team} {role}"
    address = f"{name.replace(' ', '.')}@example.com"
    person = directory.add_person(session, HUB, email=address, name=name, team=team, role=role, password=None)
    scopes = [Scope.CONTENT_READ] if role == Role.READER else [Scope.CONTENT_READ, Scope.CONTENT_WRITE]
    return tokens.create(session, HUB, person, name="bench", scopes=scopes)[1]


def _add_live(database: Database, numbers: range) -> None:
    """Live as imported approvals: joint approval of thousands would take longer than all that is measured."""
    with database.transaction() as session:
        stages = vocabulary.resolve(session, {"stages": list(writing.STAGES)})["stages"]
        batch = []
        for number in numbers:
            given, tags = writing.fields(number), tags_of({"stages": [stages[number % len(stages)]]})
            text = Text(
                title=given["title"], summary=given["summary"], kind=given["kind"], body=writing.body(number), tags=tags
            )
            batch.append(NewAsset(slug=f"asset-{number}", text=text))
        made = drafts.create_assets(session, HUB, batch, source="import", render=False)
        live = [(asset, drafts.head_of(session, asset)) for asset in made]
        approval.publish_imported(session, HUB, live, reason="made for a bench", at=datetime.now(UTC))


def _requests(where: str, assets: int, hub: Server, bare: Server, who: Tokens, engine: str) -> Iterator[Figure]:
    ask = hub.client.ask
    warm = [f"/api/v1/assets/asset-{number}" for number in range(min(WARM, assets))]
    # The first answer of each of these is made from the database; nobody has asked for them before.
    never_asked = iter(range(min(WARM, assets), assets))
    etags = {path: ask("GET", path, token=who.reader)[1] for path in warm}
    writer = _Writer(hub, who)

    def read(path: str) -> None:
        ask("GET", path, token=who.reader)

    def read_known(place: int) -> None:
        path = warm[place % len(warm)]
        assert ask("GET", path, token=who.reader, headers={"If-None-Match": etags[path]})[0] == 304

    def in_turn(place: int) -> None:
        read(warm[place % len(warm)])

    seen = measure.side_by_side(
        ROUNDS,
        {
            "bare": lambda: _cost(bare, READS, lambda _: bare.client.ask("GET", "/small")),
            "health": lambda: _cost(hub, READS, lambda _: read("/api/v1/health")),
            "warm": lambda: _cost(hub, READS, in_turn),
            "known": lambda: _cost(hub, READS, read_known),
            "first": lambda: _cost(hub, FIRST, lambda _: read(f"/api/v1/assets/asset-{next(never_asked)}")),
            "list": lambda: _cost(hub, LISTS, lambda _: read("/api/v1/assets?limit=20")),
            "filtered": lambda: _cost(hub, LISTS, lambda _: read(FILTERED)),
            "version": lambda: _cost(hub, WRITES, writer.write_version),
            "publish": lambda: _cost(hub, WRITES, writer.publish_one),
        },
    )
    words = {
        "warm": "read one asset",
        "known": "read one asset, unchanged (304)",
        "first": "read one asset, first time",
        "list": "list 20",
        "filtered": "list 20 of a stage and kind",
        "health": "health",
        "version": "write a version",
        "publish": "create, submit, 2 approvals: 1 live",
    }
    for name, work in words.items():
        reach = "≤ 1.0" if name == "warm" and engine == "sqlite" else ""
        yield Figure("library", work, where, seen[name], "ms CPU", seen["bare"], BARE, reach)


class _Writer:
    """Writes through the API as two approvers do; every text is another one."""

    def __init__(self, hub: Server, who: Tokens) -> None:
        self._ask, self._who = hub.client.ask, who
        self._numbers = count(1_000_000)
        self._slug = self._create()[0]
        self._version = 1

    def write_version(self, _: int) -> None:
        body = {"base_version": self._version, "body": writing.body(next(self._numbers))}
        path = f"/api/v1/assets/{self._slug}/versions"
        self._version = json.loads(self._ask("POST", path, token=self._who.marketing, body=body)[2])["version"]

    def publish_one(self, _: int) -> None:
        slug, content_hash = self._create()
        path = f"/api/v1/assets/{slug}/versions/1"
        self._ask("PUT", f"{path}/submission", token=self._who.marketing, body={})
        decision = {"decision": "approved", "content_hash": content_hash}
        self._ask("PUT", f"{path}/reviews/marketing", token=self._who.marketing, body=decision)
        answer = self._ask("PUT", f"{path}/reviews/sales", token=self._who.sales, body=decision)[2]
        assert json.loads(answer)["status"] == "published"

    def _create(self) -> tuple[str, str]:
        number = next(self._numbers)
        given = writing.fields(number)
        draft = given | {"stages": [given["stages"]], "body": writing.body(number)}
        answer = json.loads(self._ask("POST", "/api/v1/assets", token=self._who.marketing, body=draft)[2])
        return answer["slug"], answer["content_hash"]


def _cost(server: Server, times: int, step: Callable[[int], object]) -> float:
    server.client.close()  # as it was idle while others were measured
    return measure.cpu_ms_each(server.pid, times, step)

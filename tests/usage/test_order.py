"""Whatever happens on the way - any order, any split, any repetition, any device, deals before uses or after - the same
events leave the same rows."""

import random
import shutil
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import Session, select

from hub import clock
from hub.db import Database
from hub.deals import intake
from hub.deals.schemas import DealIn
from hub.people.models import Person
from hub.people.roles import HUB, Actor, Role, Team
from hub.usage import taking_back
from hub.usage.joining import join_waiting
from hub.usage.lines import UseLine
from hub.usage.models import Use
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import bring_deals, bring_stages, table
from tests.factories.uses import bring_uses, everything, record

START = clock.now() - timedelta(days=40)
ASSETS, DEALS = ("one", "two", "three"), ("D1", "D2", "D3")
ACTIONS = ("viewed", "inserted", "sent", "spoken")


def _seeded(session: Session) -> None:
    cast = make_cast(session)
    for slug in ASSETS:
        make_live(session, cast, slug=slug)
    for name in ("Ana", "Ben"):
        session.add(Person(name=name, team=Team.SALES, role=Role.READER, created_at=clock.now()))


@pytest.fixture(scope="module")
def seeded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("order") / "seeded.sqlite3"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        _seeded(session)
    database.close()
    return path


def _person(session: Session, name: str) -> Actor:
    found = session.exec(select(Person).where(Person.name == name)).one()
    return Actor(found.id, None, name, Team.SALES, Role.READER)


def _put_deal(database: Database, name: str) -> None:
    with database.transaction() as session:
        closed = {"D1": "open", "D2": "won", "D3": "lost"}[name]
        day = (START + timedelta(days=20)).date().isoformat()
        given: dict[str, Any] = {"outcome": closed, "created": "2020-01-01"}
        given |= {} if closed == "open" else {"closed": day}
        intake.put(session, HUB, "csv", name, DealIn.model_validate(given))


Event = tuple[str, UseLine]


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Of two people; some ids of both are the same."""
    return [
        (
            person,
            UseLine(
                str(uuid.UUID(int=number)),
                draw(st.sampled_from(ASSETS)),
                draw(st.sampled_from(ACTIONS)),
                START + timedelta(hours=draw(st.integers(0, 30 * 24))),
                channel=draw(st.sampled_from(["page", "told", "extension"])),
                deal=draw(st.sampled_from([None, *(("csv", name) for name in DEALS), ("crm", "D1")])),
            ),
        )
        for person in ("Ana", "Ben")
        for number in range(draw(st.integers(0, 6)))
    ]


def _send(database: Database, batch: list[Event]) -> None:
    for person in {name for name, _ in batch}:
        with database.transaction() as session:
            record(session, _person(session, person), *(line for name, line in batch if name == person))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=events(), chance=st.randoms(use_true_random=False))
def test_any_way_of_the_same_events_leaves_the_same_rows(
    seeded: Path, tmp_path: Path, told: list[Event], chance: random.Random
) -> None:
    straight, wild = (_copied(seeded, tmp_path / f"{name}.sqlite3") for name in ("straight", "wild"))
    try:
        for name in DEALS:
            _put_deal(straight, name)
        _send(straight, told)
        _go_wild(wild, told, chance)
        with straight.reading() as one, wild.reading() as other:
            assert everything(one) == everything(other)
    finally:
        straight.close()
        wild.close()


def _go_wild(database: Database, told: list[Event], chance: random.Random) -> None:
    steps: list[Callable[[], None]] = [lambda name=name: _put_deal(database, name) for name in DEALS]  # type: ignore[misc]
    sent = told + [event for event in told if chance.random() < 0.6]
    chance.shuffle(sent)
    while sent:
        size = chance.randint(1, 4)
        steps.append(lambda batch=sent[:size]: _send(database, batch))  # type: ignore[misc]
        sent = sent[size:]
    chance.shuffle(steps)
    for step in steps:
        step()
        if chance.random() < 0.2:
            join_waiting(database)
    join_waiting(database)


def _copied(seeded: Path, path: Path) -> Database:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    shutil.copy(seeded, path)
    return Database(f"sqlite:///{path}")


DEAL_TABLE = table(
    "deal_id,owner,outcome,created,closed",
    [("D1", "Ana", "open", "2025-01-01", ""), ("D2", "Ben", "won", "2025-01-01", "2025-03-01")],
)
STAGE_TABLE = table("deal_id,stage,entered,left,result", [("D2", "proposal", "2025-01-10", "2025-03-01", "advanced")])


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    return [
        (
            f"e{number}",
            draw(st.sampled_from(["", "D1", "D2", "D9"])),
            draw(st.sampled_from([*ASSETS, "nowhere"])),
            f"2025-0{draw(st.integers(1, 4))}-1{draw(st.integers(0, 9))}",
            draw(st.sampled_from(["sent", "viewed", ""])),
            draw(st.sampled_from(["Ana", "Cleo", ""])),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=tables(), chance=st.randoms(use_true_random=False))
def test_any_way_of_the_same_tables_leaves_the_same_rows(
    seeded: Path, tmp_path: Path, rows: list[tuple[Any, ...]], chance: random.Random
) -> None:
    header = "event_id,deal_id,asset_id,date,action,person"
    straight, wild = (_copied(seeded, tmp_path / f"{name}.sqlite3") for name in ("straight", "wild"))
    try:
        bring_deals(straight, DEAL_TABLE)
        bring_stages(straight, STAGE_TABLE)
        bring_uses(straight, table(header, rows))
        steps: list[Callable[[], object]] = [
            lambda: bring_deals(wild, DEAL_TABLE),
            lambda: bring_stages(wild, STAGE_TABLE),
        ]
        again = rows + chance.sample(rows, len(rows) // 2)
        chance.shuffle(again)
        cut = chance.randint(0, len(again))
        steps += [lambda part=part: bring_uses(wild, table(header, part)) for part in (again[:cut], again[cut:])]  # type: ignore[misc]
        chance.shuffle(steps)
        for step in steps:
            step()
        join_waiting(wild)
        with straight.reading() as one, wild.reading() as other:
            assert everything(one) == everything(other)
    finally:
        straight.close()
        wild.close()


class Devices(RuleBasedStateMachine):
    """Two people with two devices each that queue, send, send again and take back, while deals come. A plain dictionary
    says what must be there."""

    seeded: Path
    folder: Path

    @initialize()
    def begin(self) -> None:
        self.database = _copied(self.seeded, self.folder / "devices.sqlite3")
        self.expected: dict[tuple[str, str], tuple[str, str, bool]] = {}
        self.deals: set[str] = set()

    @rule(
        person=st.sampled_from(["Ana", "Ben"]),
        numbers=st.lists(st.integers(0, 5), min_size=1, max_size=4),
        asset=st.sampled_from(ASSETS),
        deal=st.sampled_from(DEALS),
    )
    def send(self, person: str, numbers: list[int], asset: str, deal: str) -> None:
        lines = [
            UseLine(str(uuid.UUID(int=number)), asset, "sent", START, channel="page", deal=("csv", deal))
            for number in numbers
        ]
        with self.database.transaction() as session:
            done = record(session, _person(session, person), *lines)
        assert done.accepted + done.duplicates + len(done.rejected) == len(lines)
        for line in lines:
            self.expected.setdefault((person, line.external_id), (asset, deal, False))

    @rule(person=st.sampled_from(["Ana", "Ben"]), number=st.integers(0, 5))
    def take_back(self, person: str, number: int) -> None:
        name = str(uuid.UUID(int=number))
        if (person, name) in self.expected:
            with self.database.transaction() as session:
                taking_back.take_back(session, _person(session, person), name)
            self.expected[person, name] = (*self.expected[person, name][:2], True)

    @rule(deal=st.sampled_from(DEALS))
    def deal_comes(self, deal: str) -> None:
        _put_deal(self.database, deal)
        self.deals.add(deal)
        join_waiting(self.database)

    @invariant()
    def every_use_is_there_once_as_it_came_first(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as session:
            found = {
                (row[4], row[1]): (row[2], row[5][1], row[11], row[6] == (row[5][1] not in self.deals))
                for row in everything(session)
            }
            assert len(found) == len(session.exec(select(Use.id)).all())
        assert found == {key: (*value, True) for key, value in self.expected.items()}

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()


def test_devices_that_send_and_take_back_in_any_order(seeded: Path, tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("DevicesHere", (Devices,), {"seeded": seeded, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

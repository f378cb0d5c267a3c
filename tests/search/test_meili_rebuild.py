"""Rebuilding on a Meilisearch server while others write, rebuild, or die in the middle of it."""

import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.search import meili_rebuild
from hub.search.configuration import Configuration
from hub.search.documents import Document
from hub.search.engine import SearchUnavailable
from hub.search.meili import MeiliEngine
from hub.search.planner import Planner
from tests.factories.search import document, request
from tests.search.engine_contract import ids
from tests.search.test_meili import Server, indexes, remove, server

__all__ = ["server"]

Open = Callable[[], MeiliEngine]
_DIES = """
import sys
from pathlib import Path
from hub.search.configuration import Configuration
from hub.search.meili import MeiliEngine
from tests.factories.search import document

def documents():
    yield from (document(f"half-{number}") for number in range(1_500))
    print("half", flush=True)
    sys.stdin.read()

url, key, prefix, folder = sys.argv[1:]
MeiliEngine(url, key or None, Configuration.load(Path(folder)), prefix=prefix).rebuild(documents())
"""


@pytest.fixture
def prefix(server: Server) -> Iterator[str]:
    name = f"rebuilt_{uuid.uuid4().hex[:8]}"
    yield name
    remove(server, [name])


@pytest.fixture
def opened(server: Server, prefix: str, configuration: Configuration) -> Iterator[Open]:
    engines: list[MeiliEngine] = []

    def open_() -> MeiliEngine:
        engines.append(MeiliEngine(*server, configuration, prefix=prefix))
        return engines[-1]

    yield open_
    for engine in engines:
        engine.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild counts as dead at once when the server has nothing to do for it."""
    monkeypatch.setattr(meili_rebuild, "_QUIET", 0.3)
    monkeypatch.setattr(meili_rebuild, "_LOOK", 0.1)


def killed_rebuild(server: Server, prefix: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _DIES, server[0], server[1] or "", prefix, str(root / "search")]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.kill()


def in_use(server: Server, prefix: str) -> set[str]:
    return {name for name in indexes(server) if name.startswith(prefix)}


@pytest.mark.usefixtures("impatient")
def test_a_rebuild_after_a_killed_one_clears_it_away(
    opened: Open, server: Server, prefix: str, configuration: Configuration
) -> None:
    engine = opened()
    engine.rebuild([document("one", "First asset")])
    killed_rebuild(server, prefix)
    assert ids(Planner(engine, configuration).answer(request("first"))) == ["one"]
    engine.put([document("two", "Second asset")])
    engine.delete(["one"])
    assert engine.rebuild([document("three", "Third asset")]) == 1
    assert engine.fingerprints().keys() == {"three"}
    assert in_use(server, prefix) == {prefix, f"{prefix}_state"}
    assert engine.health().state == "ok"


@pytest.mark.usefixtures("impatient")
def test_a_start_after_a_killed_rebuild_clears_it_away(opened: Open, server: Server, prefix: str) -> None:
    engine = opened()
    engine.rebuild([document("one", "First asset")])
    killed_rebuild(server, prefix)
    deadline = time.monotonic() + 30
    while in_use(server, prefix) != {prefix, f"{prefix}_state"}:
        assert time.monotonic() < deadline
        engine.start()
    engine.put([document("two", "Second asset")])
    engine.settle()
    assert engine.fingerprints().keys() == {"one", "two"}
    assert in_use(server, prefix) == {prefix, f"{prefix}_state"}


def test_of_two_rebuilds_at_once_the_second_gives_up_clearly(opened: Open, server: Server, prefix: str) -> None:
    first, second = opened(), opened()
    begun, enough = threading.Event(), threading.Event()

    def documents() -> Iterator[Document]:
        number = 0
        while not enough.is_set():
            yield from (document(f"first-{number + at}") for at in range(1_000))
            number += 1_000
            begun.set()

    thread = threading.Thread(target=first.rebuild, args=(documents(),))
    thread.start()
    begun.wait()
    try:
        with pytest.raises(SearchUnavailable, match="being rebuilt already"):
            second.rebuild([document("second")])
        second.start()
    finally:
        enough.set()
        thread.join()
    held = first.fingerprints()
    assert len(held) % 1_000 == 0
    assert all(identity.startswith("first-") for identity in held)
    assert in_use(server, prefix) == {prefix, f"{prefix}_state"}


@pytest.mark.usefixtures("impatient")
def test_a_rebuild_that_was_silent_for_too_long_never_mixes_with_the_one_after_it(
    opened: Open, server: Server, prefix: str
) -> None:
    first, second = opened(), opened()

    def documents() -> Iterator[Document]:
        yield from (document(f"first-{number}") for number in range(1_000))
        yield from ()
        assert second.rebuild(document(f"second-{number}") for number in range(10)) == 10
        yield from (document(f"late-{number}") for number in range(1_500))

    with pytest.raises(SearchUnavailable, match="given up"):
        first.rebuild(documents())
    assert first.fingerprints().keys() == {f"second-{number}" for number in range(10)}
    assert in_use(server, prefix) == {prefix, f"{prefix}_state"}
    assert first.health().state == "ok"


def test_whatever_is_written_while_rebuilding_the_index_equals_the_record_in_the_end(
    opened: Open, server: Server, prefix: str
) -> None:
    record: dict[str, Document] = {f"d{number}": document(f"d{number}", "Title 0") for number in range(300)}
    guard = threading.Lock()
    done = threading.Event()
    opened().rebuild(record.values())

    def snapshot() -> Iterator[Document]:
        for at in range(0, 300, 30):
            with guard:
                held = [record[name] for number in range(at, at + 30) if (name := f"d{number}") in record]
            time.sleep(0.02)
            yield from held

    def write(seed: int) -> None:
        engine, chance = opened(), random.Random(seed)
        version = 0
        while not done.is_set():
            version += 1
            name = f"d{chance.randrange(seed * 100, seed * 100 + 100)}"
            with guard:
                if chance.random() < 0.3:
                    record.pop(name, None)
                else:
                    record[name] = document(name, f"Title {seed} {version}")
                now = record.get(name)
            if now is None:
                engine.delete([name])
            else:
                engine.put([now])
            if version % 3 == 0:  # as the worker does: the server must not fall behind for ever
                engine.settle()
        engine.settle()

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
    for writer in writers:
        writer.start()
    rebuilder = opened()
    rebuilder.rebuild(snapshot())
    done.set()
    for writer in writers:
        writer.join()
    assert rebuilder.fingerprints() == {name: one.fingerprint() for name, one in record.items()}
    assert in_use(server, prefix) == {prefix, f"{prefix}_state"}

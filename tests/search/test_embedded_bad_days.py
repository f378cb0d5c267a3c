"""The embedded engine when files vanish, break or change hands, and when writers meet or are killed."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.search.configuration import Configuration
from hub.search.embedded import EmbeddedEngine
from hub.search.engine import SearchUnavailable
from hub.search.planner import Planner
from tests.factories.search import document, request
from tests.search.engine_contract import ids

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from hub.search.configuration import Configuration
from hub.search.embedded import EmbeddedEngine
from tests.factories.search import document
engine = EmbeddedEngine(Path(sys.argv[1]), Configuration.load(Path(sys.argv[2])))
for number in range(int(sys.argv[4])):
    engine.put([document(f"{sys.argv[3]}-{number}-{part}", "Written by a process") for part in range(3)])
    print(number, flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def engine(root: Path, configuration: Configuration) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(root, configuration)
    engine.rebuild([document("one", "First asset"), document("two", "Second asset")])
    yield engine
    engine.close()


@pytest.fixture
def planner(engine: EmbeddedEngine, configuration: Configuration) -> Planner:
    planner = Planner(engine, configuration)
    assert ids(planner.answer(request("first"))) == ["one"]
    return planner


def is_healed(planner: Planner) -> bool:
    planner.engine.rebuild([document("one", "First asset"), document("two", "Second asset")])
    return ids(planner.answer(request("first"))) == ["one"] and planner.engine.health().state == "ok"


def data_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.suffix in (".store", ".idx", ".term", ".fast", ".pos")]


def test_a_new_index_asks_to_be_built(root: Path, configuration: Configuration) -> None:
    engine = EmbeddedEngine(root, configuration)
    assert (engine.health().state, engine.health().documents) == ("stale", 0)
    assert Planner(engine, configuration).answer(request("")).total == 0


def test_a_deleted_folder_is_answered_from_until_the_rebuild(planner: Planner, root: Path) -> None:
    shutil.rmtree(root)
    assert ids(planner.answer(request("first"))) == ["one"]
    assert planner.engine.health().state == "stale"
    assert is_healed(planner)


def test_after_a_put_into_a_deleted_folder_the_answer_is_not_a_half_empty_one(planner: Planner, root: Path) -> None:
    shutil.rmtree(root)
    planner.engine.put([document("three", "Third asset")])
    with pytest.raises(SearchUnavailable, match="rebuilt"):
        planner.answer(request("first"))
    assert planner.engine.health().state == "stale"
    assert is_healed(planner)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_truncated_files_are_noticed_before_they_are_read(planner: Planner, root: Path, share: float) -> None:
    for path in data_files(root):
        os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(SearchUnavailable, match="damaged"):
        planner.answer(request("first"))
    assert planner.engine.health().state == "stale"
    assert is_healed(planner)


@pytest.mark.parametrize("name", ["meta.json", "current"])
def test_a_garbled_file_is_survived(planner: Planner, root: Path, configuration: Configuration, name: str) -> None:
    for path in root.rglob(name):
        path.write_bytes(b"\x00{ not json")
    other = EmbeddedEngine(root, configuration)
    with contextlib.suppress(SearchUnavailable):  # it may still answer from what it had read
        Planner(other, configuration).answer(request("first"))
    assert other.health().state == "stale"
    assert is_healed(Planner(other, configuration))
    assert ids(planner.answer(request("first"))) == ["one"]


def test_missing_files_at_the_start_are_survived(root: Path, planner: Planner, configuration: Configuration) -> None:
    planner.engine.close()
    for path in data_files(root):
        path.unlink()
    other = Planner(EmbeddedEngine(root, configuration), configuration)
    with pytest.raises(SearchUnavailable, match="rebuilt"):
        other.answer(request("first"))
    assert is_healed(other)


def test_an_index_of_another_version_is_rebuilt(planner: Planner, root: Path, configuration: Configuration) -> None:
    fewer = replace(configuration, settings={**configuration.settings, "filterableAttributes": ["kind", "language"]})
    newer = EmbeddedEngine(root, fewer)
    assert newer.health().state == "stale"
    with pytest.raises(SearchUnavailable, match="another version"):
        Planner(newer, fewer).answer(request("first"))
    newer.rebuild([document("one", "First asset")])
    assert ids(Planner(newer, fewer).answer(request("first"))) == ["one"]
    with pytest.raises(SearchUnavailable):
        planner.answer(request("first"))


def test_changed_settings_ask_for_a_rebuild_and_serve_meanwhile(root: Path, planner: Planner) -> None:
    configuration = Configuration.load(ROOT / "search")
    changed = replace(configuration, written_synonyms={"a": ["b"]})
    other = EmbeddedEngine(root, changed)
    assert other.health().state == "stale"
    assert ids(Planner(other, changed).answer(request("first"))) == ["one"]
    other.rebuild([document("one", "First asset")])
    assert other.health().state == "ok"


def test_another_reader_sees_a_change_at_once(root: Path, engine: EmbeddedEngine, configuration: Configuration) -> None:
    reader = Planner(EmbeddedEngine(root, configuration), configuration)
    assert reader.answer(request("third")).total == 0
    engine.put([document("three", "Third asset")])
    assert ids(reader.answer(request("third"))) == ["three"]
    engine.rebuild([document("four", "Fourth asset")])
    assert ids(reader.answer(request(""))) == ["four"]


def test_threads_and_processes_that_write_at_once_lose_nothing(root: Path, engine: EmbeddedEngine) -> None:
    with start_writer(root, "left", 3) as left, start_writer(root, "right", 3) as right:
        put_from_threads(engine)
        left.communicate(timeout=120)
        right.communicate(timeout=120)
    assert (left.returncode, right.returncode) == (0, 0)
    held = set(engine.fingerprints())
    expected = {f"{name}-{n}-{part}" for name in ("left", "right") for n in range(3) for part in range(3)}
    assert held == expected | {f"t-{n}" for n in range(4)} | {"one", "two"}


@pytest.mark.parametrize("acknowledged", [1, 2, 3, 4])
def test_a_writer_killed_at_any_moment_loses_nothing_it_acknowledged(
    root: Path, engine: EmbeddedEngine, configuration: Configuration, acknowledged: int
) -> None:
    with start_writer(root, "killed", 1_000) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        said += [int(line) for line in process.stdout.read().split()]
    held = set(engine.fingerprints())
    assert {f"killed-{n}-{part}" for n in said for part in range(3)} <= held
    whole = {identity.rpartition("-")[0] for identity in held if identity.startswith("killed")}
    assert {f"{one}-{part}" for one in whole for part in range(3)} <= held, "a batch is whole or absent"
    EmbeddedEngine(root, configuration).put([document("after", "After the kill")])
    assert "after" in engine.fingerprints()


def test_two_rebuilds_at_once_are_refused(engine: EmbeddedEngine) -> None:
    def documents() -> Iterator[object]:
        yield document("one", "First asset")
        with pytest.raises(SearchUnavailable, match="already"):
            engine.rebuild([])

    assert engine.rebuild(documents()) == 1  # type: ignore[arg-type]


def test_a_rebuild_that_died_leaves_the_old_index_working(planner: Planner, root: Path) -> None:
    def documents() -> Iterator[object]:
        yield document("new", "New asset")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planner.engine.rebuild(documents())  # type: ignore[arg-type]
    planner.engine.put([document("three", "Third asset")])
    assert sorted(ids(planner.answer(request("asset")))) == ["one", "three", "two"]
    assert is_healed(planner)
    assert len([path for path in root.iterdir() if path.is_dir()]) == 1


def test_a_full_disk_leaves_the_index_as_it_was(planner: Planner) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    large = [document(f"large-{n}", "Large", " ".join(f"word{n}x{m}" for m in range(500))) for n in range(50)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(SearchUnavailable, match="written"):
            planner.engine.put(large)
        with pytest.raises(SearchUnavailable, match="written"):
            planner.engine.rebuild(large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ids(planner.answer(request("first"))) == ["one"]
    assert planner.engine.health().state == "ok"
    planner.engine.put(large)
    assert planner.answer(request("large")).total == 50


def start_writer(root: Path, name: str, batches: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(root), str(ROOT / "search"), name, str(batches)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def put_from_threads(engine: EmbeddedEngine) -> None:
    threads = [threading.Thread(target=engine.put, args=([document(f"t-{n}", "By a thread")],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

"""The contract on a real Meilisearch server, and how the two engines agree.

`HUB_TEST_MEILI_URL` (and `HUB_TEST_MEILI_KEY`) name a server; else a `meilisearch` on the PATH is started on
loopback; else all of this is skipped. No fake stands in for it.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from meilisearch import Client

from hub.search.configuration import Configuration
from hub.search.meili import MeiliEngine
from tests.search.engine_contract import EngineContract

KEY = "a-key-for-tests-only"
_START = 30.0  # seconds a server may take to start

Server = tuple[str, str | None]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if url := os.environ.get("HUB_TEST_MEILI_URL"):
        yield url, os.environ.get("HUB_TEST_MEILI_KEY")
        return
    program = shutil.which("meilisearch")
    if program is None:
        pytest.skip("no Meilisearch server: set HUB_TEST_MEILI_URL or put `meilisearch` on the PATH")
    with running(program, tmp_path_factory.mktemp("meili"), free_port()) as url:
        yield url, KEY


@pytest.fixture(scope="module")
def make_engine(server: Server) -> Iterator[Callable[[Configuration], MeiliEngine]]:
    prefixes: list[str] = []

    def make(configuration: Configuration) -> MeiliEngine:
        prefixes.append(f"test_{uuid.uuid4().hex[:10]}")
        return MeiliEngine(*server, configuration, prefix=prefixes[-1])

    yield make
    remove(server, prefixes)


def remove(server: Server, prefixes: Sequence[str]) -> None:
    """Every index of these prefixes."""
    client = Client(*server)
    for name in indexes(server):
        if name.startswith(tuple(prefixes)):
            client.delete_index(name)


def indexes(server: Server) -> set[str]:
    return {one["uid"] for one in Client(*server).http.get("indexes?limit=10000")["results"]}


class TestMeili(EngineContract):
    @pytest.mark.skip(reason="Meilisearch does not stem: another form of a word is found only as a typo of it")
    def test_stems_are_found_in_their_language(self) -> None:  # type: ignore[override]
        pass


class running:
    """A server of our own, with its data in `folder`, and more `options`."""

    def __init__(self, program: str, folder: Path, port: int, *options: str, key: str | None = KEY) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._command = [program, "--no-analytics", "--http-addr", f"127.0.0.1:{port}", *options]
        self._command += ["--master-key", key] if key else []
        self._command += ["--db-path", str(folder / "data"), "--dump-dir", str(folder / "dumps")]
        self._folder = folder
        self.started_with: dict[str, Any] = {}

    def __enter__(self) -> str:
        self.start()
        return self._url

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(timeout=30)

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, **self.started_with
            )
        client = Client(self._url, timeout=2)
        deadline = time.monotonic() + _START
        while not client.is_healthy():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

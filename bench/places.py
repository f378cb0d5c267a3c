"""A hub of its own for each bench: a fresh directory and database, its commands and its server as real processes."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from bench.measure import ROOT, Spent, run

POSTGRES = "HUB_TEST_POSTGRES_URL"


@dataclass(frozen=True)
class Place:
    """Where one hub lives. `engine` is sqlite or postgresql."""

    root: Path
    engine: str
    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return kept | {
            "HUB_DATA_DIR": str(self.root / "data"),
            "HUB_DATABASE_URL": self.database_url,
            "HUB_CONTENT_DIR": str(self.root / "content"),
            "HUB_LOG_JSON": "true",
            "HUB_SEARCH_RATE_LIMIT": "",  # a bench asks faster than any person
        }

    def hub(self, *words: str, may_end_with: tuple[int, ...] = (0,)) -> Spent:
        """Run a command of the hub to its end."""
        return run(["-m", "hub", *words], self.environment, may_end_with=may_end_with)

    def bare(self, part: str, *arguments: str) -> Spent:
        return run(["-m", "bench.bare", part, *arguments], self.environment)


@contextmanager
def fresh(engine: str = "sqlite") -> Iterator[Place]:
    """An empty place, gone afterwards. On PostgreSQL a database is made on the server that HUB_TEST_POSTGRES_URL
    names."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        root = Path(folder)
        (root / "data").mkdir()
        (root / "content").mkdir()
        if engine == "sqlite":
            yield Place(root, engine, f"sqlite:///{root / 'data' / 'hub.sqlite3'}")
            return
        with _postgres_database() as url:
            yield Place(root, engine, url)


def engines() -> list[str]:
    return ["sqlite", "postgresql"] if os.environ.get(POSTGRES) else ["sqlite"]


class Client:
    """One kept-alive connection to a server on this machine, as cheap as the standard library has it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str, bytes]:
        """Status, ETag and body. Raises RuntimeError for anything that is no success (304 is one)."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        content = None
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        self._connection.request(method, path, content, sent)
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {read[:500]!r}")
        return answer.status, answer.getheader("ETag", ""), read

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Server:
    """A server that answers. `first_answer` is the seconds from its start until then."""

    pid: int
    port: int
    first_answer: float
    client: Client


@contextmanager
def serving(place: Place) -> Iterator[Server]:
    """The hub's own server, as an operator starts it."""
    port = _free_port()
    environment = place.environment | {"HUB_BASE_URL": f"http://127.0.0.1:{port}"}
    with _started(["-m", "hub", "serve", "--port", str(port)], environment, port, "/api/v1/health") as server:
        yield server


@contextmanager
def serving_bare(place: Place) -> Iterator[Server]:
    port = _free_port()
    with _started(["-m", "bench.bare", "serve", str(port)], place.environment, port, "/small") as server:
        yield server


@contextmanager
def _started(words: list[str], environment: Mapping[str, str], port: int, path: str) -> Iterator[Server]:
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = Client(port)
    try:
        while not _answers(client, path):
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(words)} ended with {process.returncode} before it answered")
            time.sleep(0.01)
        first_answer = time.perf_counter() - started
        client.close()  # a server hangs up after some idle seconds; whoever asks next opens another connection
        yield Server(process.pid, port, first_answer, client)
    finally:
        client.close()
        process.terminate()
        process.wait(timeout=60)


def _answers(client: Client, path: str) -> bool:
    try:
        client.ask("GET", path)
    except (OSError, http.client.HTTPException):
        client.close()
        return False
    return True


@contextmanager
def _postgres_database() -> Iterator[str]:
    server = os.environ[POSTGRES]
    name = f"hub_bench_{uuid.uuid4().hex[:12]}"
    _say(server, f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _say(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _say(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

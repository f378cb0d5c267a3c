"""The Meilisearch engine when the server is away, slow, full, or does not know us."""

import resource
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from meilisearch import Client

from hub.search.configuration import Configuration
from hub.search.engine import Health, SearchUnavailable
from hub.search.meili import MeiliEngine
from hub.search.planner import Planner
from tests.factories.search import document, request
from tests.search.engine_contract import ids
from tests.search.test_meili import KEY, Server, free_port, make_engine, running, server

__all__ = ["make_engine", "server"]

_PATIENCE = 30.0  # seconds until something that must happen has


@pytest.fixture
def program() -> str:
    found = shutil.which("meilisearch")
    if found is None:
        pytest.skip("no `meilisearch` on the PATH to stop and start")
    return found


class Silent:
    """A server that takes connections and never says a word, and counts them."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self._held)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for one in self._held:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                self._held.append(self._listener.accept()[0])
            except OSError:
                return


@pytest.fixture
def silent() -> Iterator[Silent]:
    held = Silent()
    yield held
    held.close()


def sooner_or_later(happens: Callable[[], bool]) -> None:
    """Wait until it is so; refusals meanwhile are part of the day."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            if happens():
                return
        except SearchUnavailable:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Away


def test_a_server_that_is_down_is_said_to_be(configuration: Configuration) -> None:
    engine = MeiliEngine(f"http://127.0.0.1:{free_port()}", None, configuration)
    assert engine.health().state == "down"
    with pytest.raises(SearchUnavailable, match="cannot be reached"):
        Planner(engine, configuration).answer(request("price"))
    for change in (lambda: engine.put([document("one")]), engine.start, lambda: engine.rebuild([])):
        with pytest.raises(SearchUnavailable, match="cannot be reached"):
            change()
    engine.close()


def test_a_server_that_starts_after_the_hub_is_used_when_it_is_there(
    program: str, tmp_path: Path, configuration: Configuration
) -> None:
    port = free_port()
    engine = MeiliEngine(f"http://127.0.0.1:{port}", KEY, configuration)
    assert engine.health().state == "down"
    with running(program, tmp_path, port):
        sooner_or_later(lambda: engine.health().state == "stale")
        engine.rebuild([document("one", "First asset")])
        assert engine.health().state == "ok"
        assert ids(Planner(engine, configuration).answer(request("first"))) == ["one"]
    engine.close()


def test_a_server_killed_in_the_middle_is_used_again_and_has_lost_nothing(
    program: str, tmp_path: Path, configuration: Configuration
) -> None:
    held = running(program, tmp_path, free_port())
    with held as url:
        engine = MeiliEngine(url, KEY, configuration)
        engine.rebuild([document("one", "First asset")])
        planner = Planner(engine, configuration)
        engine.put([document("two", "Second asset")])
        held.kill()
        with pytest.raises(SearchUnavailable, match="cannot be reached"):
            planner.answer(request("first"))
        with pytest.raises(SearchUnavailable, match="cannot be reached"):
            engine.settle()
        sooner_or_later(lambda: engine.health().state == "down")
        held.start()
        engine.settle()
        sooner_or_later(lambda: ids(planner.answer(request("second"))) == ["two"])
        sooner_or_later(lambda: engine.health().state == "ok")
        engine.close()


def test_a_rebuild_goes_on_when_the_server_was_restarted(
    program: str, tmp_path: Path, configuration: Configuration
) -> None:
    held = running(program, tmp_path, free_port())

    def documents() -> Iterator[object]:
        yield from (document(f"d{number}", "Asset") for number in range(1_500))
        held.kill()
        held.start()
        yield document("last", "Asset")

    with held as url:
        engine = MeiliEngine(url, KEY, configuration)
        assert engine.rebuild(documents()) == 1_501  # type: ignore[arg-type]
        assert engine.health() == Health("meili", "ok", 1_501)
        engine.close()


def test_a_server_that_hangs_is_not_waited_for_and_used_when_it_goes_on(
    program: str, tmp_path: Path, configuration: Configuration
) -> None:
    held = running(program, tmp_path, free_port())
    with held as url:
        patient = MeiliEngine(url, KEY, configuration)
        patient.rebuild([document("one", "First asset")])
        engine = MeiliEngine(url, KEY, configuration, timeout=0.3)
        planner = Planner(engine, configuration)
        sooner_or_later(lambda: ids(planner.answer(request("first"))) == ["one"])
        held.signal(signal.SIGSTOP)
        with pytest.raises(SearchUnavailable, match="too long"):
            planner.answer(request("first"))
        sooner_or_later(lambda: "too long" in engine.health().detail)
        held.signal(signal.SIGCONT)
        sooner_or_later(lambda: ids(planner.answer(request("first"))) == ["one"])
        sooner_or_later(lambda: engine.health().state == "ok")
        engine.close()
        patient.close()


def test_while_a_server_is_away_not_every_question_waits_for_it(configuration: Configuration, silent: Silent) -> None:
    engine = MeiliEngine(silent.url, None, configuration, timeout=0.2)
    planner = Planner(engine, configuration)
    for _ in range(300):
        with pytest.raises(SearchUnavailable, match="too long"):
            planner.answer(request("price"))
    assert silent.connections <= 10  # one, and one for every second that the machine was busy with other things
    engine.close()


def test_health_is_not_asked_of_the_server_by_everybody(configuration: Configuration, silent: Silent) -> None:
    engine = MeiliEngine(silent.url, None, configuration, timeout=0.2)
    for _ in range(300):
        assert engine.health().state == "down"
    assert silent.connections <= 10
    engine.close()


# Not ours


def test_a_wrong_key_is_named_and_not_told(server: Server, configuration: Configuration) -> None:
    engine = MeiliEngine(server[0], "a-wrong-secret", configuration)
    health = engine.health()
    assert health.state == "down"
    assert "HUB_MEILI_KEY" in health.detail
    with pytest.raises(SearchUnavailable, match="HUB_MEILI_KEY") as refusal:
        engine.put([document("one")])
    assert "a-wrong-secret" not in str(refusal.value) + health.detail
    engine.close()


@pytest.mark.parametrize("key", ["a-secret\n", "a-secret€", "a-secret\u2028"])
def test_a_key_that_cannot_be_sent_is_named_and_not_told(
    server: Server, configuration: Configuration, key: str
) -> None:
    engine = MeiliEngine(server[0], key, configuration)
    with pytest.raises(SearchUnavailable, match="HUB_MEILI_KEY") as refusal:
        engine.put([document("one")])
    assert "a-secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    engine.close()


def test_a_server_without_a_key_needs_none(program: str, tmp_path: Path, configuration: Configuration) -> None:
    with running(program, tmp_path, free_port(), key=None) as url:
        engine = MeiliEngine(f"{url}/", None, configuration)
        engine.rebuild([document("one", "First asset")])
        assert ids(Planner(engine, configuration).answer(request("first"))) == ["one"]
        engine.close()


@pytest.mark.parametrize("url", ["localhost:7700", "http://", "nonsense", "ftp://127.0.0.1", "http://[::1"])
def test_an_address_that_is_none_is_named(configuration: Configuration, url: str) -> None:
    engine = MeiliEngine(url, None, configuration)
    health = engine.health()
    assert health.state == "down"
    assert "HUB_MEILI_URL" in health.detail
    engine.close()


def test_a_password_in_the_address_is_not_told(configuration: Configuration) -> None:
    engine = MeiliEngine(f"http://ana:a-secret@127.0.0.1:{free_port()}", None, configuration)
    assert "a-secret" not in engine.health().detail
    engine.close()


def test_a_server_that_is_no_meilisearch_is_said_to_be(configuration: Configuration) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Page) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        engine = MeiliEngine(f"http://127.0.0.1:{web.server_port}", None, configuration)
        assert "no Meilisearch server" in engine.health().detail
        engine.close()
        web.shutdown()
        thread.join()


# Refused


def test_a_full_disk_is_told_and_what_was_there_is_found(
    program: str, tmp_path: Path, configuration: Configuration
) -> None:
    full = running(program, tmp_path, free_port())
    full.started_with = {
        "restore_signals": False,  # else the system would kill the server instead of refusing to write
        "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000)),
    }
    with full as url:
        engine = MeiliEngine(url, KEY, configuration)
        engine.rebuild([document("one", "First asset")])
        with pytest.raises(SearchUnavailable, match="no space left"):
            _put_many(engine)
        assert ids(Planner(engine, configuration).answer(request("first"))) == ["one"]
        engine.put([document("two", "Second asset")])
        engine.settle()
        assert ids(Planner(engine, configuration).answer(request("second"))) == ["two"]
        engine.close()


def _put_many(engine: MeiliEngine) -> None:
    for number in range(60):
        words = " ".join(f"word{number}x{place}" for place in range(3_000))
        engine.put([document(f"d{number}", "Long", words)])
        engine.settle()


def test_a_document_too_large_for_the_server_is_named_and_holds_nobody_up(
    program: str, tmp_path: Path, configuration: Configuration
) -> None:
    options = ("--http-payload-size-limit", "40000")
    large = document("large", "Large", "long text " * 20_000)
    with running(program, tmp_path, free_port(), *options) as url:
        engine = MeiliEngine(url, KEY, configuration)
        small = [document(f"d{number}", "Small") for number in range(100)]
        assert engine.rebuild([*small[:50], large, *small[50:]]) == 100
        with pytest.raises(SearchUnavailable, match="Too large for Meilisearch: large"):
            engine.put([document("before", "Small"), large, document("after", "Small")])
        engine.settle()
        assert engine.fingerprints().keys() == {"before", "after"} | {one.id for one in small}
        engine.close()


def test_a_change_that_the_server_refuses_is_told_to_who_asked_for_it(
    make_engine: Callable[[Configuration], MeiliEngine], configuration: Configuration, server: Server
) -> None:
    engine = make_engine(configuration)
    engine.rebuild([])
    client = Client(*server)
    name = next(
        one["uid"]
        for one in client.http.get("indexes?limit=1000")["results"]
        if f"{one['uid']}_state" in _names(client)
    )
    client.wait_for_task(client.delete_index(name).task_uid)
    client.wait_for_task(client.create_index(name, {"primaryKey": "other"}).task_uid)
    engine.put([document("one")])
    threads = [threading.Thread(target=engine.settle)]
    for thread in threads:
        thread.start()
        thread.join()
    with pytest.raises(SearchUnavailable, match="refused a change"):
        engine.settle()
    engine.settle()
    assert engine.health().state == "stale"
    engine.close()


def _names(client: Client) -> set[str]:
    return {one["uid"] for one in client.http.get("indexes?limit=1000")["results"]}


def test_tasks_that_the_server_has_forgotten_are_told_once(
    make_engine: Callable[[Configuration], MeiliEngine], configuration: Configuration, server: Server
) -> None:
    engine = make_engine(configuration)
    engine.rebuild([])
    engine.put([document("one", "First asset")])
    client = Client(*server)
    newest = client.http.get("tasks?limit=1&types=documentAdditionOrUpdate")["results"][0]["uid"]
    client.wait_for_task(newest)
    client.wait_for_task(client.delete_tasks({"uids": str(newest)}).task_uid)
    with pytest.raises(SearchUnavailable, match="refused a change"):
        engine.settle()
    engine.settle()
    engine.close()


# Gone


def test_a_missing_index_asks_for_a_rebuild(server: Server, configuration: Configuration) -> None:
    engine = MeiliEngine(*server, configuration, prefix="never_made")
    assert engine.health().state == "stale"
    with pytest.raises(SearchUnavailable, match="rebuilt"):
        Planner(engine, configuration).answer(request("price"))
    engine.start()
    engine.close()


@pytest.mark.parametrize("put_before_looking", [False, True])
def test_an_index_deleted_behind_our_back_asks_for_a_rebuild(
    server: Server, configuration: Configuration, put_before_looking: bool
) -> None:
    engine = MeiliEngine(*server, configuration, prefix=f"deleted_{put_before_looking}")
    engine.rebuild([document("one", "First asset")])
    client = Client(*server)
    client.wait_for_task(client.delete_index(f"deleted_{put_before_looking}").task_uid)
    if put_before_looking:
        engine.put([document("two", "Second asset")])
        engine.settle()
        assert ids(Planner(engine, configuration).answer(request("second"))) == ["two"]
    sooner_or_later(lambda: engine.health().state == "stale")
    engine.rebuild([document("one", "First asset")])
    assert engine.health().state == "ok"
    assert ids(Planner(engine, configuration).answer(request("first"))) == ["one"]
    engine.close()

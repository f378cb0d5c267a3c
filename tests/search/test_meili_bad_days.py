"""The Meilisearch engine when the server is away, slow, or does not know us."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.search.configuration import Configuration
from hub.search.engine import SearchUnavailable
from hub.search.meili import MeiliEngine
from hub.search.planner import Planner
from tests.factories.search import document, request
from tests.search.engine_contract import ids
from tests.search.test_meili import _KEY, Server, free_port, running, server

__all__ = ["server"]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_is_down_is_said_to_be(configuration: Configuration) -> None:
    engine = MeiliEngine(f"http://127.0.0.1:{free_port()}", None, configuration)
    assert engine.health().state == "down"
    with pytest.raises(SearchUnavailable, match="cannot be reached"):
        Planner(engine, configuration).answer(request("price"))
    with pytest.raises(SearchUnavailable, match="cannot be reached"):
        engine.put([document("one")])
    engine.close()


def test_a_slow_server_is_not_waited_for(configuration: Configuration, silent: str) -> None:
    engine = MeiliEngine(silent, None, configuration, timeout=0.1)
    assert "too long" in engine.health().detail
    with pytest.raises(SearchUnavailable, match="too long"):
        Planner(engine, configuration).answer(request("price"))
    engine.close()


def test_a_wrong_key_is_named(server: Server, configuration: Configuration) -> None:
    engine = MeiliEngine(server[0], "wrong", configuration)
    assert engine.health().state == "down"
    with pytest.raises(SearchUnavailable, match="HUB_MEILI_KEY"):
        engine.put([document("one")])
    engine.close()


def test_a_missing_index_asks_for_a_rebuild(server: Server, configuration: Configuration) -> None:
    engine = MeiliEngine(*server, configuration, prefix="never_made")
    assert engine.health().state == "stale"
    with pytest.raises(SearchUnavailable, match="rebuilt"):
        Planner(engine, configuration).answer(request("price"))
    engine.close()


def test_a_server_that_goes_and_comes_back_is_used_again(tmp_path: Path, configuration: Configuration) -> None:
    program = shutil.which("meilisearch")
    if program is None:
        pytest.skip("no `meilisearch` on the PATH to stop and start")
    port = free_port()
    with running(program, tmp_path, port) as url:
        engine = MeiliEngine(url, _KEY, configuration)
        engine.rebuild([document("one", "First asset")])
        planner = Planner(engine, configuration)
        assert ids(planner.answer(request("first"))) == ["one"]
    assert engine.health().state == "down"
    with pytest.raises(SearchUnavailable):
        planner.answer(request("first"))
    with running(program, tmp_path, port):
        assert ids(planner.answer(request("first"))) == ["one"]
        assert engine.health().state == "ok"
    engine.close()

"""Settings on a Meilisearch server, compared with ours field by field when a process starts."""

import json
import logging
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from meilisearch import Client

from hub.search.configuration import Configuration
from hub.search.meili import MeiliEngine
from hub.search.planner import Planner
from tests.factories.search import document, request
from tests.search.engine_contract import ids
from tests.search.test_meili import Server, remove, server

__all__ = ["server"]

Open = Callable[[Configuration], MeiliEngine]


@pytest.fixture
def prefix(server: Server) -> Iterator[str]:
    name = f"settings_{uuid.uuid4().hex[:8]}"
    yield name
    remove(server, [name])


@pytest.fixture
def opened(server: Server, prefix: str) -> Iterator[Open]:
    """One process after another, on the same index."""
    engines: list[MeiliEngine] = []

    def open_(configuration: Configuration) -> MeiliEngine:
        engines.append(MeiliEngine(*server, configuration, prefix=prefix))
        return engines[-1]

    yield open_
    for engine in engines:
        engine.close()


def changed_by_hand(server: Server, prefix: str, settings: dict[str, Any]) -> None:
    client = Client(*server)
    client.wait_for_task(client.index(prefix).update_settings(settings).task_uid)


def with_file(configuration_folder: Path, name: str, change: Callable[[Any], None]) -> Configuration:
    content = json.loads((configuration_folder / name).read_text())
    change(content)
    (configuration_folder / name).write_text(json.dumps(content))
    return Configuration.load(configuration_folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parents[2] / "search", tmp_path / "search"))


def test_an_index_just_built_differs_in_nothing(
    opened: Open, configuration: Configuration, caplog: pytest.LogCaptureFixture
) -> None:
    opened(configuration).rebuild([document("one")])
    engine = opened(configuration)
    with caplog.at_level(logging.WARNING):
        engine.start()
    assert caplog.messages == []
    assert engine.health().state == "ok"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("synonyms", {"pricey": ["cheap"]}, '{"pricey": ["cheap"]}'),
        ("rankingRules", ["words", "typo"], '["words", "typo"]'),
        ("faceting", {"sortFacetValuesBy": {"kind": "alpha"}}, '"kind": "alpha"'),
        ("typoTolerance", {"enabled": False}, '{"enabled": false}'),
        ("displayedAttributes", ["id"], '["id"]'),
        ("searchCutoffMs", 1, "1"),
    ],
)
def test_what_somebody_changed_on_the_server_is_named_and_changed_back(
    opened: Open,
    configuration: Configuration,
    server: Server,
    prefix: str,
    caplog: pytest.LogCaptureFixture,
    field: str,
    value: Any,
    told: str,
) -> None:
    opened(configuration).rebuild([document("one", "An expensive asset")])
    before = Client(*server).index(prefix).get_settings()
    changed_by_hand(server, prefix, {field: value})
    engine = opened(configuration)
    with caplog.at_level(logging.WARNING):
        engine.start()
    assert [f"search setting {field} of index {prefix}" in line and told in line for line in caplog.messages] == [True]
    assert engine.health().state == "ok"
    engine.settle()
    assert Client(*server).index(prefix).get_settings() == before
    assert ids(Planner(engine, configuration).answer(request("pricey"))) == ["one"]


@pytest.mark.parametrize(
    ("field", "value"), [("stopWords", ["asset"]), ("searchableAttributes", ["title"]), ("prefixSearch", "disabled")]
)
def test_what_needs_a_new_index_is_named_and_asks_for_a_rebuild(
    opened: Open,
    configuration: Configuration,
    server: Server,
    prefix: str,
    caplog: pytest.LogCaptureFixture,
    field: str,
    value: Any,
) -> None:
    opened(configuration).rebuild([document("one", "First asset")])
    changed_by_hand(server, prefix, {field: value})
    engine = opened(configuration)
    with caplog.at_level(logging.WARNING):
        engine.start()
    assert f"search setting {field} of index" in caplog.text
    assert engine.health().state == "stale"
    assert field in engine.health().detail
    engine.rebuild([document("one", "First asset")])
    assert engine.health().state == "ok"
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        opened(configuration).start()
    assert caplog.messages == []


def test_a_new_synonym_needs_no_new_index(
    opened: Open, configuration: Configuration, folder: Path, server: Server, prefix: str
) -> None:
    opened(configuration).rebuild([document("one", "Armadillo asset")])
    changed = with_file(folder, "synonyms.json", lambda content: content.update({"tatou": ["armadillo"]}))
    changed = with_file(folder, "synonyms.json", lambda content: content.pop("rival") and None)
    engine = opened(changed)
    engine.start()
    engine.settle()
    assert engine.health().state == "ok"
    assert ids(Planner(engine, changed).answer(request("tatou"))) == ["one"]
    assert "rival" not in Client(*server).index(prefix).get_settings()["synonyms"]


def test_a_new_filter_asks_for_a_rebuild(opened: Open, configuration: Configuration, folder: Path) -> None:
    opened(configuration).rebuild([document("one")])
    changed = with_file(folder, "settings.json", lambda content: content["filterableAttributes"].append("region"))
    engine = opened(changed)
    engine.start()
    assert engine.health().state == "stale"
    engine.rebuild([document("one")])
    assert engine.health().state == "ok"

"""The configuration that ships, and engines as the module under test makes them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.search.configuration import Configuration
from hub.search.engine import Engine
from hub.search.planner import Planner
from tests.search.library import library

MakeEngine = Callable[[Configuration], Engine]


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    return Configuration.load(Path(__file__).parents[2] / "search")


@pytest.fixture(scope="module")
def filled(make_engine: MakeEngine, configuration: Configuration) -> Iterator[Planner]:
    """The library, read by many tests and changed by none."""
    engine = make_engine(configuration)
    engine.rebuild(library())
    yield Planner(engine, configuration)
    engine.close()


@pytest.fixture
def engine(make_engine: MakeEngine, configuration: Configuration) -> Iterator[Engine]:
    """Built, and empty."""
    engine = make_engine(configuration)
    engine.rebuild([])
    yield engine
    engine.close()

"""The contract on the embedded engine."""

from collections.abc import Callable

import pytest

from hub.search.configuration import Configuration
from hub.search.embedded import EmbeddedEngine
from tests.search.engine_contract import EngineContract


@pytest.fixture(scope="module")
def make_engine(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Configuration], EmbeddedEngine]:
    return lambda configuration: EmbeddedEngine(tmp_path_factory.mktemp("index"), configuration)


class TestEmbedded(EngineContract):
    pass

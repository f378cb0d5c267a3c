"""Opening the engine that is to be measured."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.search.configuration import Configuration
from hub.search.embedded import EmbeddedEngine
from hub.search.engine import Engine
from hub.search.meili import MeiliEngine

_TICKS = os.sysconf("SC_CLK_TCK")
SEARCH_DATA = Path(__file__).resolve().parents[2] / "search"


@contextmanager
def opened(name: str, folder: Path) -> Iterator[tuple[Engine, Configuration]]:
    configuration = Configuration.load(SEARCH_DATA)
    engine: Engine
    if name == "meili":
        url = os.environ["HUB_BENCH_MEILI_URL"]
        key = os.environ.get("HUB_BENCH_MEILI_KEY")
        engine = MeiliEngine(url, key, configuration, prefix="hub_bench", timeout=60)
    else:
        engine = EmbeddedEngine(folder, configuration)
    try:
        yield engine, configuration
    finally:
        engine.close()


def server_cpu(engine: Engine) -> float | None:
    """CPU seconds spent so far by the engine's server (`HUB_BENCH_MEILI_PID`), None without one."""
    pid = os.environ.get("HUB_BENCH_MEILI_PID")
    if engine.name != "meili" or not pid:
        return None
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS

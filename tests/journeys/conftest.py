"""A hub in a folder of its own, and its command line."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.processes import free_port

Hub = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def environment(tmp_path: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return kept | {
        "HUB_DATA_DIR": str(tmp_path / "data"),
        "HUB_CONTENT_DIR": str(tmp_path / "content"),
        "HUB_BASE_URL": f"http://127.0.0.1:{port}",
        "HUB_LOG_JSON": "true",
    }


@pytest.fixture
def hub(environment: dict[str, str]) -> Hub:
    def run(*words: str, token: str = "", stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "hub", *words],
            env=environment | ({"HUB_TOKEN": token} if token else {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return run

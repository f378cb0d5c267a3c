"""CPU, clock and memory of reading evidence from one world, in a process of its own.

`python -m bench.evidence.cost FOLDER` reads the world, then measures the estimate and the attribution apart, and
says so as one JSON object. Reading the files is left out: the hub reads its database instead.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from bench.measure import ROOT


def measured(folder: Path) -> dict[str, float]:
    """Seconds and MB by name."""
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "bench.evidence.cost", str(folder)]
    said = subprocess.run(words, cwd=ROOT, env=one_thread, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(said.stdout)
    return figures


def _measure(folder: Path) -> dict[str, float]:
    from bench.evidence.worlds import read_world
    from hub.insights.attribution import attribute
    from hub.insights.evidence import estimate

    history = read_world(folder).history
    found: dict[str, float] = {"memory before": _peak_mb()}
    began = time.process_time()
    steps: list[tuple[str, float]] = []
    _timed(found, "estimate", lambda: estimate(history, progress=lambda _, doing: steps.append((doing, _since(began)))))
    for (doing, start), (_, end) in pairwise(steps):
        found[f"{doing}, cpu"] = end - start
    found["memory after estimate"] = _peak_mb()
    _timed(found, "attribution", lambda: attribute(history))
    found["memory after attribution"] = _peak_mb()
    return found


def _timed(found: dict[str, float], name: str, work: Callable[[], object]) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    found[f"{name}, cpu"], found[f"{name}, wall"] = _since(cpu), time.perf_counter() - wall


def _since(began: float) -> float:
    return time.process_time() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]))) + "\n")

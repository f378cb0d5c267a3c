"""Two processes reading the embedded index while a third writes to it.

python -m bench.search.concurrency HANDBOOK [--documents 10000] [--seconds 8]
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from bench.search import handbook
from bench.search.engines import opened
from bench.search.speed import mix
from hub.search.engine import Scope, SearchUnavailable
from hub.search.planner import Planner, Request

_SCOPE = Scope(handbook.START.date())


def read(folder: str, source: Path, seconds: float, results: "Queue[dict[str, Any]]") -> None:
    """Ask for `seconds`; report the answers' wall times, how many failed, and the newest document seen."""
    requests = mix(handbook.sections(source))
    with opened("embedded", Path(folder)) as (engine, configuration):
        planner = Planner(engine, configuration)
        taken: list[float] = []
        errors, newest, until = 0, 0, time.monotonic() + seconds
        while time.monotonic() < until:
            begin = time.perf_counter()
            try:
                planner.answer(requests[len(taken) % len(requests)])
                newest = planner.answer(Request("freshlywritten ", _SCOPE, facets=())).total
            except SearchUnavailable:
                errors += 1
            taken.append((time.perf_counter() - begin) * 1000)
    taken.sort()
    results.put(
        {
            "answers": len(taken),
            "errors": errors,
            "p50_ms": round(statistics.median(taken), 2),
            "p99_ms": round(taken[int(len(taken) * 0.99)], 2),
            "written_seen": newest,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("handbook", type=Path)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=8)
    given = parser.parse_args()
    results: Queue[dict[str, Any]] = multiprocessing.Queue()
    sections = handbook.sections(given.handbook)
    with tempfile.TemporaryDirectory() as folder, opened("embedded", Path(folder)) as (engine, _):
        engine.rebuild(handbook.multiplied(sections, given.documents))
        arguments = (folder, given.handbook, given.seconds, results)
        readers = [multiprocessing.Process(target=read, args=arguments) for _ in range(2)]
        for reader in readers:
            reader.start()
        taken: list[float] = []
        until = time.monotonic() + given.seconds - 1
        while time.monotonic() < until:
            begin = time.perf_counter()
            engine.put([handbook.file_document(f"written-{len(taken)}", "Freshlywritten")])
            taken.append((time.perf_counter() - begin) * 1000)
        reports = [results.get(timeout=given.seconds + 60) for _ in readers]
        for reader in readers:
            reader.join()
    report = {"commits": len(taken), "commit_ms": round(statistics.median(taken), 1), "readers": reports}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

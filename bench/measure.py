"""What a process has used, read from the kernel: CPU seconds, memory, the time to a first answer. Linux only."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """What a process that has ended used up: seconds by the clock, seconds of CPU, MB at its largest."""

    wall: float
    cpu: float
    peak_mb: float
    said: str


def cpu_seconds(pid: int) -> float:
    """User and system time of a running process with all its threads, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident memory of a running process, and the part of it that no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def run(words: list[str], environment: Mapping[str, str], *, may_end_with: tuple[int, ...] = (0,)) -> Spent:
    """Run `python WORDS` to its end. Raises RuntimeError with what it said when it failed."""
    started = time.perf_counter()
    peak = 0.0
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([sys.executable, *words], env=environment, cwd=ROOT, stdout=out, stderr=out)
        while True:
            # What the kernel tells at the end counts the memory of this process too, as it was at the fork.
            peak = max(peak, _peak_mb(process.pid))
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(0.01)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if process.returncode not in may_end_with:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{said[-4000:]}")
    return Spent(wall, used.ru_utime + used.ru_stime, peak, said)


def typical(words: list[str], environment: Mapping[str, str], *, times: int = 5) -> Spent:
    """The one with the median CPU of several runs, after one that fills the disk's cache."""
    run(words, environment)
    runs = sorted((run(words, environment) for _ in range(times)), key=lambda spent: spent.cpu)
    return runs[len(runs) // 2]


def cpu_ms_each(pid: int, times: int, step: Callable[[int], object]) -> float:
    """Milliseconds of a server's CPU for one step, as the mean over so many."""
    before = cpu_seconds(pid)
    for place in range(times):
        step(place)
    return (cpu_seconds(pid) - before) * 1000 / times


def side_by_side(rounds: int, works: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The least of several rounds by name. Neighbours on a machine only ever add to the CPU that a piece of work takes
    (they share caches and cores), so the least is nearest to the work's own; each round does all of the works."""
    seen: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            seen[name].append(work())
    return {name: min(values) for name, values in seen.items()}


def _peak_mb(pid: int) -> float:
    """The most memory a process has had so far; 0 when it has just ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)

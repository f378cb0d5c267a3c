"""What a process has used, read from the kernel: CPU seconds, memory, the time to a first answer. Linux only."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
    process = subprocess.Popen(
        [sys.executable, *words], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in may_end_with:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{said[-4000:]}")
    return Spent(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said)


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
    """The median of several rounds by name. Each round does all of the works, so that a busy minute meets them all."""
    seen: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            seen[name].append(work())
    return {name: median(values) for name, values in seen.items()}

"""The release of the example: the demo as a whole, and how much of a release is idle time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import INV, Row, medians, run, scratch
from examples import demo
from release_tasks.rehearsal.registries import run_registries

ROUNDS, VERSION, PROJECT = 3, "0.2.0", Path(__file__).parent.parent
IDENTITY = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@localhost",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@localhost",
}
WALL = (
    "release of the example, wall time",
    "longest chain of waits, or CPU seconds / cores",
    1.15,
)


@dataclass(frozen=True)
class Timing:
    """The seconds of one release."""

    wall: float
    chain: float  # of steps of which no two overlap
    cpu: float  # CPU seconds divided by the cores

    @property
    def least(self) -> float:
        """Return the seconds that no order of the same work can go below."""
        return max(self.chain, self.cpu)

    @property
    def ratio(self) -> float:
        return self.wall / self.least


def wall() -> Iterator[Row]:
    """Measure some releases, and return the one with the median ratio."""
    with scratch() as folder:
        timings = [released(folder / str(turn)) for turn in range(ROUNDS)]
    timings.sort(key=lambda timing: timing.ratio)
    timing = timings[len(timings) // 2]
    note = f"chain {timing.chain:.1f} s, CPU seconds / cores {timing.cpu:.1f} s"
    yield Row(*WALL, timing.wall, timing.least, note=note)


def whole() -> Iterator[Row]:
    """Measure the demo as a user starts it, after a run that filled every cache."""
    argv = (sys.executable, "examples/demo.py", "--json")
    run(PROJECT, *argv)
    [seconds] = medians(ROUNDS, lambda: run(PROJECT, *argv))
    yield Row("the demo, everything warm", "-", 60, seconds)


def copy(folder: Path) -> Path:
    """Copy the example without what cannot be built here; the copy is no repository yet."""
    project = demo.copy(folder)
    demo.reduce(project)
    return project


def released(folder: Path) -> Timing:
    """Release a copy of the example."""
    project = copy(folder)
    demo.commit(project)
    with run_registries(folder / "registries") as registries:
        registries.github.create("example", "polyglot", project)
        env = registries.environment() | IDENTITY
        env |= {"PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)}
        run(folder, "git", "clone", "--quiet", demo.REMOTE, "clone", env=env)
        seconds, cpu = used(folder / "clone", env, folder / "log")
    [timeline] = (folder / "clone" / "dist").glob("*/timeline.json")
    cores = len(os.sched_getaffinity(0))
    return Timing(seconds, chain(json.loads(timeline.read_text())), cpu / cores)


def used(clone: Path, env: Mapping[str, str], log: Path) -> tuple[float, float]:
    """Run the release; return its wall time, and the CPU seconds of it and all its children."""
    with log.open("wb") as sink:
        start = time.perf_counter()
        argv = [*INV, "release", "--version", VERSION, "--new", "all"]
        process = subprocess.Popen(
            argv,
            cwd=clone,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the release failed\n{log.read_text()[-3000:]}")
    return seconds, usage.ru_utime + usage.ru_stime


def chain(timeline: list[dict[str, Any]]) -> float:
    """Return the largest sum of the seconds of steps of which no two overlap."""
    # when a step ends, and the largest sum until then
    ended = [(0.0, 0.0)]
    for row in sorted(timeline, key=lambda row: row["end"]):
        before = max(total for end, total in ended if end <= row["start"])
        ended.append((row["end"], before + row["end"] - row["start"]))
    return max(total for _, total in ended)

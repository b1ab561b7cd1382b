"""The release of examples/polyglot: the demo as a whole, and how much of a release is idle time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import INV, Row, run, scratch, timed
from examples import demo
from release_tasks.rehearsal.registries import run_registries

ROUNDS, VERSION, PROJECT = 3, "0.2.0", Path(__file__).parent.parent
WALL = (
    "release of the example, wall time",
    "longest chain of waits, or CPU seconds / cores",
    1.15,
)


def wall() -> Iterator[Row]:
    """Measure releases against what no order of the same work could be faster than; give the median one."""
    with scratch() as folder:
        measured = [released(folder / str(turn)) for turn in range(ROUNDS)]
    seconds, waits, cpu = sorted(measured, key=lambda one: one[0] / max(one[1:]))[
        len(measured) // 2
    ]
    note = f"chain {waits:.1f} s, CPU seconds / cores {cpu:.1f} s"
    yield Row(*WALL, seconds, max(waits, cpu), note=note)


def whole() -> Iterator[Row]:
    """Measure the demo as a user starts it, after a run that filled every cache."""
    argv = (sys.executable, "examples/demo.py", "--json")
    run(PROJECT, *argv)
    yield Row(
        "the demo, everything warm",
        "-",
        60,
        median(timed(lambda: run(PROJECT, *argv)) for _ in range(ROUNDS)),
    )


def copy(folder: Path) -> Path:
    """Copy the example, less what cannot be built here; it is no repository yet."""
    project = folder / "polyglot"
    shutil.copytree(
        demo.EXAMPLE,
        project,
        ignore=shutil.ignore_patterns("target", "dist", "__pycache__"),
    )
    demo.reduce(project)
    return project


def released(folder: Path) -> tuple[float, float, float]:
    """Release a copy of the example; return its seconds, those of its chain of waits, and CPU seconds / cores."""
    project = copy(folder)
    demo.commit(project)
    with run_registries(folder / "registries") as running:
        running.github.create("example", "polyglot", project)
        env = running.environment() | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(folder)}
        env |= {
            f"GIT_{role}_{key}": f"bench{end}"
            for role in ("AUTHOR", "COMMITTER")
            for key, end in (("NAME", ""), ("EMAIL", "@localhost"))
        }
        run(folder, "git", "clone", "--quiet", demo.REMOTE, "clone", env=env)
        seconds, cpu = used(folder / "clone", env, folder / "log")
    timeline = json.loads(
        next((folder / "clone" / "dist").glob("*/timeline.json")).read_text()
    )
    return seconds, chain(timeline), cpu / len(os.sched_getaffinity(0))


def used(clone: Path, env: Mapping[str, str], log: Path) -> tuple[float, float]:
    """Run the release; return its wall time, and the CPU seconds of it and all its children."""
    with log.open("wb") as sink:
        start = time.perf_counter()
        argv = [*INV, "release", "--version", VERSION, "--new", "all"]
        process = subprocess.Popen(
            argv, cwd=clone, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the release failed\n{log.read_text()[-3000:]}")
    return seconds, usage.ru_utime + usage.ru_stime


def chain(timeline: list[dict[str, Any]]) -> float:
    """Return the largest sum of the seconds of steps of which no two overlap."""
    ended: list[tuple[float, float]] = [
        (0.0, 0.0)
    ]  # when, and the largest sum until then
    for row in sorted(timeline, key=lambda row: row["end"]):
        before = max(total for end, total in ended if end <= row["start"])
        ended.append((row["end"], before + row["end"] - row["start"]))
    return max(total for _, total in ended)

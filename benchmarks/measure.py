"""What every benchmark needs: a row of the table, clocks, programs, and local registries."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_tasks.rehearsal.registries import LocalRegistries, run_registries

INV = (sys.executable, "-m", "invoke")


@dataclass(frozen=True)
class Row:
    """One line of the table; without `theirs` the promise is about seconds, not about a ratio."""

    what: str
    against: str
    at_most: float
    ours: float = 0.0  # seconds, as are the other's
    theirs: float | None = None
    skipped: str = ""  # why nothing was measured
    note: str = ""  # what else was seen; only in the JSON

    @property
    def value(self) -> float:
        """Return the ratio, or the seconds where there is nothing to compare with."""
        return self.ours if self.theirs is None else self.ours / self.theirs

    def data(self) -> dict[str, Any]:
        """Return the row as JSON can hold it."""
        row: dict[str, Any] = {
            "what": self.what,
            "against": self.against,
            "at_most": self.at_most,
        }
        if self.skipped:
            return row | {"skipped": self.skipped}
        seconds = {
            "ours": round(self.ours, 4),
            "theirs": None if self.theirs is None else round(self.theirs, 4),
        }
        row |= {"note": self.note} if self.note else {}
        return (
            row
            | seconds
            | {"value": round(self.value, 4), "within": self.value <= self.at_most}
        )

    def cells(self) -> tuple[str, ...]:
        """Return the row as the table shows it."""
        unit = " s" if self.theirs is None and not self.skipped else ""
        shown = (
            "-"
            if self.skipped
            else f"{self.value:.1f} s"
            if unit
            else f"{self.value:.3f}"
        )
        within = (
            f"skipped: {self.skipped}"
            if self.skipped
            else "yes"
            if self.value <= self.at_most
            else "no"
        )
        return self.what, self.against, shown, f"{self.at_most:g}{unit}", within


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(
    rounds: int,
    *works: Callable[[], object],
    before: Callable[[], object] = lambda: None,
) -> list[float]:
    """Return the median seconds of each work, done in turns, so that a slow minute is slow for all."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            before()
            times.append(timed(work))
    return [statistics.median(times) for times in taken]


def run(
    root: Path,
    *argv: str | Path,
    env: Mapping[str, str] | None = None,
    status: tuple[int, ...] = (0,),
) -> bytes:
    """Run a program quietly and return what it printed to stdout; stop with what it said where it fails."""
    done = subprocess.run(
        argv,
        cwd=root,
        env=env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in status:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise SystemExit(
            f"{' '.join(map(str, argv))} ended with status {done.returncode}\n{said[-3000:]}"
        )
    return done.stdout


def commit(root: Path) -> None:
    """Make a folder a repository with one commit."""
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost")
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    run(root, "git", "add", "--all")
    run(root, "git", *who, "commit", "--quiet", "--message=Begin")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary folder, gone after the block with whatever a child still writes there."""
    folder = Path(tempfile.mkdtemp(prefix="release-tasks-bench-"))
    try:
        yield folder.resolve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def visiting(folder: Path, **how: Any) -> Iterator[LocalRegistries]:
    """Run the local registries, and let this process and its children see nothing else."""
    before = dict(os.environ)
    with run_registries(folder, **how) as running:
        for name in running.removed:
            del os.environ[name]
        os.environ.update(running.env)
        try:
            yield running
        finally:
            os.environ.clear()
            os.environ.update(before)

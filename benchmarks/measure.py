"""What benchmarks share: the rows of the table, clocks, programs, and local registries."""

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
    """One line of the table. Without `theirs`, the promise is about seconds, not about a ratio."""

    what: str
    against: str
    at_most: float
    ours: float = 0.0  # seconds, as is `theirs`
    theirs: float | None = None
    skipped: str = ""  # why nothing was measured
    note: str = ""  # only in the JSON

    @property
    def value(self) -> float:
        """Return the ratio, or the seconds where there is nothing to compare with."""
        if self.theirs is None:
            return self.ours
        return self.ours / self.theirs

    @property
    def is_within(self) -> bool:
        return self.value <= self.at_most

    def data(self) -> dict[str, Any]:
        """Return the row for JSON."""
        row: dict[str, Any] = {
            "what": self.what,
            "against": self.against,
            "at_most": self.at_most,
        }
        if self.skipped:
            return row | {"skipped": self.skipped}
        if self.note:
            row["note"] = self.note
        row["ours"] = round(self.ours, 4)
        row["theirs"] = self.theirs
        if self.theirs is not None:
            row["theirs"] = round(self.theirs, 4)
        return row | {"value": round(self.value, 4), "within": self.is_within}

    def cells(self) -> tuple[str, ...]:
        """Return the row for the table."""
        at_most = f"{self.at_most:g}"
        value = f"{self.value:.3f}"
        within = "no"
        if self.is_within:
            within = "yes"
        if self.theirs is None:
            at_most = f"{self.at_most:g} s"
            value = f"{self.value:.1f} s"
        if self.skipped:
            at_most = f"{self.at_most:g}"
            value = "-"
            within = f"skipped: {self.skipped}"
        return self.what, self.against, value, at_most, within


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def nothing() -> None:
    """Do nothing before each turn."""


def medians(
    rounds: int,
    *works: Callable[[], object],
    before: Callable[[], object] = nothing,
) -> list[float]:
    """Return the median seconds of each work.

    They are done in turns, so that a slow minute is slow for all; `before` is not measured.
    """
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, seconds, strict=True):
            before()
            times.append(timed(work))
    return [statistics.median(times) for times in seconds]


def run(
    root: Path,
    *argv: str | Path,
    env: Mapping[str, str] | None = None,
    status: tuple[int, ...] = (0,),
) -> bytes:
    """Run a program and return its stdout.

    Raises `SystemExit` with what it printed when it ends with another status.
    """
    done = subprocess.run(
        argv,
        cwd=root,
        env=env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in status:
        output = (done.stdout + done.stderr).decode(errors="replace")
        words = " ".join(str(word) for word in argv)
        raise SystemExit(
            f"{words} ended with status {done.returncode}\n{output[-3000:]}"
        )
    return done.stdout


def commit(root: Path) -> None:
    """Make a folder a repository with one commit."""
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost")
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    run(root, "git", "add", "--all")
    run(root, "git", *identity, "commit", "--quiet", "--message=Begin")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary folder, which is removed after the block."""
    folder = Path(tempfile.mkdtemp(prefix="release-tasks-bench-"))
    try:
        yield folder.resolve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def local_registries(folder: Path, **options: Any) -> Iterator[LocalRegistries]:
    """Run local registries, and let this process and its children reach nothing else."""
    before = dict(os.environ)
    with run_registries(folder, **options) as registries:
        for name in registries.removed:
            del os.environ[name]
        os.environ.update(registries.env)
        try:
            yield registries
        finally:
            os.environ.clear()
            os.environ.update(before)

"""inv: our own commands, as a rehearsal starts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from release_tasks.shell import follow
from release_tasks.tools.python import module


def run(
    words: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    out: Path | None = None,
) -> int:
    """Run a task (`["release", "--version", "0.2.0"]`) in a project and return its exit status.

    `env` is its whole environment. What it prints to stdout is written to `out`, if given.
    """
    return follow([*module(_module(folder)), *words], folder, env, out)


def _module(folder: Path) -> str:
    """Return what runs the tasks: without a tasks.py, invoke would find none."""
    if (folder / "tasks.py").exists() or (folder / "tasks").exists():
        return "invoke"
    return "release_tasks"

"""nox: the sessions of a noxfile, side by side, with a report of how each ended."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do
from release_tasks.tools.python import module

NOX = module("nox")


@dataclass(frozen=True)
class Noxfile:
    """How nox finds sessions: options and variables; without any, by the noxfile.py of a folder."""

    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """Return the command that starts nox, as a person would type it."""
        if not self.options:
            return "nox"
        variables = [f"{name}={value}" for name, value in self.env.items()]
        return shlex.join(["env", *variables, *NOX, *self.options])


def run(
    c: Context,
    folder: Path,
    noxfile: Noxfile,
    sessions: Sequence[str],
    report: Path,
) -> None:
    """Run sessions to their end and write the JSON `report`; raise `Failed` where one fails."""
    # with one job, nox would run them in its own process, one after the other
    jobs = max(2, os.cpu_count() or 1)
    argv = [
        *NOX,
        *noxfile.options,
        f"--parallel={jobs}",
        "--no-error-on-missing-interpreters",
    ]
    argv += [f"--report={report}", "--session", *sessions]
    # compiled, noxfile.py would leave __pycache__ in the tree
    env = {"PYTHONDONTWRITEBYTECODE": "1", **noxfile.env}
    do(c, argv, cwd=folder, env=env)

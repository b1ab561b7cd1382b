"""The project's own checks: formatting, lints and tests, or the commands that the settings name."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from release_tasks import files, shell, terminal
from release_tasks.checks.check import CheckContext, problem
from release_tasks.errors import ReleaseError, shorten
from release_tasks.project.gates import chosen, gates
from release_tasks.release import Release
from release_tasks.tools import git

BLOCK = re.compile(
    r"^={10} \S (\S+): \w+.*={10}\n", re.MULTILINE
)  # how nox begins what a session has printed
NOISE = re.compile(
    r"Starting session |nox > (Running session|Session|cd|The virtualenv) "
)  # lines of nox's own
TAIL = 15  # lines


@problem
def failing_gate(case: CheckContext) -> Iterator[ReleaseError]:
    """Run the gates side by side, each to its end, and yield one error for each that fails."""
    release, _ = case.release, case.changed
    names = chosen(
        release.project, (part.version for part in release.parts), git.branch(release.checkout)
    )
    wanted, is_ours = (
        [one for one in gates(release.project) if names is None or one.name in names],
        _has_sessions(release),
    )
    if not wanted and (names is not None or not is_ours):
        return
    for one in wanted:
        terminal.say(f"gate {one.name}: {one.line}")
    where, env = ([], {}) if is_ours else _noxfile(release)
    nox = [sys.executable, "-m", "nox", *where]
    with files.scratch("gates") as folder:
        report = folder / "report.json"
        # one job would make nox run them in its own process, one after the other
        options = (
            f"--parallel={max(2, os.cpu_count() or 1)}",
            "--no-error-on-missing-interpreters",
            f"--report={report}",
        )
        try:
            shell.do(
                case.c,
                [*nox, *options, "--session", *(names or ("preflight",))],
                cwd=release.source_tree,
                env=env,
            )
        except shell.Failed as error:
            if not report.exists():  # nox itself could not begin
                raise ReleaseError(
                    error.problem, "mend noxfile.py: `nox --list` reads it"
                ) from error
            repeat = (
                "nox"
                if is_ours
                else shlex.join(["env", *(f"{k}={v}" for k, v in env.items()), *nox])
            )
            yield from _failures(
                json.loads(report.read_text("utf-8"))["sessions"], error.output, repeat
            )


@problem
def gate_leftovers(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield what the gates left in the tree."""
    if left := [path for path in git.changed(case.release.source_tree) if path not in case.changed]:
        yield ReleaseError(
            f"the gates left {shorten(left)} in the tree", "name that in .gitignore, or commit it"
        )


def _has_sessions(release: Release) -> bool:
    path = release.source_tree / "noxfile.py"
    return path.exists() and "release_tasks.sessions" in path.read_text("utf-8")


def _noxfile(release: Release) -> tuple[list[str], dict[str, str]]:
    """Return the options and the variables with which nox makes the sessions for a project that has no such noxfile."""
    ours = Path(__file__).parents[2] / "sessions" / "noxfile.py"
    return [f"--noxfile={ours}", f"--envdir={release.source_tree / '.nox'}"], {
        "RELEASE_TASKS_ROOT": str(release.source_tree)
    }


def _failures(sessions: list[dict[str, Any]], output: str, repeat: str) -> Iterator[ReleaseError]:
    _, *told = BLOCK.split(output)
    blocks = dict(zip(told[::2], told[1::2], strict=True))
    for one in sessions:
        name = one["signatures"][0] if one["signatures"] else one["name"]
        if one["result_code"] > 0 or name == "preflight":
            continue
        said = [
            line for line in blocks.get(name, "").strip().splitlines() if not NOISE.match(line)
        ] or [one["reason"] or "it printed nothing"]
        yield ReleaseError(
            f"the gate {name} fails\n" + "\n".join(said[-TAIL:]),
            f"mend it; `{repeat} -s {name}` repeats it",
        )

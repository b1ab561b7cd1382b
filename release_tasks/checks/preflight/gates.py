"""The project's own checks: formatting, lints and tests, or the commands that the settings name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from release_tasks import files, shell, terminal
from release_tasks.checks.check import CheckContext, problem
from release_tasks.errors import ReleaseError, shorten
from release_tasks.project.gates import chosen, gates
from release_tasks.release import Release
from release_tasks.tools import git, nox

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
    noxfile = nox.Noxfile() if is_ours else _noxfile(release)
    with files.scratch("gates") as folder:
        report = folder / "report.json"
        try:
            nox.run(case.c, release.source_tree, noxfile, names or ("preflight",), report)
        except shell.Failed as error:
            if not report.exists():  # nox itself could not begin
                raise ReleaseError(
                    error.problem, "mend noxfile.py: `nox --list` reads it"
                ) from error
            sessions = json.loads(report.read_text("utf-8"))["sessions"]
            yield from _failures(sessions, error.output, noxfile.command)


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


def _noxfile(release: Release) -> nox.Noxfile:
    """Return the options and the variables with which nox makes the sessions for a project that has no such noxfile."""
    ours = Path(__file__).parents[2] / "sessions" / "noxfile.py"
    options = [f"--noxfile={ours}", f"--envdir={release.source_tree / '.nox'}"]
    return nox.Noxfile(options, {"RELEASE_TASKS_ROOT": str(release.source_tree)})


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

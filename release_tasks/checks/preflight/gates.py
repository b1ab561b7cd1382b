"""The project's own gates: formatting, lints, tests, or the commands that the settings name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from release_tasks import files, shell, terminal
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.errors import Problem, ReleaseError, shorten
from release_tasks.project.gates import chosen, gates
from release_tasks.release import Release
from release_tasks.tools import git, nox

# how nox begins what a session has printed
BLOCK = re.compile(r"^={10} \S (\S+): \w+.*={10}\n", re.MULTILINE)
# lines that nox itself prints
NOISE = re.compile(
    r"Starting session |nox > (Running session|Session|cd|The virtualenv) "
)
TAIL = 15  # lines


@dataclass(frozen=True)
class _Failure:
    """A gate that fails, and whether the project asks for it."""

    problem: Problem
    is_asked: bool


FAILURES: WeakKeyDictionary[CheckContext, list[_Failure]] = WeakKeyDictionary()


@problem
def failing_gate(context: CheckContext) -> Iterator[Problem]:
    """Run the gates side by side, each to its end, and find each that fails."""
    FAILURES[context] = list(_run_gates(context))
    for failure in FAILURES[context]:
        if failure.is_asked:
            yield failure.problem


@warning
def failing_lint(context: CheckContext) -> Iterator[Problem]:
    """Find each lint that fails, and that no workflow, hook, script or setting asks for.

    It reads what `failing_gate` found, which runs before.
    """
    for failure in FAILURES.get(context, ()):
        if not failure.is_asked:
            yield failure.problem


@problem
def gate_leftovers(context: CheckContext) -> Iterator[Problem]:
    """Find what the gates left in the tree."""
    changed = git.changed(context.release.source_tree)
    left = [path for path in changed if path not in context.uncommitted]
    if left:
        yield Problem(
            f"the gates left {shorten(left)} in the tree",
            "add it to .gitignore, or commit it",
        )


def _run_gates(context: CheckContext) -> Iterator[_Failure]:
    release = context.release
    _ = context.uncommitted  # read before the gates run, for gate_leftovers
    versions = [part.version for part in release.parts]
    names = chosen(release.project, versions, git.branch(release.checkout))
    wanted = [
        gate for gate in gates(release.project) if names is None or gate.name in names
    ]
    has_sessions = _has_sessions(release)
    if not wanted and (names is not None or not has_sessions):
        return
    for gate in wanted:
        terminal.say(f"gate {gate.name}: {gate.line}")
    noxfile = nox.Noxfile()
    if not has_sessions:
        noxfile = _our_noxfile(release)
    by_name = {gate.name: gate for gate in wanted}
    for session, failure in _run(context, noxfile, names or ("preflight",)):
        gate_name = session
        if session not in by_name:  # one session for each Python
            gate_name = session.rpartition("-")[0]
        failing = by_name.get(gate_name)
        if failing is None:
            yield _Failure(failure, is_asked=True)
            continue
        named = replace(failure, fix=f"{failure.fix}: {failing.line}")
        is_asked = failing.is_asked or names is not None
        yield _Failure(named, is_asked)


def _has_sessions(release: Release) -> bool:
    path = release.source_tree / "noxfile.py"
    return path.exists() and "release_tasks.sessions" in path.read_text("utf-8")


def _our_noxfile(release: Release) -> nox.Noxfile:
    """Return the noxfile that has the sessions, for a project whose own does not have them."""
    path = Path(__file__).parents[2] / "sessions" / "noxfile.py"
    options = [f"--noxfile={path}", f"--envdir={release.source_tree / '.nox'}"]
    return nox.Noxfile(options, {"RELEASE_TASKS_ROOT": str(release.source_tree)})


def _run(
    context: CheckContext, noxfile: nox.Noxfile, sessions: Sequence[str]
) -> Iterator[tuple[str, Problem]]:
    """Run sessions, and yield the name of each that fails, with the problem."""
    with files.scratch("gates") as folder:
        report = folder / "report.json"
        try:
            nox.run(context.c, context.release.source_tree, noxfile, sessions, report)
        except shell.Failed as error:
            if not report.exists():  # nox itself could not start
                fix = "fix noxfile.py: `nox --list` reads it"
                raise ReleaseError(error.problem, fix) from error
            results = json.loads(report.read_text("utf-8"))["sessions"]
            yield from _failed(results, error.output, noxfile.command)


def _failed(
    results: list[dict[str, Any]], output: str, repeat: str
) -> Iterator[tuple[str, Problem]]:
    _, *blocks = BLOCK.split(output)
    printed = dict(zip(blocks[::2], blocks[1::2], strict=True))
    for session in results:
        name = session["name"]
        if session["signatures"]:
            name = session["signatures"][0]
        if session["result_code"] > 0 or name == "preflight":
            continue
        lines = printed.get(name, "").strip().splitlines()
        shown = [line for line in lines if not NOISE.match(line)]
        if not shown:
            shown = [session["reason"] or "it printed nothing"]
        problem = Problem(
            f"the gate {name} fails\n" + "\n".join(shown[-TAIL:]),
            f"fix it; `{repeat} -s {name}` runs it again",
        )
        yield name, problem

"""The project's own gates: formatting, lints, tests, or the commands that the settings name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from release_tasks import converge, dist, files, shell, terminal
from release_tasks.checks.check import (
    CheckContext,
    also_after_tag,
    note_also_after_tag,
    warning_also_after_tag,
)
from release_tasks.checks.preflight import passed_gates
from release_tasks.errors import Problem, ReleaseError, shorten
from release_tasks.formats import text_files
from release_tasks.printable import word
from release_tasks.project.gates import ALL, chosen, fix_of, gates
from release_tasks.project.model import Gate
from release_tasks.project.settings import FILE
from release_tasks.release import Release
from release_tasks.tools import git, nox
from release_tasks.tools.git import origin

# how nox begins what a session has printed
BLOCK = re.compile(r"^={10} \S (\S+): \w+.*={10}\n", re.MULTILINE)
# lines that nox itself prints
NOISE = re.compile(
    r"Starting session |nox > (Running session|Session|cd|The virtualenv) "
)
# how rustc says what is wrong, and where
COMPILER_ERROR = re.compile(
    r"^error(?:\[E\d+\])?: .+\n +--> \S+:\d+:\d+$", re.MULTILINE
)
TAIL = 15  # lines


@dataclass(frozen=True)
class _Failure:
    """A gate that fails, and whether the project asks for it."""

    problem: Problem
    is_asked: bool


FAILURES: WeakKeyDictionary[CheckContext, list[_Failure]] = WeakKeyDictionary()


@also_after_tag
def failing_gate(context: CheckContext) -> Iterator[Problem]:
    """Run the gates side by side, each to its end, and find each that fails.

    Once the tag exists they run as long as nothing else of the release is public, unless they have
    passed for its commit here.
    """
    if _skipped(context):
        return
    FAILURES[context] = list(_run_gates(context))
    for failure in FAILURES[context]:
        if failure.is_asked:
            yield failure.problem


@warning_also_after_tag
def failing_lint(context: CheckContext) -> Iterator[Problem]:
    """Find each lint that fails, and that no workflow, hook, script or setting asks for.

    It reads what `failing_gate` found, which runs before.
    """
    for failure in FAILURES.get(context, ()):
        if not failure.is_asked:
            yield failure.problem


@also_after_tag
def gate_leftovers(context: CheckContext) -> Iterator[Problem]:
    """Find what the gates left in the tree."""
    if context not in FAILURES:
        return
    changed = git.changed(context.release.source_tree)
    left = [path for path in changed if path not in context.uncommitted]
    if left:
        yield Problem(
            f"the gates left {shorten(left)} in the tree",
            "add it to .gitignore, or commit it",
        )


@note_also_after_tag
def skipped_gates(context: CheckContext) -> Iterator[Problem]:
    """Find why the gates of the project do not run for this release."""
    if context in FAILURES:
        return
    reason = _skipped(context)
    if reason:
        yield reason


def _skipped(context: CheckContext) -> Problem | None:
    """Return why no gate runs for a release, None where they run and where there are none."""
    release = context.release
    wanted = _wanted(release)
    if not wanted.gates and not wanted.has_more:
        if not gates(release.project):
            return None
        return Problem(
            f"no gate runs: {FILE} lists none for a release of this level",
            "name gates in the list of that level, under [gates]",
        )
    if not release.is_tagged:
        return None
    if passed_gates.have_passed(release, wanted.names):
        path = f"dist/{release.parts[0].tag}/{dist.GATES}"
        return Problem(
            f"the gates do not run again: they have passed for {release.commit[:7]} ({path})",
            f"`rm {word(path)}` makes them run again",
        )
    public = converge.public(release, _readable(context))
    if public:
        return Problem(
            f"the gates do not run: {shorten(public)} is public already",
            f"`{_noxfile(release).command} -s {' '.join(wanted.sessions)}` runs them",
        )
    return None


def _readable(context: CheckContext) -> Iterator[converge.ChannelState]:
    """Yield the channels that can be read; what cannot be read has stopped the release before."""
    for channel, statuses in context.states:
        if not isinstance(statuses, ReleaseError):
            yield channel, statuses


@dataclass(frozen=True)
class _Wanted:
    """The gates of a release; `listed` are their names where the settings list them by level."""

    gates: tuple[Gate, ...]
    listed: tuple[str, ...] | None
    has_more: bool  # the project's noxfile may add sessions of its own

    @property
    def sessions(self) -> tuple[str, ...]:
        """Return the sessions that nox is asked for."""
        return self.listed or (ALL,)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names under which it is recorded that they have passed."""
        names = tuple(gate.name for gate in self.gates)
        if self.listed is None:
            return (*names, ALL)
        return names


def _wanted(release: Release) -> _Wanted:
    versions = [part.version for part in release.parts]
    listed = chosen(release.project, versions, git.branch(release.checkout))
    found = tuple(
        gate
        for gate in gates(release.project)
        if listed is None or gate.name in listed
    )
    return _Wanted(found, listed, listed is None and _has_sessions(release))


def _run_gates(context: CheckContext) -> Iterator[_Failure]:
    release = context.release
    _ = context.uncommitted  # read before the gates run, for gate_leftovers
    wanted = _wanted(release)
    if not wanted.gates and not wanted.has_more:
        return
    if not shell.is_dry(context.c):
        dist.keep_logs(release)
    for gate in wanted.gates:
        terminal.say(f"gate {gate.name}: {gate.line}")
    by_name = {gate.name: gate for gate in wanted.gates}
    has_failed = False
    for session, output in _run(context, wanted.sessions):
        gate_name = session
        if session not in by_name:  # one session for each Python
            gate_name = session.rpartition("-")[0]
        failing = by_name.get(gate_name)
        is_asked = (
            failing is None or failing.is_asked or wanted.listed is not None
        )
        has_failed = has_failed or is_asked
        line = f": {failing.line}" if failing else ""
        is_fixable = False
        if is_asked and failing is not None:
            is_fixable = fix_of(failing) is not None
        fix = f"{_fix(release, session, is_fixable)}{line}"
        yield _Failure(
            Problem(f"the gate {session} fails\n{output}", fix), is_asked
        )
    if not has_failed and not shell.is_dry(context.c):
        passed_gates.record(release, wanted.names)


def _fix(release: Release, session: str, is_fixable: bool) -> str:
    """Return how a failing session is run again, and how a tag gets what fixes it."""
    again = f"`{_noxfile(release).command} -s {session}` runs it again"
    if is_fixable:
        return f"inv fix --version {release.request} corrects and commits it; {again}"
    if not release.is_tagged:
        return f"fix it; {again}"
    command = "inv retag"
    tag = release.parts[0].tag
    if origin.url(release.checkout) and not origin.tag(release.checkout, tag):
        command = "inv release"  # a tag that only this machine has moves with the next commit
    return f"fix it and commit, then {command} --version {release.request}; {again}"


def _has_sessions(release: Release) -> bool:
    text = text_files.peek(release.source_tree, "noxfile.py")
    return "release_tasks.sessions" in text


def _noxfile(release: Release) -> nox.Noxfile:
    """Return the project's noxfile, or ours where that does not have the sessions."""
    if _has_sessions(release):
        return nox.Noxfile()
    path = Path(__file__).parents[2] / "sessions" / "noxfile.py"
    options = [f"--noxfile={path}", f"--envdir={release.checkout / '.nox'}"]
    return nox.Noxfile(options, {"RELEASE_TASKS_ROOT": str(release.checkout)})


def _run(
    context: CheckContext, sessions: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Run sessions, and yield the name of each that fails, with the end of what it printed."""
    release = context.release
    noxfile = _noxfile(release)
    # a work tree of the tag's commit
    if release.source_tree != release.checkout:
        env = {"CARGO_TARGET_DIR": str(release.target)}
        if noxfile.env:
            env["RELEASE_TASKS_ROOT"] = str(release.source_tree)
        noxfile = replace(noxfile, env=env)
    with files.scratch("gates") as folder:
        report = folder / "report.json"
        try:
            nox.run(context.c, release.source_tree, noxfile, sessions, report)
        except shell.Failed as error:
            if not report.exists():  # nox itself could not start
                fix = "fix noxfile.py: `nox --list` reads it"
                raise ReleaseError(error.problem, fix) from error
            results = json.loads(report.read_text("utf-8"))["sessions"]
            yield from _failed(results, error.output)


def _failed(
    results: list[dict[str, Any]], output: str
) -> Iterator[tuple[str, str]]:
    _, *blocks = BLOCK.split(output)
    printed = dict(zip(blocks[::2], blocks[1::2], strict=True))
    # a compiler's error -> the gate that has shown it
    first_with: dict[str, str] = {}
    for session in results:
        name = session["name"]
        if session["signatures"]:
            name = session["signatures"][0]
        if session["result_code"] > 0 or name == ALL:
            continue
        lines = printed.get(name, "").strip().splitlines()
        shown = [line for line in lines if not NOISE.match(line)]
        if not shown:
            shown = [session["reason"] or "it printed nothing"]
        errors = COMPILER_ERROR.findall("\n".join(lines))
        if errors and all(error in first_with for error in errors):
            shown = [f"the error that {first_with[errors[0]]} has shown:"]
            shown += errors[0].splitlines()
        first_with |= {
            error: name for error in errors if error not in first_with
        }
        yield name, "\n".join(shown[-TAIL:])

"""The project's own checks: formatting, lints and tests, or the commands that the settings name."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from release_tasks import shell
from release_tasks.errors import ReleaseError, some
from release_tasks.findings.finding import Case, problem
from release_tasks.release import Release
from release_tasks.tools import git


@problem
def failing_gate(case: Case) -> Iterator[ReleaseError]:
    """Run every gate, each to its end, and yield one error for each that fails."""
    release, _ = case.release, case.changed
    if _tests_python(release) and not find_spec("pytest"):
        shell.say(f"the Python tests are not run: {sys.executable} has no pytest")
    for argv in commands(release):
        try:
            shell.do(case.c, argv, cwd=release.tree)
        except shell.Failed as error:
            yield ReleaseError(error.problem, "mend it, or name the commands that shall pass in `run` of [gates]")


@problem
def gate_leftovers(case: Case) -> Iterator[ReleaseError]:
    """Yield what the gates left in the tree."""
    if left := [path for path in git.changed(case.release.tree) if path not in case.changed]:
        yield ReleaseError(f"the gates left {some(left)} in the tree", "name that in .gitignore, or commit it")


def commands(release: Release) -> tuple[tuple[str, ...], ...]:
    """Return the gates as commands, those with names of their own last."""
    named = release.project.settings.gates.named.values()
    return (*general(release), *(tuple(shlex.split(line)) for line in named))


def general(release: Release) -> tuple[tuple[str, ...], ...]:
    """Return the gates without a name: those of the settings, else the defaults for Rust and Python."""
    project = release.project
    if project.settings.gates.run:
        return tuple(tuple(shlex.split(line)) for line in project.settings.gates.run)
    found: list[tuple[str, ...]] = []
    if project.manifest:
        locked = ("--locked",) if "Cargo.lock" in project.files else ()
        found += [
            ("cargo", "fmt", "--all", "--check"),
            ("cargo", "clippy", *locked, "--all-targets", "--quiet", "--", "-D", "warnings"),
            ("cargo", "test", *locked, "--quiet"),
        ]
    if _tests_python(release) and find_spec("pytest"):
        found.append((sys.executable, "-m", "pytest", "-q"))
    return tuple(found)


def _tests_python(release: Release) -> bool:
    path = release.tree / "pyproject.toml"
    is_default = not release.project.settings.gates.run
    return is_default and path.exists() and "[tool.pytest" in path.read_text("utf-8")

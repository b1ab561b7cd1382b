"""The project's own checks: formatting, lints and tests, or the commands that the settings name."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from invoke.context import Context

from release_tasks import shell
from release_tasks.errors import ReleaseError
from release_tasks.release import Release


def run(c: Context, release: Release) -> Iterator[ReleaseError]:
    """Run every gate, each to its end, and yield one error for each that fails."""
    for argv in commands(release):
        try:
            shell.do(c, argv, cwd=release.tree)
        except shell.Failed as error:
            yield error


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
        found += [
            ("cargo", "fmt", "--all", "--check"),
            ("cargo", "clippy", "--locked", "--all-targets", "--quiet", "--", "-D", "warnings"),
            ("cargo", "test", "--locked", "--quiet"),
        ]
    if "[tool.pytest" in _pyproject(release) and find_spec("pytest"):
        found.append((sys.executable, "-m", "pytest", "-q"))
    return tuple(found)


def _pyproject(release: Release) -> str:
    path = release.tree / "pyproject.toml"
    return path.read_text("utf-8") if path.exists() else ""

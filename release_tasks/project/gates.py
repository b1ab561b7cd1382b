"""The gates of a project: what must pass before a release, and which of it for which release."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.project import asked_gates, charts, python_gates
from release_tasks.project.model import Chart, Gate, Project, resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.tools import fixes
from release_tasks.tools.fixes import Fix
from release_tasks.versions.numbers import parse

if TYPE_CHECKING:
    from semver import Version

ALL = "preflight"  # the session that requires every gate
# before the tag, in the name of the branch that `inv hotfix` makes
HOTFIX = "hotfix/"
# keys of [gates] that list gates
LEVELS = ("major", "minor", "patch", "hotfix")


def gates(project: Project) -> tuple[Gate, ...]:
    """Return every gate; raise `ReleaseError` if the settings name one that does not exist."""
    table = project.settings.gates
    usual = _listed(project) if table.run else defaults(project)
    found = {gate.name: gate for gate in usual}
    for name, command in table.named.items():
        if name == ALL:
            raise ReleaseError(
                f"{FILE}: [gates] {name}: that is the session of all gates",
                "choose another name",
            )
        if command is False:
            _check_exists(name, found)
            del found[name]
        else:
            found[name] = Gate(name, (words(command),), project.root)
    for level in LEVELS:
        for name in getattr(table, level) or ():
            _check_exists(name, found)
    return tuple(found.values())


def defaults(project: Project) -> tuple[Gate, ...]:
    """Return the gates of Rust, of Python and of charts, for settings without `run`."""
    return (*_rust(project), *python_gates.found(project), *_charts(project))


def chosen(
    project: Project, versions: Iterable[str], branch: str | None
) -> tuple[str, ...] | None:
    """Return the names of the gates for a release of these versions, None for all gates."""
    names: set[str] = set()
    for number in map(parse, versions):
        wanted = _of_level(project, number, branch)
        if wanted is None:
            return None
        names.update(wanted)
    return tuple(gate.name for gate in gates(project) if gate.name in names)


def fix_of(gate: Gate) -> Fix | None:
    """Return the command that corrects what a gate finds, None where there is none.

    A gate that installs its tools has them in an environment of its own.
    """
    if len(gate.commands) != 1 or gate.installs:
        return None
    return fixes.of(gate.commands[0])


def is_hotfix(number: Version, branch: str | None) -> bool:
    """Tell whether a version is a hotfix: a patch from a branch called `hotfix...`."""
    return (
        number.patch > 0 and branch is not None and branch.startswith("hotfix")
    )


def _of_level(
    project: Project, number: Version, branch: str | None
) -> tuple[str, ...] | None:
    """Return the gates that the settings list for the level of a version, None for all."""
    table = project.settings.gates
    if table.hotfix is not None and is_hotfix(number, branch):
        return table.hotfix
    if number.patch:
        return table.patch
    if number.minor:
        return table.minor
    return table.major


def _listed(project: Project) -> Iterator[Gate]:
    """Yield the commands of `run`, each with a name made of its words."""
    names: list[str] = []
    for command in project.settings.gates.run:
        name = re.sub(r"[^\w.]+", "-", command).strip("-.")
        is_repeated = name in names
        names.append(name)
        if is_repeated:
            name = f"{name}-{len(names)}"
        yield Gate(name, (words(command),), project.root)


def _rust(project: Project) -> Iterator[Gate]:
    if not project.has_cargo:
        return
    locked = ("--locked",) if project.is_locked else ()
    commands = {
        "rustfmt": ("cargo", "fmt", "--all", "--check"),
        "clippy": (
            "cargo",
            "clippy",
            *locked,
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ),
        "test": ("cargo", "test", *locked, "--quiet"),
        "doc": ("cargo", "doc", *locked, "--no-deps", "--quiet"),
    }
    for name, argv in commands.items():
        asked = asked_gates.is_asked(project, name)
        yield Gate(name, (argv,), project.cargo_root, is_asked=asked)


def _charts(project: Project) -> Iterator[Gate]:
    """Yield `helm lint` and `helm template`: with each file of values that a chart is tested with.

    A library cannot be rendered by design.
    """
    for verb in ("lint", "template"):
        commands: list[tuple[str, ...]] = []
        for chart in resolved_or_empty(charts.charts(project)):
            if verb == "lint" or not chart.is_library:
                commands += _helm_commands(project, verb, chart)
        if commands:
            yield Gate(f"helm-{verb}", tuple(commands), project.root)


def _helm_commands(
    project: Project, verb: str, chart: Chart
) -> Iterator[tuple[str, ...]]:
    folder = f"{{copy}}/{chart.folder.relative_to(project.root).as_posix()}"
    if not chart.values:
        yield ("helm", verb, folder)
    for values in chart.values:
        yield ("helm", verb, f"--values={{copy}}/{values}", folder)


def words(command: str, table: str = "gates") -> tuple[str, ...]:
    """Return the words of a command of a table; raise `ReleaseError` if it is not one."""
    try:
        found = tuple(shlex.split(command))
    except ValueError as error:
        raise ReleaseError(
            f"{FILE}: [{table}]: {command} is not a valid command: {error}",
            "fix its quotes",
        ) from error
    if not found:
        raise ReleaseError(
            f"{FILE}: [{table}]: a command is empty",
            "write a command, or false for no gate",
        )
    return found


def _check_exists(name: str, found: Iterable[str]) -> None:
    if name not in found:
        available = ", ".join(found) or "none"
        raise ReleaseError(
            f"{FILE}: [gates]: there is no gate {name}",
            f"available: {available}",
        )

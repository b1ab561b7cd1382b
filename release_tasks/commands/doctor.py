"""What this machine lacks for the release of this project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import order, terminal
from release_tasks.commands import command
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoizing

if TYPE_CHECKING:
    from release_tasks.checks.check import Finding
    from release_tasks.checks.preflight.machine import Machine
    from release_tasks.project.model import Project


@command
def doctor(c: Context, install: bool = False, all: bool = False, json: bool = False) -> None:
    """Name what this machine lacks, and install programs."""
    from release_tasks.checks.preflight.machine import Machine

    with memoizing():
        _look(c, install, Machine(order.of(c), _project()), all, json)


def _look(c: Context, install: bool, here: Machine, is_everything: bool, as_json: bool) -> None:
    from release_tasks.checks import report
    from release_tasks.checks.preflight.all import lacks
    from release_tasks.checks.preflight.programs import needed
    from release_tasks.tools import programs

    wants = needed(here.order, None if is_everything else here.project)
    versions = _versions(wants)
    missing = [name for name, there in versions.items() if there is None]
    if install and missing:
        if any(programs.PROGRAMS[name].apt for name in missing):
            programs.update_lists(c)
        for name in missing:
            try:
                programs.install(c, programs.PROGRAMS[name])
            except ReleaseError as error:
                terminal.say(str(error.message))
        versions = _versions(wants)
    found = lacks(here)
    _show(wants, versions, found, as_json)
    report.print_findings(found)
    if None in versions.values():
        raise Exit(code=1)


def _project() -> Project | None:
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    try:
        return discover(git.top(Path.cwd()))
    except ReleaseError as error:
        terminal.say(f"every program is looked for: {error.problem}")
        return None


def _versions(wants: dict[str, tuple[str, ...]]) -> dict[str, str | None]:
    from release_tasks.http import get_many
    from release_tasks.tools.programs import PROGRAMS, version

    return dict(zip(wants, get_many(lambda name: version(PROGRAMS[name]), wants), strict=True))


def _show(
    wants: dict[str, tuple[str, ...]],
    versions: dict[str, str | None],
    found: list[Finding],
    as_json: bool,
) -> None:
    from release_tasks.commands.status import table
    from release_tasks.tools.programs import PROGRAMS, command

    if as_json:
        rows = [
            {
                "name": n,
                "version": versions[n],
                "needed_by": list(steps),
                "install": command(PROGRAMS[n]),
            }
            for n, steps in wants.items()
        ]
        print(json.dumps({"programs": rows, "findings": [one.data() for one in found]}, indent=2))
        return
    table(
        [
            ("program", "version", "needed by"),
            *(
                (n, versions[n] or "missing", ", ".join(s) or "every step")
                for n, s in wants.items()
            ),
        ]
    )
    told = {one.problem.split()[0] for one in found}
    for name, there in versions.items():
        if there is None and name not in told:
            print(f"{name} is missing: {command(PROGRAMS[name])}")

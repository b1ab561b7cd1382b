"""What this machine lacks for the release of this project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import order, shell
from release_tasks.commands import command
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.findings.programs import lacking, needed

if TYPE_CHECKING:
    from release_tasks.project.model import Project


@command
def doctor(c: Context, install: bool = False, all: bool = False, json: bool = False) -> None:
    """Name the programs that are missing, and install them."""
    from release_tasks.tools import programs

    project = _project()
    wants = needed(order.of(c), None if all else project)
    versions = _versions(wants)
    missing = [name for name, there in versions.items() if there is None]
    if install and missing:
        if any(programs.PROGRAMS[name].apt for name in missing):
            programs.update_lists(c)
        for name in missing:
            try:
                programs.install(c, programs.PROGRAMS[name])
            except ReleaseError as error:
                shell.say(str(error.message))
        versions = _versions(wants)
    _show(wants, versions, json)
    raise_all(lacking(project) if project else ())
    if None in versions.values():
        raise Exit(code=1)


def _project() -> Project | None:
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    try:
        return discover(git.top(Path.cwd()))
    except ReleaseError as error:
        shell.say(f"every program is looked for: {error.problem}")
        return None


def _versions(wants: dict[str, tuple[str, ...]]) -> dict[str, str | None]:
    from release_tasks.http import get_many
    from release_tasks.tools.programs import PROGRAMS, version

    return dict(zip(wants, get_many(lambda name: version(PROGRAMS[name]), wants), strict=True))


def _show(wants: dict[str, tuple[str, ...]], versions: dict[str, str | None], as_json: bool) -> None:
    from release_tasks.commands.status import table
    from release_tasks.tools.programs import PROGRAMS, command

    if as_json:
        rows = [
            {"name": n, "version": versions[n], "needed_by": list(steps), "install": command(PROGRAMS[n])}
            for n, steps in wants.items()
        ]
        print(json.dumps({"programs": rows}, indent=2))
        return
    table([("program", "version", "needed by"), *((n, versions[n] or "missing", ", ".join(s) or "every step") for n, s in wants.items())])
    for name, there in versions.items():
        if there is None:
            print(f"{name} is missing: {command(PROGRAMS[name])}")

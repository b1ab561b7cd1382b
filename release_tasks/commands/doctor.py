"""What this machine is missing for the release of this project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import order, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.checks.check import Finding
    from release_tasks.project.model import Project
    from release_tasks.tools.programs import Program

AT_ONCE = 3  # programs that are compiled side by side
MINUTES_EACH = 3  # of a program that is compiled, measured on two cores

# of each program; None when it is not installed
Versions = dict[str, str | None]


@command
def doctor(
    c: Context,
    install: bool = False,
    all: bool = False,
    json: bool = False,
    ci: bool = False,
) -> None:
    """Check this machine for missing tools, and install them."""
    if ci:
        _show_repository(json)
        return
    from release_tasks.checks import report
    from release_tasks.checks.preflight.all import check_machine
    from release_tasks.checks.preflight.machine import MachineContext
    from release_tasks.checks.preflight.programs import needed

    project = _project()
    steps_of = needed(order.of(c), None if all else project)
    versions = _versions(steps_of)
    missing = _missing(versions)
    if install and missing:
        _install(c, missing)
        versions = _versions(steps_of)
    found = check_machine(MachineContext(order.of(c), project))
    if json:
        _print_json(steps_of, versions, found)
    else:
        _print_table(steps_of, versions, found)
    report.print_findings(found)
    if _missing(versions):
        raise Exit(code=1)


def _show_repository(json: bool) -> None:
    """Print what the repository on GitHub has for its workflow."""
    from dataclasses import asdict

    from release_tasks.pipelines import repository
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    found = list(repository.facts(discover(git.top(Path.cwd()))))
    if json:
        terminal.print_json({"repository": [asdict(fact) for fact in found]})
    else:
        for fact in found:
            lines = f"{fact.subject}: {fact.state}"
            if fact.fix:
                lines += f"\n  help: {fact.fix}"
            terminal.show(lines)
    if any(fact.is_wrong for fact in found):
        raise Exit(code=1)


def _project() -> Project | None:
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    try:
        return discover(git.top(Path.cwd()))
    except ReleaseError as error:
        terminal.say(f"checking for every program: {error.problem}")
        return None


def _versions(names: Iterable[str]) -> Versions:
    from release_tasks.http import get_many
    from release_tasks.tools.programs import PROGRAMS, version

    found = get_many(lambda name: version(PROGRAMS[name]), names)
    return dict(zip(names, found, strict=True))


def _missing(versions: Versions) -> list[str]:
    return [name for name, version in versions.items() if version is None]


def _install(c: Context, names: Iterable[str]) -> None:
    """Install programs: those of apt one after the other, those to compile side by side."""
    from release_tasks.http import get_many
    from release_tasks.tools import go, programs

    wanted = [programs.PROGRAMS[name] for name in names]
    packaged = [program for program in wanted if not program.module]
    compiled = [program for program in wanted if program.module]
    _say_how_long(packaged, compiled)
    if not shell.is_dry(c):
        terminal.keep_logs_in(programs.cache().with_name("logs"))

    def install(program: programs.Program) -> None:
        try:
            with terminal.running(program.name):
                programs.install(c, program)
                terminal.say(f"installed {program.name}")
        except ReleaseError as error:  # the others are installed all the same
            terminal.show_error(error)

    if any(program.apt for program in packaged):
        programs.update_lists(c)
    for program in packaged:
        install(program)
    if any(not programs.is_compiled(program) for program in compiled):
        terminal.activity("looking for a Go compiler")
        if not shell.is_dry(c):
            go.compiler(programs.cache())  # once, for all of them
    get_many(install, compiled, AT_ONCE)


def _say_how_long(packaged: list[Program], compiled: list[Program]) -> None:
    """Print what will be installed, and about how many minutes it will take."""
    from release_tasks.tools import programs

    if packaged:
        names = ", ".join(program.name for program in packaged)
        terminal.say(f"installing {names}")
    kept = [one.name for one in compiled if programs.is_compiled(one)]
    if kept:
        terminal.say(f"installing {', '.join(kept)}, compiled before")
    new = [one.name for one in compiled if not programs.is_compiled(one)]
    if new:
        minutes = len(new) * MINUTES_EACH
        terminal.say(
            f"compiling {', '.join(new)} from source, about {minutes} minutes "
            "on two cores"
        )


def _print_json(
    steps_of: Mapping[str, tuple[str, ...]],
    versions: Versions,
    found: list[Finding],
) -> None:
    from release_tasks.tools.programs import PROGRAMS, command

    rows = []
    for name, steps in steps_of.items():
        install = command(PROGRAMS[name])
        rows.append(
            {
                "name": name,
                "version": versions[name],
                "needed_by": list(steps),
                "install": install,
            }
        )
    terminal.print_json(
        {"programs": rows, "findings": [finding.data() for finding in found]}
    )


def _print_table(
    steps_of: Mapping[str, tuple[str, ...]],
    versions: Versions,
    found: list[Finding],
) -> None:
    from release_tasks.commands.table import print_table
    from release_tasks.tools.programs import PROGRAMS, command

    rows = []
    for name, steps in steps_of.items():
        rows.append(
            (
                name,
                versions[name] or "missing",
                ", ".join(steps) or "every step",
            )
        )
    print_table(("program", "version", "needed by"), rows)
    in_findings = {finding.fact.split()[0] for finding in found}
    for name in _missing(versions):
        if name not in in_findings:
            terminal.show(f"{name} is missing: {command(PROGRAMS[name])}")

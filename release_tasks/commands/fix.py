"""Correct what formatters and lints find, commit it, and move a pushed tag to that commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.tasks import command

if TYPE_CHECKING:
    from pathlib import Path

    from release_tasks.project.model import Gate, Project
    from release_tasks.release import Release
    from release_tasks.tools.fixes import Fix


@command
def fix(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Fix formatting and lints, commit, and move the tag."""
    from release_tasks.checks.check import CheckContext, problems
    from release_tasks.checks.preflight import repository
    from release_tasks.commands import retag
    from release_tasks.errors import raise_problems
    from release_tasks.release import Release

    old = Release.at(c, version, component)
    new = Release.at_head(c, old.request, None)
    raise_problems(problems(CheckContext(c, new), repository))
    is_pushed = _is_pushed(old)
    if is_pushed:
        retag.refuse_public(old)
    found = list(_fixable(new.project))
    if not found:
        terminal.say(
            "nothing to do, no command corrects what a gate of the project finds"
        )
        return
    formats = [fixed.argv for _, fixed in found if fixed.is_format]
    for gate, fixed in found:
        commands = [fixed.argv]
        if fixed.argv not in formats:
            commands += formats  # what a lint writes is not formatted
        _correct(c, new.checkout, gate, commands, fixed.message)
    if is_pushed:
        retag.retag.body(c, old.request, None)


def _fixable(project: Project) -> Iterator[tuple[Gate, Fix]]:
    """Yield each gate that the project asks for and that a command corrects, formatters first."""
    from release_tasks.project.gates import fix_of, gates

    found = []
    for gate in gates(project):
        fixed = fix_of(gate)
        if gate.is_asked and fixed is not None:
            found.append((gate, fixed))
    yield from sorted(found, key=lambda pair: not pair[1].is_format)


def _correct(
    c: Context,
    checkout: Path,
    gate: Gate,
    commands: list[tuple[str, ...]],
    message: str,
) -> None:
    """Run commands, commit what they changed, and run the gate, which has to pass then."""
    from release_tasks.tools import git

    before = set(git.changed(checkout))
    for argv in commands:
        shell.do(c, argv, cwd=gate.folder)
    changed = [path for path in git.changed(checkout) if path not in before]
    if changed:
        git.commit(c, checkout, changed, message)
        terminal.say(f"committed {message}")
    elif not shell.is_dry(c):
        terminal.say(f"{gate.name} has nothing to correct")
    shell.do(c, gate.commands[0], cwd=gate.folder)


def _is_pushed(release: Release) -> bool:
    """Tell whether origin has a tag of the release, which a new commit does not move."""
    from release_tasks.tools.git import origin

    if origin.url(release.checkout) is None:
        return False
    tags = [part.tag for part in release.parts]
    return any(origin.tag(release.checkout, tag) for tag in tags)

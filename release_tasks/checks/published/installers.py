"""Run the project's own installers as a new user does: in an empty folder, with an empty home."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.channels import github
from release_tasks.checks.smoke import empty_home
from release_tasks.checks.smoke.program import check_version_output, reason
from release_tasks.errors import Problem
from release_tasks.project.artifacts import PointerState
from release_tasks.project.installers import words_of
from release_tasks.project.model import Component, resolved_or_empty
from release_tasks.release import ComponentRelease, Release


def verify(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each line of `[verify] run` that fails, or that installs another version.

    The version counts where the line names it, and where this release is GitHub's "Latest".
    """
    lines = release.project.settings.verify.run
    part = _installed(release)
    if part is None:
        if lines:
            terminal.say(
                f"the installers were not run: they are not of {release.title}"
            )
        return
    for line in lines:
        yield from _verify(c, release, part, line)


def announce(release: Release) -> None:
    """Print which lines would run."""
    for line in release.project.settings.verify.run:
        terminal.say(f"would run {line} in an empty folder")


def _installed(release: Release) -> ComponentRelease | None:
    """Return the part whose installers the settings name: the one that owns "Latest"."""
    if len(release.project.components) == 1:
        return release.parts[0]
    owners = [part for part in release.parts if part.component.latest]
    return owners[0] if owners else None


def _verify(
    c: Context, release: Release, part: ComponentRelease, line: str
) -> Iterator[Problem]:
    with files.scratch("installer") as folder:
        home, empty = folder / "home", folder / "empty"
        home.mkdir()
        empty.mkdir()
        argv = _argv(release, part, line, folder / "scripts")
        try:
            shell.do(c, argv, cwd=empty, env=empty_home.environment(home))
        except shell.Failed as error:
            yield Problem(
                f"`{line}` fails in an empty folder: {reason(error.output)}",
                "fix it, or what it downloads; then inv verify "
                f"--version {release.request}",
            )
            return
        terminal.say(f"`{line}` installs in an empty folder")
        names_version = "{version}" in line or "{tag}" in line
        if not names_version and not _is_latest(release, part):
            terminal.say(
                f"{part.tag} is not GitHub's Latest, so the installed version "
                "was not compared"
            )
            return
        for program in _programs(part.component, folder, home, empty):
            label = f"{program.name} of `{line}`"
            env = shell.environment(
                empty_home.environment(home), argv=[str(program)]
            )
            yield from check_version_output([program], part.version, label, env)


def _argv(
    release: Release, part: ComponentRelease, line: str, folder: Path
) -> list[str]:
    """Return the words of a line, with a copy of each file of the project, alone in a folder.

    So it sees what it has where somebody has downloaded it: nothing else of the project.
    """
    argv: list[str] = []
    for word in words_of(line):
        path = posixpath.normpath(word)
        if path in release.project.files:
            copy = folder / str(len(argv)) / posixpath.basename(path)
            files.copy(files.inside(release.source_tree, path), copy)
            argv.append(str(copy))
        else:
            filled = word.format(
                version=part.version, tag=part.tag, root=release.source_tree
            )
            argv.append(filled)
    return argv


def _is_latest(release: Release, part: ComponentRelease) -> bool:
    return any(
        pointer.place is PointerState.SAME and pointer.target == part.tag
        for pointer in github.pointers(release)
    )


def _programs(
    component: Component, folder: Path, *below: Path
) -> Iterator[Path]:
    """Yield what the project's programs are called and lies below some folders, once each."""
    names = {binary.name for binary in resolved_or_empty(component.binaries)}
    for crate in resolved_or_empty(component.crates):
        names.update(crate.binaries)
    seen = set()
    for place in below:
        for root, _, found in os.walk(place):
            for name in sorted(found):
                path = Path(root, name)
                is_program = name.removesuffix(".exe") in names
                if is_program and os.access(path, os.X_OK):
                    real = path.resolve()
                    if real not in seen and files.is_below(real, folder):
                        seen.add(real)
                        yield path

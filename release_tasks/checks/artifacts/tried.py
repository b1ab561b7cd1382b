"""Try what was built, before it is public: wheels are installed, and programs started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, terminal
from release_tasks.checks import check
from release_tasks.checks.artifacts import binaries
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.smoke import package
from release_tasks.errors import Problem
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release
from release_tasks.shell import Failed
from release_tasks.tools import pip
from release_tasks.versions.numbers import pep440

# what pip prints about a file (its `requires-python`)
OTHER_PYTHON = r"requires a different Python:"


def problems(c: Context, release: Release, python: Path) -> list[Problem]:
    """Return what is wrong with the wheels and programs in dist/ that run on this machine.

    `python` is what the environments are made from. What is for other machines is only shown.
    """
    found: list[Problem] = []
    for part in release.parts:
        wheels = dist.of_kind(part, FileKind.WHEEL)
        for name in dict.fromkeys(row.package for row in wheels):
            rows = [row for row in wheels if row.package == name]
            found += _wheel(c, release, part, python, rows)
    programs = Contents(c, release, kinds=(FileKind.BINARY,))
    return found + check.problems(programs, binaries)


def _wheel(
    c: Context,
    release: Release,
    part: ComponentRelease,
    python: Path,
    rows: Sequence[dist.Built],
) -> Iterator[Problem]:
    """Install the wheel of a package that fits best, and import what it has."""
    name = rows[0].package
    with files.scratch("python") as folder:
        own = pip.create_environment(c, folder / "env", python)
        file = _best([row.file for row in rows], pip.tags(own))
        if file is None:
            terminal.say(
                f"no wheel of {name} fits {python} here, so none was installed"
            )
            return
        label = Path(file).name
        fix = f"rm {word(part.dist / file)}, then inv build-wheels"
        beside = [other.dist.as_uri() for other in release.parts]
        env = {"PIP_FIND_LINKS": " ".join(beside)}
        option = f"--only-binary={name}"
        try:
            pip.install(c, own, part.dist / file, option, env)
        except Failed as error:
            yield from package.not_installed(error, OTHER_PYTHON, label, fix)
            return
        yield from package.look(own, name, pep440(part.version), label, fix)


def _best(names: Sequence[str], tags: Sequence[str]) -> str | None:
    """Return the wheel that pip would choose: the one with the first of the tags."""
    from packaging.utils import parse_wheel_filename

    ranks = {tag: rank for rank, tag in enumerate(tags)}
    found: list[tuple[int, str]] = []
    for file in names:
        own = parse_wheel_filename(Path(file).name)[3]
        fitting = [ranks[str(tag)] for tag in own if str(tag) in ranks]
        if fitting:
            found.append((min(fitting), file))
    return min(found)[1] if found else None

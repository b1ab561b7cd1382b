"""The build jobs of a release, and how many wheels each package has and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.errors import counted
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.tasks import command
from release_tasks.tools import ci

if TYPE_CHECKING:
    from release_tasks.release import Release

NEWEST = 14  # CPython 3.14 is of October 2025 (PEP 745)


@command
def matrix(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    github_output: bool = False,
) -> None:
    """Print the build jobs as JSON, for a CI matrix."""
    from release_tasks.building.jobs import (
        image_jobs,
        jobs,
        test_jobs,
        verify_jobs,
    )
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    options = ""
    if version:  # a level would mean another version once the tag exists
        options += f" --version {word(release.request)}"
    elif component:
        options += f" --component {word(component)}"
    data = {
        "version": release.request,
        "tags": [part.tag for part in release.parts],
        "jobs": list(jobs(release, options)),
        "images": list(image_jobs(release, options)),
        "tests": list(test_jobs(release)),
        "systems": list(verify_jobs(release)),
        "wheels": list(_wheels(release)),
    }
    if github_output:
        ci.output("version", release.request)
        ci.output("tag", release.parts[0].tag)
        for name in ("jobs", "images", "tests", "systems"):
            ci.output_json(name, data[name])
        names = [part.component.name for part in release.parts]
        ci.output("component", ",".join(names))
        ci.output_json("matrix", data)
    # one line: $GITHUB_OUTPUT takes no more
    terminal.print_json(data, indent=None)


def _wheels(release: Release) -> Iterator[dict[str, Any]]:
    """Yield for each package how many wheels it has, and why so many."""
    from release_tasks.channels import pypi_files
    from release_tasks.project.python_packages import built

    files = [file for _, file in pypi_files.shipped(release)]
    packages = dict.fromkeys(file.package for file in files)
    for package in packages:
        wheels = [
            file
            for file in files
            if file.package == package and file.kind == FileKind.WHEEL
        ]
        count = len(wheels)
        minor = built(release.project, package).least
        yield {
            "package": package.name,
            "count": count,
            "why": _reason(count, minor, package.pythons),
        }


def _reason(count: int, minor: int | None, pythons: tuple[str, ...]) -> str:
    """Return why a package has `count` wheels.

    `minor` is the oldest Python 3 of its stable ABI, 0 when its wheels fit every Python, and None
    when each wheel is for one of `pythons`.
    """
    wheels = counted(count, "wheel")
    if minor:
        versions = NEWEST + 1 - minor
        each = f"one for each Python from 3.{minor} to 3.{NEWEST}"
        return f"abi3: {wheels} instead of {count * versions}, {each}"
    if minor == 0:
        return f"{wheels} for every Python"
    if not pythons:
        return f"{wheels}, {count} for the Python of the build machine"
    names = ", ".join(pythons)
    if len(pythons) == 1:
        return f"{wheels}, {count} for Python {names}"
    return f"{wheels}, {count // len(pythons)} for each of Python {names}"

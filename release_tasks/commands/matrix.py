"""The jobs of a CI matrix, and how many wheels there are for which reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks.commands import command
from release_tasks.project.kinds import FileKind

if TYPE_CHECKING:
    from release_tasks.release import Release

NEWEST = 14  # CPython 3.14 is of October 2025 (PEP 745)


@command
def matrix(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Print who builds what as JSON, for the matrix of a CI."""
    from release_tasks.building.jobs import jobs
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    words = "".join(
        f" --{name} {value}"
        for name, value in (("version", version), ("component", component))
        if value
    )
    print(json.dumps({"jobs": [*jobs(release, words)], "wheels": [*_wheels(release)]}))


def _wheels(release: Release) -> Iterator[dict[str, Any]]:
    """Yield for each package how many wheels it has, and why so many."""
    from release_tasks.channels import pypi_files
    from release_tasks.project.python_packages import built

    slots = [slot for _, slot in pypi_files.shipped(release)]
    for package in dict.fromkeys(slot.package for slot in slots):
        count = sum(slot.package == package and slot.kind == FileKind.WHEEL for slot in slots)
        yield {
            "package": package.name,
            "count": count,
            "why": _why(count, built(release.project, package).least, package.pythons),
        }


def _why(count: int, least: int | None, pythons: tuple[str, ...]) -> str:
    several = f"{count} wheel{'s' if count > 1 else ''}"
    if least:
        return f"abi3: {several} instead of {count * (NEWEST + 1 - least)}, one for each Python from 3.{least} to 3.{NEWEST}"
    if least == 0:
        return f"{several} for every Python"
    return f"{several}, {count // (len(pythons) or 1)} for {'each of ' if pythons[1:] else ''}Python {', '.join(pythons) or 'of the machine that builds'}"

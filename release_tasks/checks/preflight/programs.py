"""Which programs the steps of an order need for what a project ships."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from release_tasks.checks.check import Looked, also_after_tag, problem
from release_tasks.errors import ReleaseError
from release_tasks.shell import found

if TYPE_CHECKING:
    from release_tasks.project.model import Project

BUILDER = ("buildkitd", "runc")
Order = Any  # tuples of steps; its own file is above this one


def needed(order: Order, project: Project | None) -> dict[str, tuple[str, ...]]:
    """Return each program and the steps that need it; without a project, for any that there could be.

    A step's file says so itself: `NEEDS` maps a program to the kind of thing it is needed for.
    """
    wants: dict[str, list[str]] = {"git": []}
    for stage in order:
        for step in stage:
            needs: dict[str, str] = getattr(sys.modules[step.body.__module__], "NEEDS", {})
            for program, kind in needs.items():
                if project is None or ships(project, kind):
                    wants.setdefault(program, []).append(step.name.replace("_", "-"))
    if _lacks_builder(project):
        wants |= {program: ["docker-buildx"] for program in BUILDER}
    return {program: tuple(dict.fromkeys(steps)) for program, steps in wants.items()}


@also_after_tag
def missing_program(case: Looked) -> list[ReleaseError]:
    """Return one error for each program that a step or the settings need and that is not installed."""
    from release_tasks.tools.programs import PROGRAMS, command, is_installed

    ours = [
        ReleaseError(
            f"{name} is not installed, and {', '.join(steps)} need{'' if steps[1:] else 's'} it",
            command(PROGRAMS[name]),
        )
        for name, steps in needed(case.order, case.project).items()
        if not is_installed(PROGRAMS[name])
    ]
    return ours + (_lacking(case.project, case.is_tagged) if case.project else [])


@problem
def image_test_without_daemon(case: Looked) -> Iterator[ReleaseError]:
    """Yield each image whose own test needs a docker daemon, where none answers."""
    from release_tasks.building.image_checks import untestable
    from release_tasks.project.model import resolved_or_empty

    images = (
        image
        for one in (case.project.components if case.project else ())
        for image in resolved_or_empty(one.images)
    )
    yield from filter(None, map(untestable, images))


def _lacking(project: Project, is_tagged: bool) -> list[ReleaseError]:
    """Return one error for each program that the settings name and that is not installed; no gate runs once the tag exists."""
    from release_tasks.project.gates import defaults, gates

    usual = defaults(project)
    said = () if is_tagged else (one for one in gates(project) if one not in usual)
    wanted = {one.commands[0][0]: "[gates]" for one in said} | dict.fromkeys(
        project.settings.build.needs, "[build]"
    )
    for reference, image in project.settings.images.items():
        wanted |= {
            shlex.split(line)[0]: f"[images.{reference}]"
            for line in (image.scan, image.test)
            if line
        }
    return [
        ReleaseError(f"{name} is not installed, and {table} needs it", f"install {name}")
        for name, table in wanted.items()
        if "/" not in name and found(name) is None
    ]


def _lacks_builder(project: Project | None) -> bool:
    """Tell whether docker has no builder for the project's images, so that one of our own is started."""
    from release_tasks.tools.docker import buildkit
    from release_tasks.tools.programs import PROGRAMS, is_installed

    if project is None:
        return True
    return (
        ships(project, "images") and is_installed(PROGRAMS["buildx"]) and not buildkit.is_usable()
    )


def ships(project: Project, kind: str) -> bool:
    """Tell whether a project has something of a kind, or a question about it."""
    if kind == "github":
        return project.repository is not None
    if kind == "rust":  # discovery, gates and maturin call cargo, too
        return project.manifest is not None
    return any(
        isinstance(f := getattr(one, kind), ReleaseError) or bool(f) for one in project.components
    )

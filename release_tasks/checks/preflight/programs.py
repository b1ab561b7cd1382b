"""Which programs the steps of an order need for what a project ships."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from release_tasks.checks.check import Subject, also_after_tag, problem
from release_tasks.errors import Problem, ReleaseError
from release_tasks.project.installers import words_of
from release_tasks.shell import found

if TYPE_CHECKING:
    from release_tasks.project.model import Project

BUILDER = ("buildkitd", "runc")
# tuples of steps; order.py imports the steps, and those import checks
Order = Any


def needed(order: Order, project: Project | None) -> dict[str, tuple[str, ...]]:
    """Return each program and the names of the steps that need it; without a project, all.

    A step's file has the programs it needs: `NEEDS` maps a program to a kind of what is shipped.
    """
    wanted: dict[str, list[str]] = {"git": []}
    for stage in order:
        for step in stage:
            needs: dict[str, str] = getattr(
                sys.modules[step.body.__module__], "NEEDS", {}
            )
            for program, kind in needs.items():
                if project is None or ships(project, kind):
                    wanted.setdefault(program, []).append(
                        step.name.replace("_", "-")
                    )
    if _needs_own_builder(project):
        wanted |= {program: ["docker-buildx"] for program in BUILDER}
    return {
        program: tuple(dict.fromkeys(steps))
        for program, steps in wanted.items()
    }


def ships(project: Project, kind: str) -> bool:
    """Tell whether a project has something of a kind, or could have it (it is ambiguous)."""
    if kind == "github":
        return project.repository is not None
    if kind == "rust":  # discovery, gates and maturin run cargo as well
        return project.has_cargo
    shipped = [getattr(component, kind) for component in project.components]
    return any(isinstance(things, ReleaseError) or things for things in shipped)


@also_after_tag
def missing_program(subject: Subject) -> Iterator[Problem]:
    """Find each program that a step or the settings need and that is not installed."""
    from release_tasks.tools.programs import PROGRAMS, command, is_installed

    for name, steps in needed(subject.order, subject.project).items():
        if not is_installed(PROGRAMS[name]):
            need = "needs"
            if len(steps) > 1:
                need = "need"
            fact = f"{name} is not installed, and {', '.join(steps)} {need} it"
            yield Problem(fact, command(PROGRAMS[name]))
    if subject.project:
        for name, table in _named_in_settings(
            subject.project, subject.is_tagged
        ).items():
            if "/" not in name and found(name) is None:
                fact = f"{name} is not installed, and {table} needs it"
                yield Problem(fact, f"install {name}")


@problem
def image_test_without_daemon(subject: Subject) -> Iterator[Problem]:
    """Find each image whose own test needs a docker daemon, where none answers."""
    from release_tasks.building.image_checks import untestable
    from release_tasks.project.model import resolved_or_empty

    if subject.project is None:
        return
    for component in subject.project.components:
        for image in resolved_or_empty(component.images):
            error = untestable(image)
            if error:
                yield from error.problems


def _named_in_settings(project: Project, is_tagged: bool) -> dict[str, str]:
    """Return each program that the settings name, with the table that names it.

    Once the tag exists, gates run only as long as nothing is public: each names what is missing.
    """
    from release_tasks.project.gates import defaults, gates

    wanted: dict[str, str] = {}
    if not is_tagged:
        usual = defaults(project)
        for gate in gates(project):
            if gate not in usual:
                wanted[gate.commands[0][0]] = "[gates]"
    wanted |= dict.fromkeys(project.settings.build.needs, "[build]")
    for reference, image in project.settings.images.items():
        for line in filter(None, (image.scan, image.test)):
            wanted[shlex.split(line)[0]] = f"[images.{reference}]"
    for line in project.settings.verify.run:
        program = words_of(line)[0]
        if "/" not in program:
            wanted[program] = "[verify]"
    return wanted


def _needs_own_builder(project: Project | None) -> bool:
    """Tell whether docker has no builder for the project's images, so that we start our own."""
    from release_tasks.tools.docker import buildkit
    from release_tasks.tools.programs import PROGRAMS, is_installed

    if project is None:
        return True
    if not ships(project, "images") or not is_installed(PROGRAMS["buildx"]):
        return False
    return not buildkit.is_usable()

"""The targets of the settings, before anything is built for them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from release_tasks import shell
from release_tasks.checks.check import CheckContext, Subject, problem, warning
from release_tasks.display import amount
from release_tasks.errors import Problem, problems_of
from release_tasks.formats import text_files, wheels
from release_tasks.project import settings_errors
from release_tasks.project.model import (
    Binary,
    Component,
    Project,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE
from release_tasks.tools import rustc


@problem
def unknown_target(subject: Subject) -> Iterator[Problem]:
    """Find each target of [binaries] that rustc does not know."""
    project = subject.project
    if project is None or not shell.found("rustc"):
        return
    targets = {
        binary.target: binary.name for binary in _binaries(_components(subject))
    }
    if not targets:
        return
    known = rustc.targets(project.cargo_root)
    text = text_files.peek(project.root, FILE)
    for target, name in targets.items():
        if target in known:
            continue
        fix = "choose one of `rustc --print target-list`"
        if near := difflib.get_close_matches(target, known, 1):
            fix = f"did you mean {near[0]}?"
        line = settings_errors.line_of(text, ["binaries", name, target])
        fact = f"{target} is not a target of rustc"
        yield Problem(fact, fix, FILE, line)


@warning
def unbuildable_target(subject: Subject) -> Iterator[Problem]:
    """Find each target of the settings for which this machine has no compiler or linker.

    It is no problem: another machine may build it, and `inv collect` brings its files here.
    """
    from release_tasks.building.targets import oldest_glibc, unlinkable

    project = subject.project
    if project is None or not shell.found("rustc"):
        return
    if isinstance(subject, CheckContext) and _is_built_by_jobs(project):
        return
    components = _components(subject)
    binaries = _binaries(components)
    wheel_targets = _wheel_targets(components)
    if not (binaries or wheel_targets):
        return
    root = project.cargo_root
    promised = oldest_glibc(components, project.settings.build.glibc)
    known = rustc.targets(root)  # unknown_target names the others
    targets = [binary.target for binary in binaries if binary.target in known]
    environments, errors = rustc.possible(
        root, targets, "inv build-binaries", promised
    )
    yield from problems_of(errors.values())
    _, errors = rustc.possible(
        root, wheel_targets, "inv build-wheels", promised
    )
    yield from problems_of(errors.values())
    yield from problems_of(unlinkable(root, binaries, environments))


def _is_built_by_jobs(project: Project) -> bool:
    """Tell whether CI builds each target on a machine of its own.

    A rehearsal does everything on one machine.
    """
    if amount.is_ci():
        return True
    return (
        project.settings.ci.publishes == "actions" and not amount.is_rehearsal()
    )


def _components(subject: Subject) -> Sequence[Component]:
    """Return what is released, or every component where only the machine is looked at."""
    if isinstance(subject, CheckContext):
        return [part.component for part in subject.release.parts]
    if subject.project is None:
        return []
    return subject.project.components


def _binaries(components: Iterable[Component]) -> list[Binary]:
    found: list[Binary] = []
    for component in components:
        found += resolved_or_empty(component.binaries)
    return found


def _wheel_targets(components: Iterable[Component]) -> list[str]:
    """Return the Rust targets of the platform tags in the settings."""
    found: list[str] = []
    for component in components:
        for package in resolved_or_empty(component.python):
            if package.maturin:
                found += map(wheels.target_of, package.wheels)
    return found

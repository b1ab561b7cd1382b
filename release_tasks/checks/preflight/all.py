"""All checks of a release or a machine; none hides another."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from release_tasks.checks.check import (
    SEVERITIES,
    Check,
    CheckContext,
    Finding,
    checks_of,
    problem,
    run,
)
from release_tasks.checks.preflight import (
    advisories,
    build_backends,
    bundles,
    containers,
    crates,
    dependencies,
    gates,
    github_gates,
    image_binaries,
    licenses,
    links,
    machine,
    packing,
    programs,
    python,
    registries,
    repository,
    settings,
    targets,
    versions,
    workflows,
)
from release_tasks.errors import Problem
from release_tasks.memo import memoizing

AREAS = (
    programs,
    settings,
    repository,
    versions,
    workflows,
    crates,
    packing,
    dependencies,
    advisories,
    licenses,
    links,
    python,
    build_backends,
    containers,
    registries,
    targets,
    image_binaries,
    bundles,
    github_gates,
)


def checks() -> tuple[Check, ...]:
    """Return every check of a release and of the machine, area by area, the gates last."""
    return (unknown_check, *checks_of(AREAS), *checks_of((machine, gates)))


def check_release(context: CheckContext, fast: bool = False) -> list[Finding]:
    """Return all findings, problems last.

    The gates run only when there are no problems, and not if `fast`. Each thing is asked for once.
    """
    with memoizing():
        quick = (unknown_check, *checks_of(AREAS))
        found = run(quick, context, at_once=len(quick))
        is_ready = all(finding.severity != "problem" for finding in found)
        if is_ready and not fast:
            found += run(checks_of((gates,)), context)
    return _problems_last(found)


def check_machine(context: machine.MachineContext) -> list[Finding]:
    """Return the findings about a machine, problems last."""
    wanted = checks_of((programs, targets, machine))
    return _problems_last(run(wanted, context, at_once=len(wanted)))


def _problems_last(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


@problem
def unknown_check(context: CheckContext) -> Iterator[Problem]:
    """Find each name in [checks.ignore] that is not the name of a check."""
    ignored = context.project.settings.checks.ignore
    if not ignored:
        return
    # what looks into built files is not needed here otherwise
    from release_tasks.checks.artifacts import all as artifacts

    names = [check.name for check in (*checks(), *artifacts.checks())]
    for name in ignored:
        if name not in names:
            similar = difflib.get_close_matches(name, names, 1)
            fix = "docs/findings.md has the names"
            if similar:
                fix = f"did you mean {similar[0]}?"
            yield Problem(
                f"[checks.ignore] {name}: there is no such check", fix
            )

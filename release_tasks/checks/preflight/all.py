"""Every finding about a release, none hidden behind the first."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType

from release_tasks.checks.artifacts import all as proofs
from release_tasks.checks.check import (
    SEVERITIES,
    Check,
    CheckContext,
    Finding,
    Looked,
    distinct,
    problem,
    run,
)
from release_tasks.checks.preflight import (
    containers,
    crates,
    dependencies,
    gates,
    machine,
    programs,
    promises,
    python,
    registries,
    repository,
    versions,
    workflows,
)
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many

AREAS = (
    programs,
    repository,
    versions,
    workflows,
    crates,
    dependencies,
    python,
    containers,
    registries,
    promises,
)


def kinds() -> tuple[Check, ...]:
    """Return each kind of finding, area by area, the gates last."""
    found = (one for area in AREAS for one in _of(area))
    return (unknown_check, *found, *_of(machine), gates.failing_gate, gates.gate_leftovers)


def findings(case: CheckContext, fast: bool = False) -> list[Finding]:
    """Return all that is found, problems last; the gates run only when there are none, and not if `fast`."""
    slow = (gates.failing_gate, gates.gate_leftovers)
    found = _all(case, [kind for kind in kinds() if kind not in (*slow, *_of(machine))])
    if not fast and not any(one.severity == "problem" for one in found):
        found += [one for kind in slow for one in run(kind, case)]
    return _sorted(found)


def lacks(here: machine.Machine) -> list[Finding]:
    """Return what the machine lacks, problems last."""
    return _sorted(_all(here, (*_of(programs), *_of(machine))))


def _of(area: ModuleType) -> tuple[Check, ...]:
    return tuple(one for one in vars(area).values() if isinstance(one, Check))


def _all(case: Looked, wanted: Sequence[Check]) -> list[Finding]:
    return [
        one for some in get_many(lambda kind: run(kind, case), wanted, len(wanted)) for one in some
    ]


def _sorted(found: Iterable[Finding]) -> list[Finding]:
    return sorted(distinct(found), key=lambda one: SEVERITIES.index(one.severity))


@problem
def unknown_check(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each name in [checks.ignore] that no finding has."""
    names = [kind.name for kind in (*kinds(), *proofs.kinds())]
    for name in case.release.project.settings.checks.ignore:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            fix = f"did you mean {near[0]}?" if near else "docs/findings.md has the names"
            yield ReleaseError(f"[checks.ignore] {name}: no check has that name", fix)

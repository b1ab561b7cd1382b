"""Every proof, area by area."""

from __future__ import annotations

from release_tasks.findings.finding import Finding, Kind, distinct, told
from release_tasks.proofs import declared
from release_tasks.proofs.contents import Contents

AREAS = (declared,)


def kinds() -> tuple[Kind, ...]:
    """Return each proof."""
    return tuple(one for area in AREAS for one in vars(area).values() if isinstance(one, Kind))


def proofs(case: Contents) -> list[Finding]:
    """Return what is wrong with the files of a release."""
    return distinct(one for kind in kinds() for one in told(kind, case))

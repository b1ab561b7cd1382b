"""Every proof, area by area."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from invoke.context import Context

from release_tasks import shell
from release_tasks.checks import report
from release_tasks.checks.artifacts import binaries, declared, images, wheels
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import Check, Finding, distinct, run
from release_tasks.project.kinds import FileKind
from release_tasks.release import Release

CONTENTS = (binaries, wheels, images)
AREAS = (declared, *CONTENTS)


def kinds(areas: Iterable[ModuleType] = AREAS) -> tuple[Check, ...]:
    """Return each proof."""
    return tuple(one for area in areas for one in vars(area).values() if isinstance(one, Check))


def proofs(case: Contents, areas: Iterable[ModuleType] = AREAS) -> list[Finding]:
    """Return what is wrong with the files of a release."""
    return distinct(one for kind in kinds(areas) for one in run(kind, case))


def refuse(c: Context, release: Release, *kinds: FileKind) -> None:
    """Raise what is wrong in the files of some kinds as soon as they are built, whatever else lacks."""
    if not shell.is_dry(c):
        report.print_findings(proofs(Contents(c, release, kinds=kinds), CONTENTS))

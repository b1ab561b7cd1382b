"""All checks of the built files."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.checks import report
from release_tasks.checks.artifacts import (
    binaries,
    declared,
    followed_links,
    images,
    wheels,
)
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import Check, Finding, checks_of, run
from release_tasks.project.kinds import FileKind
from release_tasks.release import Release

# what is in the files; `declared` is about which there are
CONTENTS = (binaries, wheels, images, followed_links)


def checks() -> tuple[Check, ...]:
    """Return every check of the built files."""
    return checks_of((declared, *CONTENTS))


def check_files(contents: Contents) -> list[Finding]:
    """Return what is wrong with the files of a release."""
    return run(checks(), contents)


def check_built(c: Context, release: Release, *kinds: FileKind) -> None:
    """Raise what is wrong in the files of some kinds, as soon as they are built.

    Raises:
        ReleaseError: with every problem; whether files are missing is not looked at.
    """
    if not shell.is_dry(c):
        contents = Contents(c, release, kinds=kinds)
        report.print_findings(run(checks_of(CONTENTS), contents))

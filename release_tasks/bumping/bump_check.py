"""The command that has to pass on the files of a bump, such as `cargo check --workspace`."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.project.gates import words
from release_tasks.release import Release


def run(c: Context, release: Release) -> None:
    """Run the command of `[versions] check` in the checkout; raise `Failed` where it fails."""
    command = release.project.settings.versions.check
    if command is not None:
        shell.do(c, words(command, "versions"), cwd=release.checkout)

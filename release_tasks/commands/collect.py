"""Merge what other machines built into dist/."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.tasks import command


@command
def collect(
    c: Context,
    folders: str = "",
    version: str | None = None,
    component: str | None = None,
) -> None:
    """Merge files that other machines built into dist/."""
    from release_tasks import shell, terminal
    from release_tasks.checks.artifacts import incoming
    from release_tasks.converge import begin

    names = [name.strip() for name in folders.split(",") if name.strip()]
    if not names:
        raise ReleaseError(
            "no folders given", "inv collect --folders FOLDER,FOLDER"
        )
    release = begin(c, version, component)
    found = incoming.find([Path(name) for name in names])
    for path in incoming.unlisted(found):
        terminal.say(f"skipped, not listed in an inventory: {path}")
    merged = incoming.merge(release, found, shell.is_dry(c))
    for file in merged:
        terminal.say(f"{file.row.file} from {file.folder}")
    if not merged:
        terminal.say(f"nothing to do, all {len(found)} files are in dist/")

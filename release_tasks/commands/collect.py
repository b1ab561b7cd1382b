"""What other machines have built, brought together in dist/ here."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.commands import command


@command
def collect(
    c: Context, folders: str, version: str | None = None, component: str | None = None
) -> None:
    """Merge what other machines built into dist/."""
    from release_tasks import shell, terminal
    from release_tasks.checks.artifacts import incoming
    from release_tasks.converge import begin

    release = begin(c, version, component)
    found = incoming.find([Path(name.strip()) for name in folders.split(",")])
    for path in incoming.unlisted(found):
        terminal.say(f"left there, as no inventory lists it: {path}")
    merged = incoming.merge(release, found, shell.is_dry(c))
    for one in merged:
        terminal.say(f"{one.row.file} from {one.folder}")
    if not merged:
        terminal.say(f"nothing to do, all {len(found)} files are in dist/")

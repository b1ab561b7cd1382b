"""What a release will say of itself on GitHub."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.commands import command


@command
def notes(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Print what the GitHub release of a version says."""
    from release_tasks.changelogs import notes
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    print("\n".join(notes.text(release, part) for part in release.parts), end="")

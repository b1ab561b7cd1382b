"""The text of a release on GitHub."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import command


@command
def notes(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Print the release notes that GitHub will show."""
    from release_tasks.changelogs import notes
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    texts = [notes.text(release, part) for part in release.parts]
    print("\n".join(texts), end="")

"""The text of a release on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease


@command
def notes(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Print the release notes that GitHub will show."""
    from release_tasks import terminal
    from release_tasks.changelogs import notes
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    texts = []
    for part in release.parts:
        text = notes.text(release, part)
        if not text.strip():
            terminal.say(f"the notes of {part.tag} are empty{_reason(part)}")
        texts.append(text)
    print("\n".join(texts), end="")


def _reason(part: ComponentRelease) -> str:
    if part.component.changelog is None:
        return ""
    return f": {part.component.changelog} has no entry for {part.version}"

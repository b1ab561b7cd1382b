"""What a maintainer tells the users of a version: what is new, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.changelogs.announcement import Announcement


@command
def announce(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    text: bool = False,
    json: bool = False,
) -> None:
    """Print the announcement of a finished version."""
    from release_tasks.changelogs.announcement import announcement
    from release_tasks.commands import status
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    status.require_public(release)
    found = [announcement(release, part) for part in release.parts]
    todo = release.project.settings.announce.todo
    if json:
        rows = [_data(one) for one in found]
        terminal.print_json({"announcements": rows, "todo": list(todo)})
        return
    texts = [one.text if text else one.markdown for one in found]
    terminal.show("\n".join(texts).rstrip("\n"))
    if todo:
        terminal.say("left to do:", *(f"  {line}" for line in todo))


def _data(one: Announcement) -> dict[str, Any]:
    """Return an announcement in the shape that docs/json.md describes."""
    return {
        "component": one.component,
        "version": one.version,
        "tag": one.tag,
        "previous": one.previous,
        "notes": one.notes,
        "install": [
            {"kind": line.kind, "name": line.name, "command": line.command}
            for line in one.install
        ],
        "markdown": one.markdown,
        "text": one.text,
    }

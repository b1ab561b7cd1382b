"""`latest`, `1.2` and `1` move last, never backwards, and never stop a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks.steps import step

NEEDS = {"docker": "images", "buildx": "images", "gh": "github"}

if TYPE_CHECKING:
    from release_tasks.project.artifacts import Pointer


@step
def move_pointers(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Let `latest`, `1.2` and `1` name the highest version."""
    from release_tasks import channels, terminal
    from release_tasks.converge import begin
    from release_tasks.errors import ReleaseError, raise_all
    from release_tasks.project.artifacts import PointerState

    release = begin(c, version, component)
    found = [
        (channel, pointer)
        for channel in channels.with_pointers()
        for pointer in channel.pointers(release)
    ]
    if not found:
        terminal.say(f"nothing to do, {release.title} has no pointers")
    if not any(component.latest for component in release.project.components):
        terminal.say(
            'no component has latest = true, so GitHub\'s "Latest" and `latest` stay where they are'
        )
    errors = []
    for channel, pointer in found:
        if pointer.place is not PointerState.BEHIND:
            terminal.say(_left(pointer))
            continue
        try:
            channel.move(c, release, pointer)
        except ReleaseError as error:  # the others move all the same
            errors.append(error)
    raise_all(errors)


def _left(pointer: Pointer) -> str:
    why = {
        "same": f"already names {pointer.target}",
        "ahead": f"is left at {pointer.now or 'nothing'}: a higher version than {pointer.target} is there",
        "foreign": f"is left at {pointer.now}, which is no version of this project",
    }
    return f"{pointer.name} {why[pointer.place]}"

"""Point `latest`, `1.2` and `1` at the release: last, never backwards, never stopping it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks.tasks import step

if TYPE_CHECKING:
    from release_tasks.project.artifacts import Pointer

NEEDS = {"docker": "images", "buildx": "images", "gh": "github"}


@step
def move_pointers(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Point `latest`, `1.2` and `1` at the newest version."""
    from release_tasks import channels, shell, terminal
    from release_tasks.converge import begin
    from release_tasks.errors import ReleaseError, raise_all
    from release_tasks.project.artifacts import PointerState

    release = begin(c, version, component)
    found = []
    for channel in channels.with_pointers():
        found += [(channel, pointer) for pointer in channel.pointers(release)]
    if not found:
        terminal.say(f"nothing to do, {release.title} has no pointers")
    if not any(component.latest for component in release.project.components):
        terminal.say(
            'no component has latest = true: `latest` and GitHub\'s "Latest" do not move'
        )
    errors = []
    for channel, pointer in found:
        if pointer.place is not PointerState.BEHIND:
            _say_why_it_stays(pointer)
            continue
        try:
            channel.move(c, release, pointer)
            verb = "would point" if shell.is_dry(c) else "pointed"
            terminal.say(f"{verb} {pointer.name} to {pointer.target}")
        except ReleaseError as error:  # the other pointers still move
            errors.append(error)
    raise_all(errors)


def _say_why_it_stays(pointer: Pointer) -> None:
    from release_tasks import channels, terminal
    from release_tasks.display.messages import Message
    from release_tasks.project.artifacts import PointerState

    if pointer.place is PointerState.FOREIGN:
        problem = channels.foreign_pointer(pointer)
        terminal.show_at_end(Message("warning", problem.fact, problem.fix))
        return
    now = pointer.now or "nothing"
    reasons = {
        "same": f"already points at {pointer.target}",
        "ahead": f"stays at {now}: a higher version than {pointer.target} exists",
    }
    terminal.say(f"{pointer.name} {reasons[pointer.place]}")

"""Take a published version back, as far as its registries allow, and undo that."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release
    from release_tasks.rollback.actions import Action, Request

CHAT = "tell your users, where you talk to them"


@command
def rollback(  # noqa: PLR0913
    c: Context,
    version: str | None = None,
    component: str | None = None,
    why: str = "",
    affected: str = "",
    workaround: str = "",
    fix_in: str = "",
    undo: bool = False,
    draft: bool = False,
    delete: bool = False,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Take a published version back, or undo that."""
    from release_tasks import dist
    from release_tasks.commands.status import read
    from release_tasks.release import Release
    from release_tasks.rollback import plan, reports
    from release_tasks.rollback.actions import Reason, Request

    reason = Reason(why, affected, workaround, fix_in)

    def requested() -> tuple[Request, list[Action]]:
        release = Release.at(c, version, component)
        seen = read(release)
        raise_all(_unreadable(seen.problems))
        request = Request(
            release, seen.artifacts, seen.pointers, reason, draft, delete
        )
        if undo:
            return request, plan.forward(request)
        found = plan.back(request)
        if found and release.is_tagged and not _is_tag_alone(found):
            found += reports.all_of(request)
        return request, found

    request, actions = requested()
    if not json:
        _print(request, actions, undo)
    is_done = not plan.to_do(actions)
    if not is_done and _is_confirmed(c, request, yes, json):
        raise_all(plan.missing_credentials(request.release, actions))
        if not shell.is_dry(c):
            dist.lock(request.release)
        plan.run(c, actions)
        if not shell.is_dry(c) and not _is_tag_alone(actions):
            request, actions = requested()
            _refuse_unfinished(plan.to_do(actions), request, undo)
    if json:
        terminal.print_json(_data(request, actions, undo))
    elif not undo:
        _print_left(request, actions)


def _unreadable(problems: Iterable[ReleaseError]) -> list[ReleaseError]:
    """Return the problems without open questions: what they are about was never published."""
    from release_tasks.project.model import Unresolved

    return [error for error in problems if not isinstance(error, Unresolved)]


def _is_tag_alone(actions: list[Action]) -> bool:
    """Tell whether nothing is public, so that the tag and its draft are deleted."""
    from release_tasks.rollback.actions import Progress

    return any(
        action.channel == "git"
        and action.what == "delete"
        and action.progress is Progress.TO_DO
        for action in actions
    )


def _is_confirmed(
    c: Context, request: Request, is_yes: bool, is_json: bool
) -> bool:
    """Tell whether the plan is to be done: by --yes, or by the version that a person types.

    Raises `ReleaseError` where nobody can be asked. With --json alone only the plan is printed.
    """
    release = request.release
    if is_yes or shell.is_dry(c):
        return True
    if is_json:
        return False
    fix = f"inv rollback --version {release.request} --yes, with the options as before"
    if not sys.stdin.isatty():
        raise ReleaseError(
            "this was not confirmed, as there is no terminal to ask on; nothing was done",
            fix,
        )
    terminal.show(f"Type {release.request} to do this:")
    if sys.stdin.readline().strip() != release.request:
        raise ReleaseError("not confirmed, and nothing was done", fix)
    return True


def _print(request: Request, actions: list[Action], is_undo: bool) -> None:
    from release_tasks.commands.table import print_table
    from release_tasks.rollback import plan

    release = request.release
    rows = []
    for action in actions:
        rows.append(
            (
                action.channel,
                action.name,
                action.what,
                str(action.progress),
                action.remark,
            )
        )
    terminal.show(release.title)
    if rows:
        print_table(("channel", "name", "action", "state", "remark"), rows)
    if not plan.to_do(actions):
        done = "is not taken back" if is_undo else "is taken back"
        if not actions and not is_undo:
            done = "has nothing public"
        terminal.say(f"nothing to do, {release.title} {done}")


def _print_left(request: Request, actions: list[Action]) -> None:
    """Print what users do now, and what is left for a person."""
    instead = _instead(request.release)
    for part, lines in instead:
        if part is None:
            continue
        terminal.show(f"\nFor users, back to {part.tag}:")
        for line in lines:
            terminal.show(f"  {line}")
    left = _left(request, actions)
    if left:
        terminal.show("\nLeft to do:")
        for line in left:
            terminal.show(f"  {line}")


def _instead(
    release: Release,
) -> list[tuple[ComponentRelease | None, list[str]]]:
    """Return the version before each part, and the commands that install it."""
    from release_tasks.changelogs.install_lines import install_lines
    from release_tasks.rollback.previous import previous

    found: list[tuple[ComponentRelease | None, list[str]]] = []
    for part in release.parts:
        before = previous(release, part)
        lines = []
        if before is not None:
            for line in install_lines(release, before):
                lines.append(line.command)
                if line.command.startswith("helm install "):
                    lines.append(f"helm rollback {line.command.split()[2]}")
        found.append((before, lines))
    return found


def _left(request: Request, actions: list[Action]) -> list[str]:
    from release_tasks.rollback.actions import Progress
    from release_tasks.versions.requests import next_version

    left = []
    for action in actions:
        if action.progress is Progress.BY_HAND:
            left.append(f"{action.name}: {action.what}: {action.remark}")
    if actions and not _is_tag_alone(actions):
        for part in request.release.parts:
            following = next_version(part.version, "patch")
            left.append(
                f"the next version: {following} "
                "(a version number can never be used again)"
            )
        left.append(CHAT)
    return left


def _refuse_unfinished(
    left: list[Action], request: Request, is_undo: bool
) -> None:
    """Raise `ReleaseError` when the registries show that something was not done."""
    if not left:
        return
    options = " --undo" if is_undo else ""
    raise ReleaseError(
        f"still to do: {left[0].name}: {left[0].what}",
        f"inv rollback{options} --version {request.release.request}",
    )


def _data(
    request: Request, actions: list[Action], is_undo: bool
) -> dict[str, Any]:
    """Return the plan in the shape that docs/json.md describes."""
    from release_tasks.rollback import plan

    rows = []
    for action in actions:
        rows.append(
            {
                "channel": action.channel,
                "name": action.name,
                "action": action.what,
                "state": str(action.progress),
                "remark": action.remark,
            }
        )
    instead = []
    for (before, lines), part in zip(
        _instead(request.release), request.release.parts, strict=True
    ):
        instead.append(
            {
                "component": part.component.name,
                "version": part.version,
                "tag": before.tag if before else "",
                "commands": lines,
            }
        )
    return {
        "undo": is_undo,
        "complete": not plan.to_do(actions),
        "actions": rows,
        "instead": instead,
        "left": [] if is_undo else _left(request, actions),
    }

"""What the next release would have, which level that suggests, and the line to type."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.project.model import Project
    from release_tasks.project.unreleased import Unreleased
    from release_tasks.tools.cargo.lock import Update

SHOWN = 10  # commits of each component
USUAL = (
    "as a rule, a minor version comes after 4 to 6 weeks, a patch after 1 or 2"
)


@command
def next(c: Context, component: str | None = None, json: bool = False) -> None:
    """Show what is unreleased, and suggest the next version."""
    from release_tasks.project import discovery
    from release_tasks.project.unreleased import unreleased
    from release_tasks.tools import git

    project = discovery.discover(git.top(Path.cwd()))
    components = project.components
    if component:
        components = (project.component(component),)
    now = time.time()
    found = [unreleased(project, one, now) for one in components]
    following = {one.component: _following(one) for one in found}
    updates = _behind(project)
    line = _line(found, following, len(project.components) > 1)
    if json:
        terminal.print_json(
            {
                "components": [
                    _data(one, following[one.component]) for one in found
                ],
                "dependencies": _updates_data(updates),
                "line": line,
            }
        )
        return
    for one in found:
        _print(one, following[one.component])
    _print_updates(updates)
    terminal.show(line or "nothing to release")


def _behind(project: Project) -> tuple[Update, ...]:
    """Return what Cargo.lock is behind with; where cargo cannot tell, that is said."""
    from release_tasks.shell import Failed
    from release_tasks.tools.cargo import lock

    if not project.workspace or not project.is_locked:
        return ()
    try:
        return lock.updates(project.cargo_root)
    except Failed as error:
        terminal.say(
            f"what Cargo.lock is behind with is unknown: {error.problem}"
        )
        return ()


def _line(
    found: list[Unreleased], following: dict[str, str], is_named: bool
) -> str:
    """Return what to type, "" when nothing is suggested."""
    wanted = {
        one.component: one.level for one in found if following[one.component]
    }
    if not wanted:
        first = [one for one in found if not one.last and one.commits]
        return "inv release --version X.Y.Z" if first else ""
    request = "".join(wanted.values())
    if is_named:
        request = ",".join(f"{name}={level}" for name, level in wanted.items())
    return f"inv release --version {request}"


def _print(one: Unreleased, following: str) -> None:
    title = f"{one.component}: no release yet"
    if one.last:
        title = f"{one.component}: {one.tag} is {one.age:.0f} days old"
    terminal.show(f"{title}, {_counted(one)}")
    if one.usual:
        terminal.show(
            f"  a release comes every {one.usual:.0f} days (the median)"
        )
    elif one.last:
        terminal.show(f"  {USUAL}")
    for commit in one.commits[:SHOWN]:
        terminal.show(f"  {commit.sha[:7]} {commit.subject}")
    if one.commits[SHOWN:]:
        terminal.show(f"  and {len(one.commits) - SHOWN} more")
    for reason in one.reasons:
        terminal.show(f"  {reason.level}: {reason.why}")
    if following:
        terminal.show(f"  suggested: {one.level}, {following}")


def _counted(one: Unreleased) -> str:
    from release_tasks.errors import counted

    texts = [counted(len(one.commits), "commit")]
    if one.pull_requests:
        texts.append(counted(len(one.pull_requests), "pull request"))
    if one.fragments:
        texts.append(counted(len(one.fragments), "fragment"))
    return ", ".join(texts)


def _following(one: Unreleased) -> str:
    """Return the version that the suggested level means, "" where a release would refuse it."""
    from release_tasks.errors import ReleaseError
    from release_tasks.project.version_levels import resolve

    if not one.level:
        return ""
    try:
        return resolve(one.level, one.component)
    except ReleaseError as error:
        terminal.say(f"{one.component}: {error.problem}")
        return ""


def _print_updates(updates: tuple[Update, ...]) -> None:
    if updates:
        terminal.show("Cargo.lock is behind (cargo update):")
    for update in updates:
        terminal.show(f"  {update.name} {update.old} → {update.new}")


def _updates_data(updates: tuple[Update, ...]) -> list[dict[str, str]]:
    return [
        {"name": one.name, "from": one.old, "to": one.new} for one in updates
    ]


def _data(one: Unreleased, following: str) -> dict[str, Any]:
    """Return a component in the shape that docs/json.md describes."""
    return {
        "component": one.component,
        "last": one.last,
        "tag": one.tag,
        "days": round(one.age, 1),
        "usual_days": round(one.usual, 1),
        "commits": [
            {"commit": commit.sha, "subject": commit.subject}
            for commit in one.commits
        ],
        "pull_requests": list(one.pull_requests),
        "fragments": list(one.fragments),
        "reasons": [
            {"level": reason.level, "why": reason.why} for reason in one.reasons
        ],
        "level": one.level,
        "next": following,
    }

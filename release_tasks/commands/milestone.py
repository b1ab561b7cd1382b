"""The milestone of a version on GitHub: closed when nothing is open in it; the next one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release
    from release_tasks.tools.gh import Milestone

DESCRIPTION = "Next release planning"
DONE, CLOSED, ABSENT = "already closed", "closed", "not there"
MADE, THERE = "created", "already there"


@command
def milestone(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    next: str = "",
    json: bool = False,
) -> None:
    """Close the milestone of a version, and create the next one."""
    from release_tasks.release import Release
    from release_tasks.tools import gh

    release = Release.at(c, version, component)
    repository = release.project.github_repository
    known = {one.title: one for one in gh.milestones(repository)}
    rows = []
    for part in release.parts:
        title, present = _milestone_of(release, part, known)
        _refuse_open(repository, present)  # before anything is changed
        row = {"title": title, "state": ABSENT, "next": "", "next_state": ""}
        if next:
            row |= _make_next(c, release, part, next, known)
        if present is not None:
            row["state"] = _close(c, repository, present)
        rows.append(row)
    if json:
        terminal.print_json({"milestones": rows})
        return
    for row in rows:
        _say(c, row)


def _milestone_of(
    release: Release, part: ComponentRelease, known: dict[str, Milestone]
) -> tuple[str, Milestone | None]:
    """Return the title of a part's milestone, and the milestone where there is one.

    The title is that of `[gates] milestone`, else the tag, or the version alone.
    """
    template = release.project.settings.gates.milestone
    titles = [part.tag, f"v{part.version}", part.version]
    if template:
        titles = [template.format(version=part.version, tag=part.tag)]
    for title in titles:
        if title in known:
            return title, known[title]
    return titles[0], None


def _refuse_open(repository: str, present: Milestone | None) -> None:
    from release_tasks.tools import gh

    if present is None or not present.is_open or not present.open_issues:
        return
    items = gh.open_items(repository, present)
    first = items[0].partition(" ")[0].lstrip("#") if items else "NUMBER"
    raise ReleaseError(
        f"{present.open_issues} open in milestone {present.title}: {shorten(items)}",
        f"gh issue edit {first} --milestone TITLE moves one of them; or close it",
    )


def _make_next(
    c: Context,
    release: Release,
    part: ComponentRelease,
    following: str,
    known: dict[str, Milestone],
) -> dict[str, str]:
    """Make the next milestone, called as this one is; a level counts from this version."""
    from release_tasks.project.tags import tag_name
    from release_tasks.tools import gh
    from release_tasks.versions.requests import next_version

    version = next_version(part.version, following)
    template = release.project.settings.gates.milestone
    present, _ = _milestone_of(release, part, known)
    title = tag_name(part.component, version)
    if template:
        title = template.format(version=version, tag=title)
    elif part.version in present:
        title = present.replace(part.version, version)
    if title in known:
        return {"next": title, "next_state": THERE}
    gh.make_milestone(c, release.project.github_repository, title, DESCRIPTION)
    return {"next": title, "next_state": MADE}


def _close(c: Context, repository: str, present: Milestone) -> str:
    from release_tasks.tools import gh

    if not present.is_open:
        return DONE
    gh.close_milestone(c, repository, present)
    return CLOSED


def _say(c: Context, row: dict[str, Any]) -> None:
    verb = "would be " if shell.is_dry(c) else ""
    for title, state in (
        (row["title"], row["state"]),
        (row["next"], row["next_state"]),
    ):
        if state in (CLOSED, MADE):
            terminal.say(f"milestone {title} {verb}{state}")
        elif title:
            terminal.say(f"nothing to do, milestone {word(title)} is {state}")

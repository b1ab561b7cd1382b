"""What a release says of itself: the changelog's section, GitHub's list, a template, a command's output."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from release_tasks.changelogs import changelog
from release_tasks.changelogs import dates as changelog_dates
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM, read
from release_tasks.project.history import previous
from release_tasks.project.settings import NotesTable
from release_tasks.shell import ask
from release_tasks.tools import gh, git

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release


def text(release: Release, part: ComponentRelease, tag: str | None = None) -> str:
    """Return the notes of a part as its GitHub release shows them (`tag`: the release's, where it has another)."""
    wanted = release.project.settings.github.notes
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    found = (_one(release, part, kind, tag or part.tag) for kind in kinds)
    return "\n\n".join(filter(None, (one.strip() for one in found))) + "\n"


def of_changelog(release: Release, part: ComponentRelease) -> str | None:
    """Return what the changelog says about a version: its section, else what is unreleased, None without any."""
    log = part.component.changelog
    if log is None:
        return None
    said = read(release.source_tree, log)
    if changelog_dates.is_dated(said):
        _, commit = previous(release.project, part.component, part.version)
        day = (
            datetime.fromtimestamp(git.commit_time(release.checkout, commit), UTC).date()
            if commit
            else date.min
        )
        old = git.at_commit(release.checkout, commit, log) if commit else None
        return changelog_dates.since(said, day, (old or b"").decode("utf-8-sig", "replace"))
    is_there = changelog.has(said, part.version)
    return changelog.notes(said, part.version, log) if is_there else changelog.unreleased(said)


def printed(release: Release, part: ComponentRelease) -> str:
    """Return what the command of the settings prints about a version, "" where they have none."""
    wanted = release.project.settings.github.notes
    if not isinstance(wanted, NotesTable):
        return ""
    tag, _ = previous(release.project, part.component, part.version)
    about = {
        "version": part.version,
        "tag": part.tag,
        "previous": tag,
        "range": f"{tag}..HEAD" if tag else "HEAD",
    }
    return changelog.without_heading(
        ask([word.format(**about) for word in shlex.split(wanted.run)], cwd=release.source_tree)
    )


def _one(release: Release, part: ComponentRelease, kind: str | NotesTable, tag: str) -> str:
    log = part.component.changelog
    if isinstance(kind, NotesTable) or (kind == "changelog" and log):
        said = of_changelog(release, part)
        return (
            printed(release, part)
            if said is None or (changelog.is_empty(said) and isinstance(kind, NotesTable))
            else said
        )
    if kind in ("generated", "changelog"):
        if release.project.repository is None:
            raise ReleaseError(
                "origin is not on GitHub, and no changelog tells what the release brings",
                "write a CHANGELOG.md",
            )
        return gh.generated_notes(
            release.project.repository,
            tag,
            release.commit,
            previous(release.project, part.component, part.version)[0],
        )
    template = (
        read(release.source_tree, kind)
        .removeprefix(BOM)
        .replace("{version}", part.version)
        .replace("{tag}", part.tag)
    )
    return re.sub(r"(?<![A-Z_])VERSION(?![A-Z_])", part.version, template)

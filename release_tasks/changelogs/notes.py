"""Release notes: from the changelog, from GitHub, from a template, from a command's output."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from release_tasks.changelogs import changelog, dates
from release_tasks.changelogs.document import is_empty
from release_tasks.changelogs.install_lines import as_markdown, install_lines
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM, read
from release_tasks.project.history import previous
from release_tasks.project.settings import NotesTable
from release_tasks.shell import ask
from release_tasks.tools import gh, git

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release

# `changelog`, `generated`, `install`, the path of a template, or a command
Source = str | NotesTable


def text(
    release: Release, part: ComponentRelease, tag: str | None = None
) -> str:
    """Return the notes of a part for its GitHub release, which may have another tag."""
    texts = [
        _from(source, release, part, tag or part.tag).strip()
        for source in _sources(release)
    ]
    return "\n\n".join(filter(None, texts)) + "\n"


def without_install(release: Release, part: ComponentRelease) -> str:
    """Return the notes of a part without the section on how to install it."""
    texts = [
        _from(source, release, part, part.tag).strip()
        for source in _sources(release)
        if source != "install"
    ]
    return "\n\n".join(filter(None, texts)) + "\n"


def known(release: Release, part: ComponentRelease) -> str:
    """Return the notes as far as they are known before the tag: without what GitHub generates."""
    texts = []
    for source in _sources(release):
        is_generated = source == "generated"
        if source == "changelog" and not part.component.changelog:
            is_generated = True
        if not is_generated:
            texts.append(_from(source, release, part, part.tag).strip())
    return "\n\n".join(filter(None, texts)) + "\n"


def of_changelog(release: Release, part: ComponentRelease) -> str | None:
    """Return the section of a version, or what is unreleased; None where neither exists."""
    path = part.component.changelog
    if path is None:
        return None
    log = read(release.source_tree, path)
    if dates.is_dated(log, path):
        return _since_previous(release, part, path, log)
    if changelog.has_section(log, part.version, path):
        return changelog.section_with_links(log, part.version, path)
    return changelog.unreleased(log, part.version, path)


def printed(release: Release, part: ComponentRelease) -> str:
    """Return what the command in the settings prints for a version, "" where there is none."""
    source = release.project.settings.github.notes
    if not isinstance(source, NotesTable):
        return ""
    tag, _ = previous(release.project, part.component, part.version)
    values = {
        "version": part.version,
        "tag": part.tag,
        "previous": tag,
        "range": f"{tag}..HEAD" if tag else "HEAD",
    }
    argv = [word.format(**values) for word in shlex.split(source.run)]
    return changelog.without_heading(ask(argv, cwd=release.source_tree))


def _sources(release: Release) -> tuple[Source, ...]:
    wanted = release.project.settings.github.notes
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _from(
    source: Source, release: Release, part: ComponentRelease, tag: str
) -> str:
    if isinstance(source, NotesTable):
        return _own_or_printed(release, part)
    if source == "install":
        return as_markdown(install_lines(release, part))
    if source == "changelog" and part.component.changelog:
        return of_changelog(release, part) or ""
    if source in ("generated", "changelog"):
        return _generated(release, part, tag)
    return _from_template(source, release, part)


def _own_or_printed(release: Release, part: ComponentRelease) -> str:
    section = of_changelog(release, part)
    if section is None or is_empty(section):
        return printed(release, part)
    return section


def _since_previous(
    release: Release, part: ComponentRelease, path: str, log: str
) -> str:
    """Return what was added to a changelog with dates since the previous release."""
    _, commit = previous(release.project, part.component, part.version)
    if not commit:
        return dates.since(log, date.min)
    day = datetime.fromtimestamp(
        git.commit_time(release.checkout, commit), UTC
    ).date()
    old = git.at_commit(release.checkout, commit, path) or b""
    return dates.since(log, day, old.decode("utf-8-sig", "replace"))


def _generated(release: Release, part: ComponentRelease, tag: str) -> str:
    repository = release.project.repository
    if repository is None:
        raise ReleaseError(
            "origin is not on GitHub, so it cannot generate notes, and there is no changelog",
            "write a CHANGELOG.md",
        )
    previous_tag, _ = previous(release.project, part.component, part.version)
    return gh.generated_notes(repository, tag, release.commit, previous_tag)


def _from_template(path: str, release: Release, part: ComponentRelease) -> str:
    template = read(release.source_tree, path).removeprefix(BOM)
    filled = template.replace("{version}", part.version).replace(
        "{tag}", part.tag
    )
    return re.sub(r"(?<![A-Z_])VERSION(?![A-Z_])", part.version, filled)

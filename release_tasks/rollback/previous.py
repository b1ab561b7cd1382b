"""Which version users go back to."""

from __future__ import annotations

from dataclasses import replace

from release_tasks.channels import crates_index, git
from release_tasks.errors import ReleaseError
from release_tasks.project import history
from release_tasks.project.model import Component, resolved_or_empty
from release_tasks.project.tags import PROMOTED
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.tools.gh import yank_notice
from release_tasks.versions.numbers import is_prerelease, parse


def previous(
    release: Release, part: ComponentRelease
) -> ComponentRelease | None:
    """Return the last version before a part that was not taken back, None for a first version.

    A prerelease only counts before another prerelease.
    """
    mine = parse(part.version)
    tags = history.released(release.project, part.component)
    for version, (tag, _) in tags.items():
        is_skipped = is_prerelease(version) and not mine.prerelease
        if parse(version) >= mine or is_skipped:
            continue
        if not is_yanked(release, part, version):
            return replace(part, version=version, tag=tag)
    return None


def is_yanked(release: Release, part: ComponentRelease, version: str) -> bool:
    """Tell whether a version was taken back: by its GitHub release, or by a crate."""
    tags = history.released(release.project, part.component)
    tag = tags[version].tag if version in tags else ""
    if {tag, tag + PROMOTED} & _noticed_tags(release):
        return True
    if tag in git.marked(release):
        return True
    return _has_yanked_crate(part.component, version)


def _noticed_tags(release: Release) -> set[str]:
    """Return the tags whose GitHub releases say that they were taken back."""
    if release.project.repository is None:
        return set()
    return {
        row["tag_name"]
        for row in gh.releases(release.project.repository)
        if yank_notice.is_in(row["body"] or "")
    }


def _has_yanked_crate(component: Component, version: str) -> bool:
    for crate in resolved_or_empty(component.crates):
        try:
            line = crates_index.find(crate.name, version)
        except ReleaseError:
            return False  # the state of this version's own crates says why
        if line is not None and line.get("yanked"):
            return True
    return False

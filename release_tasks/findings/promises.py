"""What the settings promise besides commands: no open blockers, green runs, bundles."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.channels import git
from release_tasks.errors import ReleaseError
from release_tasks.release import Release
from release_tasks.tools import gh


def look(release: Release) -> Iterator[ReleaseError]:
    """Yield what this release cannot keep, and each label whose open issues stop it."""
    if release.project.settings.bundles:
        yield ReleaseError("[bundles]: no step packs them", "take [bundles] and its asset word out, and upload them afterwards: gh release upload")
    if release.is_tagged:
        return
    yield from git.waits_for_ci(release)
    for label in release.project.settings.gates.blockers if release.project.repository else ():
        if rows := gh.issues(str(release.project.repository), label):
            shown = ", ".join(f"#{row['number']} {row['title']}" for row in rows[:5])
            yield ReleaseError(f"issues with the label {label} are open: {shown}", "close them, or take that label out of [gates] blockers")

"""What the settings promise besides commands: no open blockers, green runs, bundles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.channels import git_runs, pypi_files
from release_tasks.checks.check import CheckContext, also_after_tag, problem
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_empty
from release_tasks.tools import gh


@also_after_tag
def unusable_bundle(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each file of [bundles] that cannot be fetched or checked as the settings have it, and bundles that are never shipped."""
    for template, variants in case.release.project.settings.bundles.items():
        for name, one in variants.items():
            if not re.match(r"https?://[^/]+/.*[^/]$", one.url) or not re.fullmatch(
                "[0-9a-f]{64}", one.sha256
            ):
                fix = "give it the address of a file, and what `sha256sum` says of that file"
                yield ReleaseError(
                    f"[bundles.{template}] {name} has url {one.url!r} and sha256 {one.sha256!r}, which stand for no file",
                    fix,
                )
    if case.release.project.settings.bundles and not any(
        "bundles" in part.component.assets for part in case.release.parts
    ):
        yield ReleaseError(
            "[bundles] are packed, and no release has them", 'add "bundles" to assets of [github]'
        )


@problem
def name_for_two_files(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each file name that a binary shares with the sdist or the chart of its release, so that one overwrites the other."""
    for part in case.release.parts:
        others = {
            slot.pattern: "an sdist"
            for owner, slot in pypi_files.shipped(case.release)
            if owner == part and slot.kind == FileKind.SDIST
        }
        others |= {
            f"{chart.name}-{part.version}.tgz": "a chart"
            for chart in resolved_or_empty(part.component.charts)
        }
        for name in dict.fromkeys(
            one.file.format(version=part.version)
            for one in resolved_or_empty(part.component.binaries)
        ):
            if name in others:
                yield ReleaseError(
                    f"{name} is a binary and {others[name]}",
                    "give the binary another name in [binaries], as with its target in it",
                )


@problem
def commit_not_green(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield what judged this commit badly or has not yet, where the tags of a release wait for that."""
    if git_runs.are_awaited(case.release):
        yield from git_runs.not_green(case.release)


@problem
def open_blocker(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each label whose open issues stop the release."""
    project = case.release.project
    for label in project.settings.gates.blockers if project.repository else ():
        if rows := gh.issues(project.github_repository, label):
            shown = ", ".join(f"#{row['number']} {row['title']}" for row in rows[:5])
            yield ReleaseError(
                f"issues with the label {label} are open: {shown}",
                "close them, or take that label out of [gates] blockers",
            )


@problem
def open_milestone(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the milestone of each version in which something is still open, or that is not there."""
    project, form = case.release.project, case.release.project.settings.gates.milestone
    for part in case.release.parts if form and project.repository else ():
        title = str(form).format(version=part.version, tag=part.tag)
        left = gh.open_in_milestone(project.github_repository, title)
        if left is None:
            yield ReleaseError(
                f"GitHub has no milestone {title}", "make it, or take milestone out of [gates]"
            )
        elif left:
            yield ReleaseError(
                f"{left} of the milestone {title} {'are' if left > 1 else 'is'} open",
                "merge, close or move them, then release",
            )

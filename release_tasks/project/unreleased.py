"""What is on HEAD and in no finished release, and which level that suggests."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from release_tasks.formats.text_files import peek
from release_tasks.project import changelog_files, history
from release_tasks.project.history import last_finished
from release_tasks.project.model import Component, Project, resolved_or_empty
from release_tasks.tools import git
from release_tasks.tools.git import Commit, origin
from release_tasks.versions import suggestions
from release_tasks.versions.numbers import is_prerelease, parse

DAY = 86400  # seconds
# folders of fragments: changesets, towncrier, scriv
FRAGMENTS = (".changeset", "newsfragments", "changelog.d", "changes")
_FRAGMENT = re.compile(
    r"[^/]+?\.(?P<kind>[a-z]+)(?:\.\d+)?(?:\.(?:md|rst|txt))?"
)
_CHANGESET = re.compile(
    r"""^["']?[^"':\n]+["']?: *["']?(major|minor|patch)["']?\s*$""", re.M
)
_GROUP = re.compile(r"^###[ \t]+(.+)$")
_ENTRY = re.compile(r"^[ \t]*[-*+][ \t]+\S")


@dataclass(frozen=True)
class Reason:
    """Why a level is suggested."""

    level: str
    why: str


@dataclass(frozen=True)
class Unreleased:
    """What of a component is not released; `tag` and `last` are "" before the first release."""

    component: str
    last: str  # the version of the last finished release
    tag: str
    age: float  # days since the commit of that release
    usual: float  # days between releases, as a rule; 0 while that is unknown
    commits: tuple[Commit, ...]
    fragments: tuple[str, ...]
    reasons: tuple[Reason, ...]

    @property
    def level(self) -> str:
        """Return the level that is suggested, "" without a release, or without a change since."""
        if not self.last:
            return ""
        level = suggestions.highest(reason.level for reason in self.reasons)
        return suggestions.before_one(level, parse(self.last).major)

    @property
    def pull_requests(self) -> tuple[int, ...]:
        """Return the numbers of the pull requests that were merged."""
        found = (
            suggestions.pull_request(commit.subject) for commit in self.commits
        )
        return tuple(dict.fromkeys(number for number in found if number))


def unreleased(
    project: Project, component: Component, now: float
) -> Unreleased:
    """Return what of a component is not in a finished release; `now` is in seconds since 1970.

    With several components, only commits count that change a folder of what it ships. Raises
    `ReleaseError` for a shallow clone, and where nothing is committed.
    """
    git.head(project.root)
    last = last_finished(project, component) or _last_tagged(project, component)
    if last is None:
        commits = git.log(project.root, "", paths(project, component))
        return Unreleased(component.name, "", "", 0.0, 0.0, commits, (), ())
    tag, commit = history.released(project, component)[last]
    if git.commit_of(project.root, commit) is None:
        origin.fetch_tag(project.root, tag, name_it=False)
    commits = git.log(project.root, commit, paths(project, component))
    fragments = tuple(_fragments(project))
    reasons = []
    if commits:
        reasons = [
            *_of_commits(commits),
            *_of_fragments(project.root, fragments),
            *_of_changelog(project, component),
        ]
    age = (now - git.commit_time(project.root, commit)) / DAY
    return Unreleased(
        component.name,
        last,
        tag,
        age,
        usual_days(project, component),
        commits,
        fragments,
        tuple(reasons),
    )


def _last_tagged(project: Project, component: Component) -> str | None:
    """Return the last version of several that have tags; a single one may be of a release begun."""
    versions = history.tagged(project, component)
    if len(versions) < 2:
        return None
    return next(history.before_head(project, versions), None)


def paths(project: Project, component: Component) -> tuple[str, ...]:
    """Return the folders of what a component ships, from the root; nothing means all of it."""
    if len(project.components) == 1:
        return ()
    folders = {crate.folder for crate in resolved_or_empty(component.crates)}
    folders |= {one.folder for one in resolved_or_empty(component.python)}
    folders |= {chart.folder for chart in resolved_or_empty(component.charts)}
    programs = {
        binary.crate for binary in resolved_or_empty(component.binaries)
    }
    folders |= {
        crate.folder for crate in project.crates if crate.name in programs
    }
    found = {folder.relative_to(project.root).as_posix() for folder in folders}
    for image in resolved_or_empty(component.images):
        found |= {image.context, image.dockerfile}
    if "." in found:
        return ()
    return tuple(sorted(found))


def usual_days(project: Project, component: Component) -> float:
    """Return the median of days between the last finished releases, 0 for less than three."""
    times = []
    for version, commit in history.finished(project, component).items():
        if not is_prerelease(version) and git.commit_of(project.root, commit):
            times.append(git.commit_time(project.root, commit))
    times = sorted(times)[-10:]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if len(gaps) < 2:
        return 0.0
    return statistics.median(gaps) / DAY


def _of_commits(commits: tuple[Commit, ...]) -> Iterator[Reason]:
    """Yield the newest commit of the highest level, with how many there are of it."""
    levels = [
        suggestions.of_commit(commit.subject, commit.body) for commit in commits
    ]
    level = suggestions.highest(levels)
    example = commits[levels.index(level)]
    why = f"{example.sha[:7]} {example.subject}"
    others = levels.count(level) - 1
    if others:
        why += f" (and {others} more)"
    yield Reason(level, why)


def _fragments(project: Project) -> Iterator[str]:
    """Yield the tracked files of changesets, towncrier and scriv that say what is new."""
    for path in git.tracked(project.root):  # hidden folders, too
        folder, _, name = path.rpartition("/")
        last = folder.rpartition("/")[2]
        is_about_them = name.lower().startswith(("readme", "template", "."))
        if last in FRAGMENTS and not is_about_them and "config" not in name:
            yield path


def _of_fragments(root: Path, paths: tuple[str, ...]) -> Iterator[Reason]:
    for path in paths:
        text = peek(root, path)
        changesets = _CHANGESET.findall(text)
        groups = [
            match[1] for match in map(_GROUP.match, text.splitlines()) if match
        ]
        if changesets:
            yield Reason(suggestions.highest(changesets), path)
        elif groups:
            levels = map(suggestions.of_group, groups)
            yield Reason(suggestions.highest(levels), path)
        elif match := _FRAGMENT.fullmatch(path.rpartition("/")[2]):
            yield Reason(suggestions.of_group(match["kind"]), path)


def _of_changelog(project: Project, component: Component) -> Iterator[Reason]:
    """Yield the group of the highest level in the sections above those of released versions.

    So the section that an interrupted release has dated still counts.
    """
    if component.changelog is None:
        return
    known = history.finished(project, component)
    groups: list[str] = []
    text = peek(project.root, component.changelog)
    for title, body in changelog_files.parts(text):
        if not known.keys().isdisjoint(changelog_files.numbers_in(title)):
            break
        if any(map(_ENTRY.match, body)):
            groups.append(title.strip())
    levels = {name: suggestions.of_group(name) for name in groups}
    highest = suggestions.highest(levels.values())
    for name, level in levels.items():
        if level == highest:
            yield Reason(level, f"{component.changelog}: {name}")
            return

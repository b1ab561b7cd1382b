"""Which versions of a component were released before, and which of them HEAD comes after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Component, Project
from release_tasks.project.tags import (
    numbers_in,
    own_version,
    released_version,
    version_in,
)
from release_tasks.tools import git
from release_tasks.tools.git import known_tags, origin
from release_tasks.versions.numbers import is_prerelease, parse
from release_tasks.versions.templates import expand, highest_of_line

Commits = Mapping[str, str]  # by version, the highest version first


class ReleasedTag(NamedTuple):
    """The tag of a version that was released, and its commit."""

    tag: str
    commit: str


def released(project: Project, component: Component) -> dict[str, ReleasedTag]:
    """Return the tags of a component on origin by their version, the highest version first.

    Without an origin the tags are those of this repository. Tags of a form that was used before
    count, unless the project has gone on with lower numbers in the form that it uses now.
    """
    own: dict[str, ReleasedTag] = {}
    short: dict[str, ReleasedTag] = {}
    former: dict[str, ReleasedTag] = {}
    for tag, commit in known_tags.tags(project.root).items():
        version = released_version(component, tag)
        if version is None:
            continue
        found = former
        if version_in(component, tag):
            found = own
        elif version == own_version(component, tag):
            found = short
        found[version] = ReleasedTag(tag, commit)
    own = {**_not_moving(component, short, own), **own}
    highest = max(own, key=parse, default=None)
    for version, released_tag in former.items():
        if highest is None or parse(version) < parse(highest):
            own.setdefault(version, released_tag)
    return {
        version: own[version]
        for version in sorted(own, key=parse, reverse=True)
    }


def _not_moving(
    component: Component,
    short: Mapping[str, ReleasedTag],
    own: Mapping[str, ReleasedTag],
) -> dict[str, ReleasedTag]:
    """Return the tags in a form of PEP 440 without those that follow the newest of a line.

    `v1.4` is 1.4.0 where no other 1.4 has its commit; a tag with one number is taken for none.
    """
    found = {}
    for version, one in short.items():
        numbers = numbers_in(component, one.tag)
        line = f"{version.rpartition('.')[0]}."
        is_moving = numbers == 1 or (
            numbers == 2
            and any(
                other.startswith(line) and exact.commit == one.commit
                for other, exact in own.items()
            )
        )
        if not is_moving:
            found[version] = one
    return found


def tagged(project: Project, component: Component) -> Commits:
    """Return the versions of a component with a tag on origin, and their commits.

    Without an origin the tags are those of this repository.
    """
    found = released(project, component)
    return {version: found[version].commit for version in found}


def finished(project: Project, component: Component) -> Commits:
    """Return the versions of a component whose release is finished, and their commits.

    On GitHub a release is finished when it is public; elsewhere, and where a bump cannot read
    origin, when it has a tag.
    """
    from release_tasks.tools import gh

    found = released(project, component)
    is_on_github = (
        project.repository is not None and origin.url(project.root) is not None
    )
    is_by_tag = not found or component.promotes or not is_on_github
    is_by_tag = is_by_tag or not known_tags.is_readable(project.root)
    public: set[str] = set()
    if not is_by_tag:
        releases = gh.releases(project.github_repository)
        public = {
            release["tag_name"] for release in releases if not release["draft"]
        }
    return {
        version: one.commit
        for version, one in found.items()
        if is_by_tag or one.tag in public
    }


def before_head(project: Project, versions: Commits) -> Iterator[str]:
    """Yield, in the same order, the versions whose commits are in HEAD's history."""
    root = project.root
    for version, commit in versions.items():
        if git.commit_of(root, commit) and git.is_ancestor(
            root, commit, "HEAD"
        ):
            yield version


def last_finished(project: Project, component: Component) -> str | None:
    """Return the last finished version before HEAD, None before the first release.

    Version levels count from it. If HEAD's history has no finished version, because it was
    rewritten, it is the highest of all; raises `ReleaseError` for a shallow clone then.
    """
    versions = finished(project, component)
    last = next(before_head(project, versions), None)
    if last is not None or not versions:
        return last
    if git.is_shallow(project.root):
        raise ReleaseError(
            "this clone is shallow: the last release before HEAD is unknown",
            "git fetch --unshallow, or --version X.Y.Z",
        )
    return next(iter(versions))


def is_backport(project: Project, version: str, public: Commits) -> bool:
    """Tell whether a version continues an older line.

    HEAD comes after none of the higher versions, and the line (`1.2` of 1.2.9) ends below it.
    Build metadata makes no higher version (semver.org 2.0, item 10).
    """
    mine = parse(version)
    if any(parse(number) == mine for number in public):
        return False
    higher = {
        number: commit
        for number, commit in public.items()
        if parse(number) > mine
    }
    line = "{major}" if mine.major else "0.{minor}"
    lower_lines = [
        expand(line, number) for number in public if number not in higher
    ]
    if expand(line, mine) not in lower_lines:
        return False
    if not highest_of_line("{major}.{minor}", mine, public):
        return False
    return not any(before_head(project, higher))


def previous(
    project: Project, component: Component, version: str
) -> tuple[str, str]:
    """Return the tag and commit of the version before one, two empty texts for the first version.

    A prerelease only counts before another prerelease.
    """
    mine = parse(version)
    for number, (tag, commit) in released(project, component).items():
        is_skipped = is_prerelease(number) and not mine.prerelease
        if parse(number) >= mine or is_skipped:
            continue
        if git.commit_of(project.root, commit) is None:
            origin.fetch_tag(project.root, tag, name_it=False)
        return tag, commit
    return "", ""

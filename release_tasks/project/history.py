"""Which versions of a component were released before, and which of them HEAD comes after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Component, Project
from release_tasks.project.tags import tag_name, version_in
from release_tasks.tools import git
from release_tasks.versions.numbers import is_prerelease, parse
from release_tasks.versions.templates import expand, highest_of_line


def tagged(project: Project, component: Component) -> Mapping[str, str]:
    """Return the versions of a component that origin has tags of, highest first, and their commits.

    Without an origin the tags are those of this repository.
    """
    root = project.root
    start, refs = (
        ("refs/tags/", git.remote_refs(root)) if git.remote_url(root) else ("", git.tags(root))
    )
    tags = {
        ref.removeprefix(start): commit for ref, commit in refs.items() if ref.startswith(start)
    }
    found = {
        number: commit for tag, commit in tags.items() if (number := version_in(component, tag))
    }
    return {number: found[number] for number in sorted(found, key=parse, reverse=True)}


def finished(project: Project, component: Component) -> Mapping[str, str]:
    """Return the versions of a component whose release is finished, highest first, and their commits.

    On GitHub a release is finished when it is public; elsewhere when its tag is on origin.
    """
    from release_tasks.tools import gh

    found = tagged(project, component)
    if (
        not found
        or component.promotes
        or project.repository is None
        or git.remote_url(project.root) is None
    ):
        return found
    public = {row["tag_name"] for row in gh.releases(project.repository) if not row["draft"]}
    return {
        number: commit for number, commit in found.items() if tag_name(component, number) in public
    }


def before_head(project: Project, versions: Mapping[str, str]) -> Iterator[str]:
    """Yield, in the same order, the versions whose commits are in HEAD's history."""
    for number, commit in versions.items():
        if git.commit_of(project.root, commit) and git.is_ancestor(project.root, commit, "HEAD"):
            yield number


def last_finished(project: Project, component: Component) -> str | None:
    """Return the version that words count from: the last finished one before HEAD, None for the first release.

    Where no finished version is in HEAD's history (it was rewritten, say), it is the highest of all.
    """
    every = finished(project, component)
    last = next(before_head(project, every), None)
    if every and last is None and git.is_shallow(project.root):
        raise ReleaseError(
            "this clone is shallow, so the last release before HEAD cannot be told",
            "git fetch --unshallow, or --version X.Y.Z",
        )
    return last or next(iter(every), None)


def is_backport(project: Project, version: str, public: Mapping[str, str]) -> bool:
    """Tell whether a version continues an older line: HEAD comes after none of the higher ones, and
    the line (`1.2` of 1.2.9) ends below it."""
    mine = parse(version)
    higher = {number: commit for number, commit in public.items() if parse(number) > mine}
    line = "{major}" if mine.major else "0.{minor}"
    known = any(
        expand(line, number) == expand(line, mine) for number in public if number not in higher
    )
    return (
        known
        and highest_of_line("{major}.{minor}", mine, public)
        and not any(before_head(project, higher))
    )


def previous(project: Project, component: Component, version: str) -> tuple[str, str]:
    """Return the tag and commit of the version before one, two empty texts where it is the first.

    A prerelease is only before other prereleases.
    """
    mine = parse(version)
    for number, commit in tagged(project, component).items():
        if parse(number) < mine and (mine.prerelease or not is_prerelease(number)):
            tag = tag_name(component, number)
            if git.commit_of(project.root, commit) is None:
                git.fetch_tag(project.root, tag, name_it=False)
            return tag, commit
    return "", ""

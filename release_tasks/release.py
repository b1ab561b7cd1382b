"""Release: the frozen facts of the release at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import memo, shell
from release_tasks.errors import ReleaseError
from release_tasks.project.tags import carried, refusal, tag_name, version_in
from release_tasks.tools import git
from release_tasks.tools.git import worktree
from release_tasks.versions.numbers import parse
from release_tasks.versions.requests import parse_request

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project


@dataclass(frozen=True)
class ComponentRelease:
    """One component with the version and tag that it is released under."""

    component: Component
    version: str
    tag: str
    dist: Path  # dist/<tag>/


@dataclass(frozen=True)
class Release:
    """What is released, from which commit. `tree` has the files of that commit: the
    checkout itself, or a work tree of the tag's commit where HEAD has moved on."""

    project: Project
    parts: tuple[ComponentRelease, ...]
    checkout: Path
    source_tree: Path
    commit: str
    is_tagged: bool  # the tag exists, so `commit` is the tag's and nothing is edited any more

    @classmethod
    def at(cls, c: Context, version: str | None = None, component: str | None = None) -> Release:
        """Return the release of `version` (default: the one this checkout is at).

        `version` is one version, or `core=0.5.0,python=0.4.0`; `component` names the one that
        a single version is for. Raises `ReleaseError` for a bad version or component, outside of
        a repository, and where the tag's commit cannot be had.
        """
        return _at(shell.is_dry(c), version, component)

    @classmethod
    def at_head(cls, c: Context, version: str | None, component: str | None) -> Release:
        """Return the release of `version` from HEAD, although it may have a tag elsewhere."""
        return _at(shell.is_dry(c), version, component, at_head=True)

    @property
    def epoch(self) -> int:
        """Return when the commit was made, in seconds since 1970 (UTC)."""
        return git.commit_time(self.checkout, self.commit)

    @property
    def request(self) -> str:
        """Return what `--version` takes to mean this release."""
        one_of_one = len(self.project.components) == 1
        return ",".join(
            p.version if one_of_one else f"{p.component.name}={p.version}" for p in self.parts
        )

    @property
    def version_mismatches(self) -> list[ReleaseError]:
        """Return an error for each component whose manifests have not the version it is released under."""
        errors = []
        for part in self.parts:
            wrong = {
                name: there
                for name, there in carried(self.project, part.component).items()
                if there != part.version
            }
            for name, there in list(wrong.items())[:1]:
                more = f" (and {len(wrong) - 1} more)" if wrong.keys() - {name} else ""
                fix = (
                    f"inv retag --version {self.request}"
                    if self.is_tagged
                    else f"inv bump --version {self.request}"
                )
                errors.append(
                    ReleaseError(
                        f"{name} is at {there} in its manifest, not at {part.version}{more}", fix
                    )
                )
        return errors

    @property
    def title(self) -> str:
        """Return the components and versions in one line, as a person would say them."""
        return " + ".join(f"{part.component.name} {part.version}" for part in self.parts)

    @property
    def target(self) -> Path:
        """Return the folder in which cargo builds; a work tree uses that of the checkout."""
        folder = (
            self.project.workspace.target if self.project.workspace else self.source_tree / "target"
        )
        return (
            self.checkout / folder.relative_to(self.source_tree)
            if folder.is_relative_to(self.source_tree)
            else folder
        )

    @property
    def build_env(self) -> dict[str, str]:
        """Return the variables that every build of this release gets."""
        fixed = {"SOURCE_DATE_EPOCH": str(self.epoch), "TZ": "UTC"}
        return fixed | self.project.settings.build.env


@memo.memoized
def _at(is_dry: bool, version: str | None, component: str | None, at_head: bool = False) -> Release:
    from release_tasks.project import discovery

    top = git.top(Path.cwd())
    head = git.head(top)
    if head not in git.tags(top).values() and git.remote_url(top):
        memo.prefetch(git.remote_refs, top)
    discovery.prefetch(top)
    project = discovery.discover(top)
    wanted = _versions(project, top, head, version, component)
    tag_of = {name: tag_name(project.component(name), number) for name, number in wanted.items()}
    commit = None if at_head else _tagged_commit(top, tuple(tag_of.values()), head, is_dry)
    tree = top
    if commit and (commit != head or git.changed(top)):
        tree = worktree.at(top, next(iter(tag_of.values())), commit)
        project = discovery.discover(tree)
    parts = tuple(
        ComponentRelease(project.component(name), number, tag_of[name], top / "dist" / tag_of[name])
        for name, number in wanted.items()
    )
    at = commit or head
    return Release(project, parts, top, tree, at, commit is not None)


def _versions(
    project: Project, top: Path, head: str, version: str | None, component: str | None
) -> dict[str, str]:
    if version is None:
        return _current(project, project.component(component) if component else None, top, head)
    wanted: dict[str, str] = {}
    for name, number in parse_request(version).items():
        one = project.component(name or component)
        wanted[one.name] = str(parse(number))
        if error := refusal(one, wanted[one.name]):
            raise error
    return wanted


def _current(project: Project, only: Component | None, top: Path, head: str) -> dict[str, str]:
    """Return the versions this checkout is at: those of the tags at HEAD, else those of the manifests."""
    chosen = [only] if only else list(project.components)
    here = [tag for tag, commit in git.tags(top).items() if commit == head]
    tagged = {one: [number for tag in here if (number := version_in(one, tag))] for one in chosen}
    exact = {one.name: numbers[0] for one, numbers in tagged.items() if len(numbers) == 1}
    if exact:
        return exact
    for one, numbers in tagged.items():
        if one.version is None:
            fact = (
                f"{' and '.join(numbers)} of {one.name} are tagged"
                if numbers
                else f"no tag of {one.name} is"
            )
            raise ReleaseError(f"{fact} at HEAD", "check out a tag, or say --version X.Y.Z")
    return {one.name: str(one.version) for one in chosen}


def _tagged_commit(top: Path, tags: tuple[str, ...], head: str, is_dry: bool) -> str | None:
    local = git.tags(top)
    if all(local.get(tag) == head for tag in tags) and not git.changed(top):
        return head
    if git.remote_url(top) is None:
        return None
    public = {tag: commit for tag in tags if (commit := git.remote_tag(top, tag))}
    for tag, commit in public.items():
        if local.get(tag, commit) != commit:
            raise ReleaseError(
                f"tag {tag} is at {commit[:7]} on origin and at {local[tag][:7]} here",
                f"git fetch --force origin tag {tag}",
            )
        if tag not in local:
            git.fetch_tag(top, tag, name_it=not is_dry)
    if not public:
        return None  # tags that only this machine has move with a fixed commit
    one, *others = {public.get(tag, local.get(tag, "")) for tag in tags}
    if others:
        raise ReleaseError(
            f"the tags {', '.join(tags)} are on different commits",
            "release one at a time: --component NAME",
        )
    return one

"""Release: the frozen facts of the release at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import memo, shell
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.project import checkout_versions
from release_tasks.project.tags import carried, tag_name
from release_tasks.tools import git
from release_tasks.tools.git import known_tags, origin, whole, worktree

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project


@dataclass(frozen=True)
class ComponentRelease:
    """One component with the version and tag that it is released under."""

    component: Component
    version: str
    tag: str
    dist: Path  # dist/<tag>/
    # no version: the newest commit, with the version that its manifests have
    is_edge: bool = False
    is_alone: bool = True  # the project has no other component

    @property
    def request(self) -> str:
        """Return the value of `--version` that means this component's version."""
        if self.is_alone:
            return self.version
        return f"{self.component.name}={self.version}"


@dataclass(frozen=True)
class Release:
    """What is released, and from which commit.

    `source_tree` has the files of that commit: the checkout itself, or a work tree of the tag's
    commit if HEAD is elsewhere, or if a submodule or a file of Git LFS is missing here.
    """

    project: Project
    parts: tuple[ComponentRelease, ...]
    checkout: Path
    source_tree: Path
    commit: str
    # the tag exists: `commit` is the tag's, and nothing is edited any more
    is_tagged: bool
    # else it is the next patch, because this checkout has no version that can be released
    is_requested: bool = True

    @classmethod
    def at(
        cls,
        c: Context,
        version: str | None = None,
        component: str | None = None,
    ) -> Release:
        """Return the release of `version` (default: the one this checkout is at).

        `version` is one version, or `core=0.5.0,python=0.4.0`; `component` names the one that
        a single version is for. Raises `ReleaseError` for a version or component that is not
        valid, outside of a repository, and if the tag's commit cannot be fetched.
        """
        return _at(shell.is_dry(c), version, component)

    @classmethod
    def at_head(
        cls, c: Context, version: str | None, component: str | None
    ) -> Release:
        """Return the release of `version` from HEAD, even if its tag is elsewhere."""
        return _at(shell.is_dry(c), version, component, at_head=True)

    @classmethod
    def at_or_next(
        cls, c: Context, version: str | None, component: str | None
    ) -> Release:
        """Return the release of `version`; by default the next patch where this checkout has none.

        It has none where only tags have the version, where it stands for a later one, such as
        1.3.0.dev0 of a Python package, and where it is released and HEAD has gone on since.
        """
        return _at(shell.is_dry(c), version, component, or_next=True)

    @property
    def epoch(self) -> int:
        """Return when the commit was made, in seconds since 1970 (UTC)."""
        return git.commit_time(self.checkout, self.commit)

    @property
    def request(self) -> str:
        """Return the value of `--version` that means this release."""
        return ",".join(part.request for part in self.parts)

    @property
    def title(self) -> str:
        """Return the components and versions in one line, as a person would say them."""
        return " + ".join(
            f"{part.component.name} {part.version}" for part in self.parts
        )

    @property
    def version_mismatches(self) -> list[ReleaseError]:
        """Return an error for each component whose manifests have another version."""
        command = "inv retag" if self.is_tagged else "inv bump"
        errors = []
        for part in self.parts:
            wrong = []
            for name, version in carried(self.project, part.component).items():
                if version == part.version:
                    continue
                fact = f"the manifest of {name} has {version}, expected {part.version}"
                if self.is_tagged:
                    fact = f"at the tag {part.tag} {fact}"
                wrong.append(fact)
            if wrong:
                more = f" (and {len(wrong) - 1} more)" if wrong[1:] else ""
                fix = f"{command} --version {self.request}"
                errors.append(ReleaseError(f"{wrong[0]}{more}", fix))
        return errors

    @property
    def cargo_tree(self) -> Path:
        """Return the folder of `source_tree` that has the workspace's Cargo.toml."""
        return self.source_tree / self.project.cargo_folder

    @property
    def target(self) -> Path:
        """Return the folder in which cargo builds; a work tree uses that of the checkout."""
        folder = self.cargo_tree / "target"
        if self.project.workspace:
            folder = self.project.workspace.target
        if folder.is_relative_to(self.source_tree):
            return self.checkout / folder.relative_to(self.source_tree)
        return folder

    @property
    def build_env(self) -> dict[str, str]:
        """Return the variables that every build of this release gets."""
        fixed = {"SOURCE_DATE_EPOCH": str(self.epoch), "TZ": "UTC"}
        return fixed | self.project.settings.build.env


@memo.memoizing()
@memo.memoized
def _at(
    is_dry: bool,
    version: str | None,
    component: str | None,
    at_head: bool = False,
    or_next: bool = False,
) -> Release:
    from release_tasks.project import discovery

    checkout = git.top(Path.cwd())
    head = git.head(checkout)
    if head not in git.tags(checkout).values() and origin.url(checkout):
        memo.prefetch(origin.refs, checkout)
    discovery.prefetch(checkout)
    project = discovery.discover(checkout)
    following = None
    if or_next and version is None:
        following = checkout_versions.following(project, component)
    versions = following or checkout_versions.asked(project, version, component)
    tags = {
        name: tag_name(project.component(name), versions[name])
        for name in versions
    }
    tag_commit = None
    if not at_head:
        tag_commit = _tagged_commit(
            checkout, tuple(tags.values()), head, is_dry
        )
    source_tree = checkout
    is_there = tag_commit == head and not git.changed(checkout)
    if tag_commit and not (is_there and not whole.missing(checkout)):
        source_tree = worktree.at(
            checkout, next(iter(tags.values())), tag_commit
        )
        project = discovery.discover(source_tree)
    parts = []
    for name, tag in tags.items():
        dist = checkout / "dist" / tag
        parts.append(
            ComponentRelease(
                project.component(name),
                versions[name],
                tag,
                dist,
                is_alone=len(project.components) == 1,
            )
        )
    return Release(
        project,
        tuple(parts),
        checkout,
        source_tree,
        commit=tag_commit or head,
        is_tagged=tag_commit is not None,
        is_requested=following is None,
    )


def _tagged_commit(
    checkout: Path, tags: tuple[str, ...], head: str, is_dry: bool
) -> str | None:
    """Return the commit of the tags, None while they may still move.

    Tags that only this machine has move with the next commit.
    """
    local = git.tags(checkout)
    if all(local.get(tag) == head for tag in tags) and not git.changed(
        checkout
    ):
        return head
    if origin.url(checkout) is None:
        return None
    public = _public_tags(checkout, tags)
    for tag, commit in public.items():
        if tag not in local:
            origin.fetch_tag(checkout, tag, name_it=not is_dry)
        elif local[tag] != commit:
            raise ReleaseError(
                f"tag {tag} is at {commit[:7]} on origin and at {local[tag][:7]} here",
                f"git fetch --force {word(origin.remote_name(checkout))} tag {word(tag)}",
            )
    if not public:
        return None
    commits = {public.get(tag, local.get(tag, "")) for tag in tags}
    if len(commits) > 1:
        raise ReleaseError(
            f"the tags {shorten(tags)} are on different commits",
            "release one at a time: --component NAME",
        )
    return commits.pop()


def _public_tags(checkout: Path, tags: tuple[str, ...]) -> dict[str, str]:
    """Return those tags that origin has, and their commits."""
    public = known_tags.tags(checkout)
    return {tag: public[tag] for tag in tags if tag in public}

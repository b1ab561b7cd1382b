"""Release: the frozen facts of the release at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import memo, shell, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.project.history import tagged
from release_tasks.project.model import resolved_or_empty
from release_tasks.project.tags import (
    carried,
    manifest_version,
    refusal,
    tag_name,
    version_in,
)
from release_tasks.project.version_levels import resolve
from release_tasks.tools import ci, git
from release_tasks.tools.git import known_tags, origin, whole, worktree
from release_tasks.versions.numbers import parse, pep440
from release_tasks.versions.requests import parse_request

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project

Versions = dict[str, str]  # by component


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

        It has none where only tags have the version, or where it stands for a later one, such as
        1.3.0.dev0 of a Python package.
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
    versions = None
    if or_next and version is None:
        versions = _next(project, component, head)
    if versions is None:
        versions = _versions(project, checkout, head, version, component)
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
    )


def _versions(
    project: Project,
    checkout: Path,
    head: str,
    version: str | None,
    component: str | None,
) -> Versions:
    """Return the versions that are requested, else those that the checkout is at."""
    if version is None:
        components = project.components
        if component:
            components = (project.component(component),)
        return _current(components, checkout, head)
    versions: Versions = {}
    for name, number in parse_request(resolve(version, component)).items():
        for requested in project.requested(name or component):
            versions[requested.name] = str(parse(number))
            error = refusal(requested, versions[requested.name])
            if error:
                raise error
    return versions


def _next(
    project: Project, component: str | None, head: str
) -> Versions | None:
    """Return the next patch of the only component, None where the checkout has a version."""
    components = project.components
    if component:
        components = (project.component(component),)
    if len(components) > 1:
        return None
    [one] = components
    local = git.tags(project.root)
    at_head = [tag for tag, commit in local.items() if commit == head]
    why = _why_no_version(project.root, one)
    is_tagged = any(version_in(one, tag) for tag in at_head)
    if not why or is_tagged or not tagged(project, one):
        return None
    version = resolve("patch", one.name)
    terminal.notice(f"checking {version}, the next patch: {why}")
    return {one.name: version}


def _why_no_version(root: Path, component: Component) -> str:
    """Return why a component's manifests have no version that can be released, "" if they have."""
    if component.unknown_version:
        return ""  # that is an error of its own
    try:
        version = manifest_version(root, component)
        if version and resolved_or_empty(component.python):
            pep440(version)
    except ReleaseError as error:
        return error.problem
    return "" if version else "no manifest has the version"


def _current(
    components: tuple[Component, ...], checkout: Path, head: str
) -> Versions:
    """Return the versions of the tags at HEAD, else those of the manifests.

    Of several tags of a component, the one counts that started this run of CI.
    """
    at_head = [
        tag for tag, commit in git.tags(checkout).items() if commit == head
    ]
    found: Versions = {}
    for component in components:
        versions = {
            tag: version
            for tag in at_head
            if (version := version_in(component, tag))
        }
        started_by = ci.tag()
        if len(versions) == 1:
            found[component.name] = next(iter(versions.values()))
        elif started_by in versions:
            found[component.name] = versions[started_by]
    if found:
        return found
    components = _to_release(components, checkout)
    for component in components:
        if component.version is None:
            _refuse_without_version(component, at_head)
    return {
        component.name: str(manifest_version(checkout, component))
        for component in components
    }


def _to_release(
    components: tuple[Component, ...], checkout: Path
) -> tuple[Component, ...]:
    """Return the components whose versions have no tag, all of them where every one has.

    What was released from other commits is not what a checkout is about to release.
    """
    if len(components) == 1:
        return components
    known = known_tags.tags(checkout)
    missing = tuple(
        one
        for one in components
        if one.version and tag_name(one, one.version) not in known
    )
    if missing and len(missing) < len(components):
        names = ", ".join(one.name for one in missing)
        terminal.notice(f"going by {names}: the other versions have tags")
    return missing or components


def _refuse_without_version(component: Component, at_head: list[str]) -> None:
    """Raise `ReleaseError` for a component whose only version is a tag that HEAD does not have."""
    if component.unknown_version:
        raise component.unknown_version
    tags = [tag for tag in at_head if version_in(component, tag)]
    fact = f"HEAD has no tag of {component.name}"
    if tags:
        fact = f"HEAD has several tags of {component.name}: {', '.join(tags)}"
    raise ReleaseError(fact, "check out a tag, or add --version X.Y.Z")


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

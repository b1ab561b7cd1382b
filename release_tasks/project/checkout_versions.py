"""Which versions a command is about: those of its request, of the checkout, or the next ones."""

from __future__ import annotations

from pathlib import Path

from release_tasks import terminal
from release_tasks.errors import ReleaseError
from release_tasks.project.history import finished, tagged
from release_tasks.project.model import (
    Component,
    Project,
    resolved_or_empty,
)
from release_tasks.project.tags import (
    manifest_version,
    refusal,
    tag_name,
    version_in,
)
from release_tasks.project.unreleased import unreleased
from release_tasks.project.version_levels import resolve
from release_tasks.tools import ci, git
from release_tasks.tools.git import known_tags
from release_tasks.versions.numbers import parse, pep440
from release_tasks.versions.requests import parse_request

Versions = dict[str, str]  # by component


def asked(
    project: Project, version: str | None, component: str | None
) -> Versions:
    """Return the versions that `--version` asks for, else those that the checkout is at.

    Raises `ReleaseError` for a version or component that is not valid, and for a component that has
    its version from tags, and none at HEAD.
    """
    if version is None:
        return _current(project, component)
    found: Versions = {}
    for name, number in parse_request(resolve(version, component)).items():
        for one in project.requested(name or component):
            found[one.name] = str(parse(number))
            error = refusal(one, found[one.name])
            if error:
                raise error
    return found


def _current(project: Project, component: str | None) -> Versions:
    """Return the versions of the tags at HEAD, else those of the manifests.

    Of several tags of a component, the one counts that started this run of CI.
    """
    components = _components(project, component)
    at_head = _tags_at_head(project)
    found: Versions = {}
    for one in components:
        versions = {
            tag: version for tag in at_head if (version := version_in(one, tag))
        }
        started_by = ci.tag()
        if len(versions) == 1:
            found[one.name] = next(iter(versions.values()))
        elif started_by in versions:
            found[one.name] = versions[started_by]
    if found:
        return found
    components = _to_release(components, project.root)
    for one in components:
        if one.version is None:
            _refuse_without_version(one, at_head)
    return {
        one.name: str(manifest_version(project.root, one)) for one in components
    }


def following(project: Project, component: str | None) -> Versions | None:
    """Return the next patches, None where the checkout has a version that can be released.

    It has none where only tags have it, where the manifests stand for a later one, such as
    1.3.0.dev0 of a Python package, and where it is released and HEAD has gone on since. Of several
    components whose versions are all released, those count that have changed.
    """
    components = _components(project, component)
    try:
        if len(components) == 1:
            reasons = {one.name: _why_next(project, one) for one in components}
        else:
            reasons = _why_all_next(project, components)
        if not reasons or not all(reasons.values()):
            return None
        versions = {name: resolve("patch", name) for name in reasons}
    except ReleaseError:
        return None  # what is wrong is said about the version of this checkout
    for name, version in versions.items():
        subject = version if len(components) == 1 else f"{name} {version}"
        terminal.notice(f"checking {subject}, the next patch: {reasons[name]}")
    return versions


def _components(
    project: Project, component: str | None
) -> tuple[Component, ...]:
    if component:
        return (project.component(component),)
    return project.components


def _tags_at_head(project: Project) -> list[str]:
    head = git.head(project.root)
    tags = git.tags(project.root)
    return [tag for tag, commit in tags.items() if commit == head]


def _why_next(project: Project, component: Component) -> str:
    """Return why a component's next version is meant, "" where it is that of the checkout."""
    if any(version_in(component, tag) for tag in _tags_at_head(project)):
        return ""
    why = _why_no_version(project.root, component)
    if why:
        return why if tagged(project, component) else ""
    return _why_gone_on(project, component)


def _why_all_next(
    project: Project, components: tuple[Component, ...]
) -> dict[str, str]:
    """Return why each component's next version is meant, of those that have changed."""
    reasons = {one.name: _why_next(project, one) for one in components}
    if not all(reasons.values()):
        return {}
    return {
        one.name: reasons[one.name]
        for one in components
        if unreleased(project, one, now=0.0).commits
    }


def _why_gone_on(project: Project, component: Component) -> str:
    """Return "0.1.0 is released" where HEAD is after the release of its own version, else ""."""
    if component.unknown_version or not component.version:
        return ""
    root = project.root
    version = str(manifest_version(root, component))
    commit = finished(project, component).get(version)
    head = git.head(root)
    if commit is None or commit == head or not git.commit_of(root, commit):
        return ""
    if not git.is_ancestor(root, commit, head):
        return ""
    return f"{version} is released"


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

"""Version levels: `minor` counts from the last finished release, so the same command resumes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.memo import memoizing
from release_tasks.project.discovery import discover
from release_tasks.project.history import finished, last_finished, tagged
from release_tasks.project.model import Component, Project
from release_tasks.project.tags import manifest_version, version_in
from release_tasks.project.unreleased import unreleased
from release_tasks.tools import git
from release_tasks.tools.git import clones, known_tags, origin
from release_tasks.versions.numbers import (
    COUNTED,
    PRERELEASE_IDS,
    as_semver,
    is_lower,
    is_prerelease,
    parse,
)
from release_tasks.versions.requests import (
    AUTO,
    matches_level,
    next_version,
    parse_request,
)


@memoizing()
def resolve(version: str, component: str | None) -> str:
    """Return the request with every level replaced by a version, `0.3.0` for `minor`.

    Raises `ReleaseError` for a request that is not valid.
    """
    requests = parse_request(version)
    if all(_is_number(request) for request in requests.values()):
        return version
    project = discover(git.top(Path.cwd()))
    found = []
    for name, request in requests.items():
        number = request
        if not _is_number(request):
            components = project.requested(name or component)
            number = _highest(project, components, request)
        found.append(f"{name}={number}" if name else number)
    return ",".join(found)


def _is_number(request: str) -> bool:
    return request[:1].isdigit()


def _highest(
    project: Project, components: tuple[Component, ...], level: str
) -> str:
    """Return what a level means for components that are kept at one version, or for one alone."""
    versions: list[str] = []
    errors: list[ReleaseError] = []
    for component in components:
        try:
            versions.append(_version(project, component, level))
        except ReleaseError as error:
            errors.append(error)
    if errors and (level != AUTO or not versions):
        raise errors[0]
    return max(versions, key=parse)


def _version(project: Project, component: Component, level: str) -> str:
    last = last_finished(project, component)
    if last is None:
        return _first_version(project, component, level)
    versions = finished(project, component)
    is_at_head = versions[last] == git.head(project.root)
    if level == AUTO and not is_at_head:
        level = _suggested(project, component, last)
    is_last = matches_level(last, level) or not is_prerelease(last)
    if is_at_head and (is_last or level == AUTO):
        # nothing was committed since: the release may have been interrupted
        return last
    following = _above_manifests(project, component, last, level)
    if following in versions:
        raise ReleaseError(
            f"{following}, the {level} version after {last}, is public, "
            "but its commit is not in HEAD's history",
            "--version X.Y.Z",
        )
    return following


def _above_manifests(
    project: Project, component: Component, last: str, level: str
) -> str:
    """Return what a level means after a version, or after the manifests that have gone further.

    Their version was released without a tag, or stands for the next one: where they have
    0.3.0-dev, 0.3.0 comes after 0.2.0 whatever the level, and 0.3.0-rc.1 is its first prerelease.
    """
    following = next_version(last, level)
    if component.version is None or not is_lower(following, component.version):
        return following
    upcoming = _upcoming(project.root, component)
    if not is_lower(following, upcoming):
        return following
    number = parse(upcoming)
    stage = number.prerelease or ""
    if is_prerelease(following) and stage and not COUNTED.fullmatch(stage):
        first = level if level in PRERELEASE_IDS else "rc"
        return f"{number.finalize_version()}-{first}.1"
    return next_version(upcoming, level)


def _suggested(project: Project, component: Component, last: str) -> str:
    """Return the level that `inv next` suggests; raise `ReleaseError` where it suggests none."""
    level = unreleased(project, component, now=0.0).level
    if not level:
        raise ReleaseError(
            f"nothing of {component.name} has changed since {last}",
            "--version patch, to release it all the same",
        )
    return level


def _first_version(project: Project, component: Component, level: str) -> str:
    """Return what a level means before any release is finished: one that was begun is resumed."""
    if level == AUTO:
        raise ReleaseError(
            f"{component.name} has no release that auto could count from",
            "--version X.Y.Z",
        )
    root = project.root
    tags = (version_in(component, tag) for tag in git.tags(root))
    begun = {version for version in tags if version} | set(
        tagged(project, component)
    )
    if not begun and not _has_readable_origin(root):
        raise ReleaseError(
            f"{level} counts from the last release of {component.name}: none of its tags is here, "
            "and the remote origin cannot be read",
            "--version X.Y.Z",
        )
    if not begun:
        return next_version(_committed_version(root, component), level)
    highest = max(begun, key=parse)
    if len(begun) == 1 and matches_level(highest, level):
        return highest
    return _above_manifests(project, component, highest, level)


def _has_readable_origin(root: Path) -> bool:
    return origin.url(root) is None or known_tags.is_readable(root)


def _committed_version(root: Path, component: Component) -> str:
    """Return the version that HEAD's manifests have; an interrupted bump has changed the files."""
    with _committed(root) as tree:
        committed = _at(tree, component)
        if committed.unknown_version:
            raise committed.unknown_version
        return manifest_version(tree, committed) or "0.0.0"


def _upcoming(root: Path, component: Component) -> str:
    """Return what HEAD's manifests have or stand for: `3.2.0-dev` for 3.2.0.dev1 of Python.

    It is "" for what SemVer does not have, such as a post release.
    """
    with _committed(root) as tree:
        version = _at(tree, component).version or ""
    release, is_dev, _ = version.partition(".dev")
    try:
        number = parse(as_semver(release))
    except ReleaseError:
        return ""
    if is_dev and not number.prerelease:
        return f"{number}-dev"
    return str(number)


@contextmanager
def _committed(root: Path) -> Iterator[Path]:
    """Yield a folder with the manifests of HEAD."""
    if not git.changed(root):
        yield root
        return
    with clones.manifests_at(root, git.head(root)) as tree:
        yield tree


def _at(tree: Path, component: Component) -> Component:
    """Return a component as the manifests of a tree have it."""
    components = discover(tree).components
    named = [one for one in components if one.name == component.name]
    return named[0] if named else components[0]

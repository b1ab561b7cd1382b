"""Which tags an image gets: those of one version, which never move, and those that do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Image, resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import git
from release_tasks.versions import earlier_tags
from release_tasks.versions.numbers import is_prerelease
from release_tasks.versions.templates import (
    expand,
    is_moving,
    oci_tag,
    version_template,
)


def shipped(release: Release) -> Iterator[tuple[ComponentRelease, Image]]:
    """Yield every image with its component."""
    for part in release.parts:
        for image in resolved_or_raise(part.component.images):
            yield part, image


def version_tag(part: ComponentRelease, image: Image) -> str:
    """Return the tag with the whole version; raise `ReleaseError` when no template makes one."""
    return _version_template(image).replace("{version}", oci_tag(part.version))


def fixed_tags(
    release: Release, part: ComponentRelease, image: Image
) -> tuple[str, ...]:
    """Return the tags that stay with this version."""
    tags: dict[str, None] = {}  # in order, each once
    for template in image.tags:
        if is_moving(template):
            continue
        tag = expand(template, part.version, sha=release.commit[:7])
        if tag:
            tags[tag] = None
    return tuple(tags)


def moving_tags(part: ComponentRelease, image: Image) -> dict[str, str]:
    """Return the template of each tag that moves to this version; a prerelease has none.

    A tag without a number, like `latest`, belongs to the component with `latest = true`.
    """
    if is_prerelease(part.version):
        return {}
    found = {}
    for template in image.tags:
        is_owned = part.component.latest or "{" in template
        tag = expand(template, part.version) if is_moving(template) else None
        if tag and is_owned:
            found[tag] = template
    return found


def versions_by_tag(
    release: Release, part: ComponentRelease, image: Image, tags: Iterable[str]
) -> dict[str, Version]:
    """Return the version of each tag of a registry that stands for one, in any form.

    What only looks like a version (`1.4`, `2026.04.01`) counts where a git tag has it, too.
    """
    before, after = _version_template(image).split("{version}")
    names = _names(release, part, image)
    released = _released_numbers(release, names)
    found = {}
    for tag in tags:
        one = earlier_tags.version_of(tag, names, before, after)
        if one is None:
            continue
        minor = (one.version.major, one.version.minor)
        if one.is_exact or minor in released:
            found[tag] = one.version
    return found


def _names(release: Release, part: ComponentRelease, image: Image) -> set[str]:
    """Return the names that a tag may have before its version."""
    return {
        part.component.name,
        release.project.name,
        image.reference.rpartition("/")[2],
    }


def _released_numbers(
    release: Release, names: set[str]
) -> set[tuple[int, int]]:
    """Return the first two numbers of every version that has a git tag."""
    found = set()
    for tag in git.tags(release.checkout):
        one = earlier_tags.version_of(tag, names)
        if one is not None:
            found.add((one.version.major, one.version.minor))
    return found


def _version_template(image: Image) -> str:
    template = version_template(image.tags)
    if template is None:
        raise ReleaseError(
            f"no tag of {image.name} is made from the version",
            'add "{version}" to its tags',
        )
    return template

"""Which tags an image gets: those of one version, which never move, and those that do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Image, resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.versions.numbers import is_prerelease
from release_tasks.versions.templates import expand, is_moving, oci_tag

_NUMBER = r"(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)"


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


def stable_versions(image: Image, tags: Iterable[str]) -> dict[str, str]:
    """Return the stable versions among the tags of a registry, and the tag of each."""
    before, after = _version_template(image).split("{version}")
    pattern = re.compile(f"{re.escape(before)}{_NUMBER}{re.escape(after)}")
    found = {}
    for tag in tags:
        match = pattern.fullmatch(tag)
        # the pattern takes 01.2.3, which is not a version
        if match and Version.is_valid(match[1]) and not is_prerelease(match[1]):
            found[match[1]] = tag
    return found


def _version_template(image: Image) -> str:
    for template in image.tags:
        if re.findall(r"{\w*}", template) == ["{version}"]:
            return template
    raise ReleaseError(
        f"no tag of {image.reference} is made from the version",
        'add "{version}" to its tags',
    )

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
    """Yield every image with the part of the release that it belongs to."""
    for part in release.parts:
        yield from ((part, image) for image in resolved_or_raise(part.component.images))


def version_tag(part: ComponentRelease, image: Image) -> str:
    """Return the tag that carries the version; raise `ReleaseError` where there can be none."""
    return _template(image).replace("{version}", oci_tag(part.version))


def fixed_tags(release: Release, part: ComponentRelease, image: Image) -> tuple[str, ...]:
    """Return the tags that stay with this version."""
    fixed = (template for template in image.tags if not is_moving(template))
    tags = (expand(template, part.version, sha=release.commit[:7]) for template in fixed)
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def moving_tags(part: ComponentRelease, image: Image) -> dict[str, str]:
    """Return the tags that move to this version, and their templates; a prerelease has none.

    One without a number in it, like `latest`, belongs to the component with `latest`.
    """
    if is_prerelease(part.version):
        return {}
    owned = (t for t in image.tags if is_moving(t) and (part.component.latest or "{" in t))
    return {tag: template for template in owned if (tag := expand(template, part.version))}


def finished(image: Image, tags: Iterable[str]) -> dict[str, str]:
    """Return the finished versions among the tags of a registry, and the tag of each."""
    before, after = _template(image).split("{version}")
    pattern = re.compile(f"{re.escape(before)}{_NUMBER}{re.escape(after)}")
    versions = {got[1]: tag for tag in tags if (got := pattern.fullmatch(tag))}
    # 01.2.3 is somebody's tag, no version
    return {
        version: tag
        for version, tag in versions.items()
        if Version.is_valid(version) and not is_prerelease(version)
    }


def _template(image: Image) -> str:
    for template in image.tags:
        if re.findall(r"{\w*}", template) == ["{version}"]:
            return template
    raise ReleaseError(
        f"no tag of {image.reference} is made from the version", 'add "{version}" to its tags'
    )

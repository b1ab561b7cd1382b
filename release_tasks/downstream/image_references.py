"""Our images in the files of another repository: Dockerfiles, Compose, manifests, values of charts.

An image is written as one text (`ghcr.io/acme/app:1.2.0`), or in YAML as `repository` and `tag`
of one mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from semver import Version

from release_tasks.downstream.uses import OurImage, Ours, Place, Use, stays
from release_tasks.errors import ReleaseError
from release_tasks.manifests import yaml_values
from release_tasks.manifests.version_locations import Edit, Value
from release_tasks.manifests.yaml_values import KeyPath
from release_tasks.rules import oci
from release_tasks.versions.numbers import parse
from release_tasks.versions.templates import expand, oci_tag

_NUMBER = r"(?:0|[1-9]\d*)"
_PATTERNS = {
    "version": rf"(?P<version>{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-[0-9A-Za-z.-]+)?)",
    "major": rf"(?P<major>{_NUMBER})",
    "minor": rf"(?P<minor>{_NUMBER})",
    "patch": rf"(?P<patch>{_NUMBER})",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TAG = r":(?P<tag>\w[\w.-]{0,127})"
_DIGEST = r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"


def names(ours: Ours) -> dict[str, OurImage]:
    """Return our images by every form in which others write their references."""
    found = {}
    for reference, image in ours.images.items():
        name = oci.name(reference)
        found[reference] = found[str(name)] = image
        if name.registry == oci.DOCKER_HUB:
            found[name.repository] = image
    return found


def searched(ours: Ours) -> set[str]:
    """Return texts of which a file that names an image of ours has one."""
    return {oci.name(reference).repository for reference in ours.images}


def uses(place: Place, ours: Ours) -> Iterator[Use]:
    """Yield each place that names an image of ours with the tag of a version."""
    is_yaml = place.path.endswith((".yaml", ".yml"))
    for name, image in names(ours).items():
        if name in place.text:
            yield from _in_text(place, name, image)
        if is_yaml and oci.name(name).repository in place.text:
            yield from _in_mappings(place, name, image)


def _in_text(place: Place, name: str, image: OurImage) -> Iterator[Use]:
    pattern = rf"(?<![\w/.:@-]){re.escape(name)}{_TAG}{_DIGEST}(?![\w@-])"
    for match in re.finditer(pattern, place.text):
        yield from _use(
            name, image, _span(match, "tag"), _span(match, "digest")
        )


def _span(match: re.Match[str], group: str) -> Value | None:
    if match[group] is None:
        return None
    return Value(match[group], *match.span(group))


def _in_mappings(place: Place, name: str, image: OurImage) -> Iterator[Use]:
    try:
        scalars = yaml_values.scalars(place.text, place.path)
    except ReleaseError:  # a template, or several documents
        return
    for keys, value in scalars.items():
        if not keys or keys[-1] != "repository":
            continue
        above = keys[:-1]
        if _full(scalars, above, value.value) == name:
            tag = scalars.get((*above, "tag"))
            yield from _use(name, image, tag, scalars.get((*above, "digest")))


def _full(
    scalars: dict[KeyPath, Value], above: KeyPath, repository: str
) -> str:
    registry = scalars.get((*above, "registry"))
    if registry is None:
        return repository
    return f"{registry.value}/{repository}"


def _use(
    name: str, image: OurImage, tag: Value | None, digest: Value | None
) -> Iterator[Use]:
    """Yield what a tag becomes, and the digest beside it; nothing for a tag of no version."""
    if tag is None:
        return
    for template in sorted(image.templates, key=_is_moving):
        found = _matching(template, tag.value)
        if found is not None:
            yield _moved(name, image, template, found, tag, digest)
            return


def _is_moving(template: str) -> bool:
    return "{version}" not in template


def _matching(template: str, tag: str) -> Version | None:
    """Return the version that a tag of this template stands for, None for another tag."""
    pieces = _PLACEHOLDER.split(template)
    placeholders = pieces[1::2]
    if not placeholders or not set(placeholders) <= set(_PATTERNS):
        return None
    pattern = ""
    for index, piece in enumerate(pieces):
        pattern += _PATTERNS[piece] if index % 2 else re.escape(piece)
    match = re.fullmatch(pattern, tag)
    if match is None:
        return None
    groups = match.groupdict()
    if groups.get("version"):
        return parse(groups["version"])
    numbers = [
        int(groups.get(name) or 0) for name in ("major", "minor", "patch")
    ]
    return Version(*numbers)


def _moved(
    name: str,
    image: OurImage,
    template: str,
    present: Version,
    tag: Value,
    digest: Value | None,
) -> Use:
    new = expand(template, oci_tag(image.version))
    number = parse(image.version)
    if present > number:
        return stays(name, tag.start, tag.value, f"it is above {number}")
    if new is None or (number.prerelease and _is_moving(template)):
        why = f"no tag of that form is for {number}"
        return stays(name, tag.start, tag.value, why)
    edits = []
    if new != tag.value:
        edits.append(Edit(tag.start, tag.end, new))
    if digest is not None:
        wanted = image.digests.get(new)
        if wanted is None:
            why = f"the digest beside it is not known for {new}"
            return stays(name, tag.start, tag.value, why)
        if wanted != digest.value:
            edits.append(Edit(digest.start, digest.end, wanted))
    return Use(name, tag.start, tag.value, new, tuple(edits))

"""What a release has for others, as the registries have it now."""

from __future__ import annotations

from release_tasks.channels import oci_registry
from release_tasks.downstream.uses import OurImage, Ours
from release_tasks.project.model import Image, resolved_or_empty
from release_tasks.release import ComponentRelease, Release
from release_tasks.versions.templates import expand, oci_tag

OCI_URL = "oci://"


def of(release: Release) -> Ours:
    """Return the names and versions of everything that the release consists of.

    Raises `ReleaseError` where a registry of an image cannot be read.
    """
    from packaging.utils import canonicalize_name

    crates, python, charts = {}, {}, {}
    images: dict[str, OurImage] = {}
    for part in release.parts:
        for crate in resolved_or_empty(part.component.crates):
            crates[crate.name] = part.version
        for package in resolved_or_empty(part.component.python):
            python[str(canonicalize_name(package.name))] = part.version
        for image in resolved_or_empty(part.component.images):
            known = images.get(image.reference)
            images[image.reference] = _image(part, image, known)
        for chart in resolved_or_empty(part.component.charts):
            folder, _, name = chart.reference.rpartition("/")
            charts[name, f"{OCI_URL}{folder}"] = part.version
    versions = {part.component.name: part.version for part in release.parts}
    repository = release.project.github_repository
    return Ours(repository, crates, python, images, charts, versions)


def _image(
    part: ComponentRelease, image: Image, known: OurImage | None
) -> OurImage:
    """Return an image with what its tags point to; `known` are its other flavors."""
    templates = () if known is None else known.templates
    digests = {} if known is None else dict(known.digests)
    for template in image.tags:
        if "{" not in template or "{sha}" in template:
            continue
        tag = expand(template, oci_tag(part.version))
        digest = tag and oci_registry.digest(image.reference, tag)
        if tag and digest:
            digests[tag] = digest
    return OurImage(part.version, (*templates, *image.tags), digests)

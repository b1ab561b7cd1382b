"""The images that a rendered chart names, in whatever key: in one text, or repository and tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from release_tasks.formats import yaml_texts
from release_tasks.rules import oci

_REFERENCE = re.compile(
    r"(?<![\w/.:@-])"
    r"(?P<name>[\w.-]+(?::\d+)?(?:/[\w.-]+)+)"
    r"(?::(?P<tag>\w[\w.-]*))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_IMAGE_KEY = re.compile(r"^[\s-]*image[\"']?:\s")


@dataclass(frozen=True)
class NamedImage:
    """An image in a rendered chart; `tag` is its tag or digest, `latest` where it has none."""

    reference: str
    tag: str

    @property
    def text(self) -> str:
        """Return it as an image is written."""
        sign = "@" if ":" in self.tag else ":"
        return f"{self.reference}{sign}{self.tag}"

    @property
    def name(self) -> oci.Name:
        """Return what registries know it by."""
        return oci.name(self.reference)


def named_images(manifests: str) -> tuple[NamedImage, ...]:
    """Return every image that rendered manifests name, each once.

    A text without a tag counts only as the value of `image`: elsewhere it may be anything.
    """
    found: dict[NamedImage, None] = {}
    for line in manifests.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for match in _REFERENCE.finditer(line):
            tag = match["digest"] or match["tag"]
            if tag or _IMAGE_KEY.match(line):
                found[NamedImage(match["name"], tag or "latest")] = None
    for image in _in_mappings(_documents(manifests)):
        found[image] = None
    return tuple(found)


def _documents(manifests: str) -> list[Any]:
    try:
        return yaml_texts.load_all(manifests, "the rendered chart")
    except yaml_texts.Unreadable:
        return []


def _in_mappings(value: Any) -> Iterator[NamedImage]:
    """Yield the images of mappings with `repository` and `tag`, as custom resources have them."""
    if isinstance(value, list):
        for one in value:
            yield from _in_mappings(one)
    if not isinstance(value, dict):
        return
    reference = value.get("repository")
    tag = value.get("digest") or value.get("tag")
    if isinstance(reference, str) and "/" in reference and tag:
        registry = value.get("registry")
        if registry:
            reference = f"{registry}/{reference}"
        yield NamedImage(reference, str(tag))
    for one in value.values():
        yield from _in_mappings(one)

"""Tags and pointers made from a version: templates, and which of them are pointers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import as_version

if TYPE_CHECKING:
    from semver import Version

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# in texts that may have braces of their own, such as `{{.Name}}`, `${NAME}` and JSON
_PLACEHOLDER_IN_TEXT = re.compile(r"(?<![{$])\{([A-Za-z_]\w*)\}(?!\})")
_OCI_TAG_LIMIT = 128  # characters; OCI distribution specification 1.1


def oci_tag(version: str | Version) -> str:
    """Return a version as an image or chart tag. Raises `ReleaseError` where OCI forbids it."""
    text = str(as_version(version))
    if "+" in text:
        plain = text.partition("+")[0]
        raise ReleaseError(
            f"{text} cannot be an OCI tag: `+` is not allowed",
            f"--version {plain}",
        )
    if len(text) > _OCI_TAG_LIMIT:
        raise ReleaseError(
            f"{text[:40]}... is longer than an OCI tag may be ({_OCI_TAG_LIMIT} characters)",
            "choose a shorter version",
        )
    return text


def expand(template: str, version: str | Version, **names: str) -> str | None:
    """Return a tag from its template (`{version}`, `{major}.{minor}`, `sha-{sha}`, `latest`).

    `names` are placeholders besides those of the version. The result is None for a template with
    `{major}` alone and a version 0.x, where each minor version is breaking (semver.org 2.0,
    item 4). Raises `ReleaseError` for an unknown placeholder.
    """
    number = as_version(version)
    if number.major == 0 and set(_PLACEHOLDER.findall(template)) == {"major"}:
        return None
    values = {
        "version": str(number),
        "major": str(number.major),
        "minor": str(number.minor),
        "patch": str(number.patch),
    } | names

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            available = ", ".join(f"{{{name}}}" for name in values)
            raise ReleaseError(
                f"{template} has an unknown placeholder {match[0]}",
                f"available: {available}",
            )
        return values[match[1]]

    return _PLACEHOLDER.sub(fill, template)


def version_template(templates: Iterable[str]) -> str | None:
    """Return the template of an image's tag with the whole version, and nothing else of it."""
    for template in templates:
        if re.findall(r"{\w*}", template) == ["{version}"]:
            return template
    return None


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its placeholders filled in; other braces stay.

    Raises `ReleaseError` for a placeholder that `values` does not have.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            available = ", ".join(f"{{{name}}}" for name in values)
            raise ReleaseError(
                f"{text} has an unknown placeholder {match[0]}",
                f"available: {available}; {{{match[0]}}} is text",
            )
        return values[match[1]]

    return _PLACEHOLDER_IN_TEXT.sub(value, text)


def placeholder_in(text: str) -> str | None:
    """Return the first placeholder of a text in which none is filled in."""
    found = _PLACEHOLDER_IN_TEXT.search(text)
    return found[0] if found else None


def is_moving(template: str) -> bool:
    """Return whether tags made from this template are pointers, which move between versions."""
    placeholders = set(_PLACEHOLDER.findall(template))
    return placeholders <= {"major", "minor"}


def highest_of_line(
    template: str, version: str | Version, others: Iterable[str | Version]
) -> bool:
    """Return whether no version of `others` with the same pointer is higher than `version`.

    Prereleases among `others` do not count.
    """
    mine = as_version(version)
    pointer = expand(template, mine)
    for other in map(as_version, others):
        if (
            not other.prerelease
            and other > mine
            and expand(template, other) == pointer
        ):
            return False
    return True

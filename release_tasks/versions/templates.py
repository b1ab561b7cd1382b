"""Tags and pointers made from a version: templates, and which of them may move."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import as_version

if TYPE_CHECKING:
    from semver import Version

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def oci_tag(version: str | Version) -> str:
    """Return a version as an image or chart tag; raise `ReleaseError` for one that no tag can hold."""
    text = str(as_version(version))
    if "+" in text:
        raise ReleaseError(
            f"{text} cannot be an OCI tag: a tag has no +", f"--version {text.partition('+')[0]}"
        )
    if len(text) > 128:
        raise ReleaseError(
            f"{text[:40]}... is longer than an OCI tag may be, 128 characters",
            "choose a shorter version",
        )
    return text


def expand(template: str, version: str | Version, **names: str) -> str | None:
    """Return a tag from its template (`{version}`, `{major}.{minor}`, `sha-{sha}`, `latest`).

    `names` are the placeholders besides those of the version. The answer is None where the template is
    `{major}` alone and the version 0.x, in which each minor version breaks (semver.org 2.0 item 4).
    """
    number = as_version(version)
    if number.major == 0 and set(_PLACEHOLDER.findall(template)) == {"major"}:
        return None
    known = (
        {"version": str(number)}
        | {part: str(getattr(number, part)) for part in ("major", "minor", "patch")}
        | names
    )

    def fill(match: re.Match[str]) -> str:
        if match[1] not in known:
            listed = ", ".join(f"{{{name}}}" for name in known)
            raise ReleaseError(
                f"{template} has {match[0]}, which nothing fills", f"known are {listed}"
            )
        return known[match[1]]

    return _PLACEHOLDER.sub(fill, template)


def is_moving(template: str) -> bool:
    """Tell whether a tag made from this template is a pointer, which moves from version to version."""
    fields = set(_PLACEHOLDER.findall(template))
    return not fields - {"major", "minor"}


def highest_of_line(template: str, version: str | Version, others: Iterable[str | Version]) -> bool:
    """Tell whether no finished version of `others` that shares this pointer is higher than `version`."""
    mine = as_version(version)
    line = expand(template, mine)
    finished = (one for one in map(as_version, others) if not one.prerelease)
    return all(one <= mine for one in finished if expand(template, one) == line)

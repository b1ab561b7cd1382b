"""What another repository can use of a release, and what one place that uses it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from release_tasks.manifests.version_locations import Edit

_DECORATION = re.compile(r"\Agit\+|[?#].*\Z")
_REVISION = re.compile(r"(://[^/]+/[^@]*)@.*\Z")  # pip's `URL@REF`


@dataclass(frozen=True)
class OurImage:
    """An image of the release: the templates of its tags, and its digest by tag."""

    version: str
    templates: tuple[str, ...]
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ours:
    """What a release consists of, by the names that others write. Versions are SemVer."""

    repository: str  # [HOST/]OWNER/NAME
    crates: Mapping[str, str] = field(default_factory=dict)
    python: Mapping[str, str] = field(default_factory=dict)  # names normalized
    images: Mapping[str, OurImage] = field(default_factory=dict)
    # by name and `oci://` address of its folder in the registry
    charts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)  # by component


class Use(NamedTuple):
    """A place that uses something of ours: what is there, and what it becomes.

    `edits` are empty where it stays; `left` says why, where it is not the new version then.
    """

    what: str  # for people: `acme in [dependencies]`
    start: int
    old: str
    new: str
    edits: tuple[Edit, ...] = ()
    left: str = ""


@dataclass(frozen=True)
class Place:
    """A file of the other repository; `has` tells whether a path is tracked there."""

    path: str
    text: str
    has: Callable[[str], bool] = lambda path: False


def is_repository(url: str, repository: str) -> bool:
    """Tell whether the address of a git dependency is that of our repository on GitHub."""
    from release_tasks.tools import remotes

    plain = _REVISION.sub(r"\1", _DECORATION.sub("", url))
    found = remotes.github_repository(plain)
    return found is not None and found.lower() == repository.lower()


def stays(what: str, start: int, old: str, why: str) -> Use:
    """Return a place that is not changed, with the reason."""
    return Use(what, start, old, old, left=why)


def moved(what: str, place: tuple[int, int], old: str, new: str) -> Use:
    """Return a place whose characters become the new version, or have it already."""
    if old == new:
        return Use(what, place[0], old, new)
    return Use(what, place[0], old, new, (Edit(*place, new),))

"""Versions in any file that the settings list: behind a key, or in a text with a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.manifests import keys
from release_tasks.manifests.copies import Copy, Edit, line_at, replaced, unproved

# a prerelease only by its usual words, so that `caro-1.1.1-linux-amd64` holds 1.1.1
VERSION = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+"
    r"(?i:[-.]?(?:alpha|beta|rc|pre|preview|dev|next|canary|nightly|snapshot|stable|post|[abc](?=\.?[0-9]))"
    r"(?:[.]?[0-9]+(?:\.[0-9]+)*)?)?"
    r"(?:\+[0-9A-Za-z.]*[0-9A-Za-z])?(?![0-9A-Za-z]|\.[0-9])"
)
_PLACEHOLDER = re.compile(r"\{([^{}\s]+)\}")
_PARTS = ("major", "minor", "patch")


class _Place(NamedTuple):
    name: str  # of the placeholder
    what: str
    old: str
    start: int
    end: int


@dataclass(frozen=True)
class Listed:
    """One entry of [files]; it offers what the modules of the other kinds do (`Kind`).

    A spec with a placeholder is a text: `{version}`, `{major}`, `{minor}`, `{patch}` or the name of a
    component stand for any version there. Any other spec is a key.
    """

    specs: tuple[str, ...]

    def copies(self, text: str, path: str, /) -> tuple[Copy, ...]:
        """Return every copy; raise `ReleaseError` for a text or key that the file has not."""
        return tuple(Copy(path, line_at(text, one.start), one.what, one.old) for one in self._places(text, path))

    def set_versions(self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /) -> str:
        """Return the text with every copy at its version, whatever it showed before."""
        wanted = self._wanted(text, path, versions, version)
        return replaced(text, (Edit(place.start, place.end, new) for place, new in wanted))

    def stale(self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /) -> tuple[Copy, ...]:
        """Return the copies that show another version than these, which are the current ones."""
        wanted = self._wanted(text, path, versions, version)
        return tuple(Copy(path, line_at(text, one.start), one.what, one.old) for one, new in wanted if one.old != new)

    def prove(self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /) -> list[str]:
        """Return one sentence for each copy that does not show the new version."""
        wanted = self._wanted(text, path, versions, version)
        return [unproved(path, line_at(text, one.start), one.what, one.old, new) for one, new in wanted if one.old != new]

    def _places(self, text: str, path: str) -> list[_Place]:
        found = [place for spec in self.specs for place in _found(spec, text, path)]
        return sorted(set(found), key=lambda place: place.start)

    def _wanted(
        self, text: str, path: str, versions: Mapping[str, str], version: str | None
    ) -> list[tuple[_Place, str]]:
        pairs = ((place, _shown(place, path, versions, version)) for place in self._places(text, path))
        return [(place, new) for place, new in pairs if new is not None]


def listed(spec: str | Sequence[str]) -> Listed:
    """Return an entry of [files] from its settings: one key or text, or several."""
    return Listed((spec,) if isinstance(spec, str) else tuple(spec))


def _found(spec: str, text: str, path: str) -> Iterator[_Place]:
    names = _PLACEHOLDER.findall(spec)
    if not names:
        yield from (_Place("version", spec, value, start, end) for value, start, end in keys.find(text, path, spec))
        return
    matches = list(_pattern(spec).finditer(text))
    if not matches:
        raise ReleaseError(
            f"{path} has no text {spec!r} with a version in it", f"correct [files] {path}, or put the text back"
        )
    for match in matches:
        for group, name in enumerate(names, 1):
            yield _Place(name, spec, match[group], *match.span(group))


def _pattern(spec: str) -> re.Pattern[str]:
    pieces = _PLACEHOLDER.split(spec)
    regex = "" if pieces[0] else r"(?<![0-9A-Za-z.])"
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            regex += r"\r?\n".join(re.escape(line) for line in piece.split("\n"))
        else:
            regex += "([0-9]+)" if piece in _PARTS else f"({VERSION.pattern})"
    return re.compile(regex)


def _shown(place: _Place, path: str, versions: Mapping[str, str], version: str | None) -> str | None:
    from release_tasks.project.versions import parse, pep440

    if place.name not in ("version", *_PARTS):
        if place.name not in versions:
            raise ReleaseError(f"{path}: {place.what!r} names no component", f"known are {', '.join(versions) or 'none'}")
        return _findable(versions[place.name], path)
    if version is None:
        return None
    if place.name in _PARTS:  # a prerelease does not move what shows only a part, as with image tags
        number = parse(version)
        return None if number.prerelease else str(getattr(number, place.name))
    if "{" in place.what:
        return _findable(version, path)
    if path.endswith(".py"):
        return pep440(version)
    return ("v" if re.match(r"v[0-9]", place.old) else "") + version


def _findable(version: str, path: str) -> str:
    if VERSION.fullmatch(version) is None:
        raise ReleaseError(f"{path}: {version} cannot be told from the text around it", "--version with alpha.N, beta.N or rc.N")
    return version

"""What all kinds of version-bearing files share: locations of versions, edits, mismatches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at


class NotFound(ReleaseError):
    """A file does not have the text or key that the settings name."""


@dataclass(frozen=True)
class FileBump:
    """The versions that a bump wants in one file.

    `versions` are SemVer versions by name (crate, package, chart). `version` is that of what the
    file itself describes, as [workspace.package] does in Cargo.toml; None leaves it.
    """

    path: str
    versions: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None

    def version_of(self, name: str | None) -> str | None:
        """Return the version of what a file describes under this name."""
        return self.versions.get(name or "", self.version)


class ManifestKind(Protocol):
    """What each kind offers. `text` is a file decoded with its line endings."""

    def set_versions(self, text: str, bump: FileBump, /) -> str:
        """Return the text with the new versions. No other byte changes."""

    def mismatches(self, text: str, bump: FileBump, /) -> list[str]:
        """Return one sentence for each location that does not have its new version."""

    def kept(self, text: str, bump: FileBump, /) -> list[tuple[int, int]]:
        """Return start and end of the versions of ours that the bump leaves."""

    def shown(self, text: str, bump: FileBump, /) -> list[ShownVersion]:
        """Return every version that the bump sets, as the text has it."""


class ShownVersion(NamedTuple):
    """A version that a text has."""

    line: int  # from 1
    what: str  # for people: `[package] version`
    version: str


class Value(NamedTuple):
    """A string without its quotes, and where its characters are."""

    value: str
    start: int
    end: int


class VersionLocation(NamedTuple):
    """One version in a text, and where its characters are."""

    what: str  # for people: `[package] version`
    old: str
    start: int
    end: int
    new: str | None = None  # None leaves the old one


@dataclass(frozen=True)
class Siblings:
    """What else the repository releases under the same registry, by name."""

    # SemVer versions after the bump
    new: Mapping[str, str] = field(default_factory=dict)
    # before it, where known
    present: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionLocations:
    """A `ManifestKind` made of one function, which finds the locations in a text."""

    of: Callable[[str, FileBump], Iterable[VersionLocation]]

    def set_versions(self, text: str, bump: FileBump, /) -> str:
        """Return the text with the new version at every location, whatever was there."""
        wanted = self._wanted(text, bump)
        edits = [
            Edit(location.start, location.end, new) for location, new in wanted
        ]
        return replaced(text, edits, bump.path)

    def mismatches(self, text: str, bump: FileBump, /) -> list[str]:
        """Return one sentence for each location that does not have its new version."""
        wanted = set(self._wanted(text, bump))
        sentences = []
        for location, new in sorted(wanted, key=lambda pair: pair[0].start):
            line = line_at(text, location.start)
            sentences.append(
                mismatch_message(
                    bump.path, line, location.what, location.old, new
                )
            )
        return sentences

    def kept(self, text: str, bump: FileBump) -> list[tuple[int, int]]:
        """Return start and end of each location that keeps its version."""
        found = [one for one in self.of(text, bump) if one.new is None]
        return [(location.start, location.end) for location in found]

    def shown(self, text: str, bump: FileBump, /) -> list[ShownVersion]:
        """Return every version that the bump sets, as the text has it."""
        rows = set()
        for location in self.of(text, bump):
            if location.new is not None:
                line = line_at(text, location.start)
                rows.add(ShownVersion(line, location.what, location.old))
        return sorted(rows)

    def _wanted(
        self, text: str, bump: FileBump
    ) -> list[tuple[VersionLocation, str]]:
        wanted = []
        for location in self.of(text, bump):
            if location.new is not None and location.new != location.old:
                wanted.append((location, location.new))
        return wanted


class Edit(NamedTuple):
    """A replacement: the characters from `start` to `end` become `new`."""

    start: int
    end: int
    new: str


def replaced(text: str, edits: Iterable[Edit], path: str = "") -> str:
    """Return the text with all edits made. Raises `ReleaseError` where two edits overlap."""
    pieces = []
    end = 0
    for edit in sorted(set(edits), key=lambda edit: edit.start):
        if edit.start < end:
            raise ReleaseError(
                f"{path}:{line_at(text, edit.start)} would get two versions",
                f"correct {path} in [files], so that each text is found once",
            )
        pieces += [text[end : edit.start], edit.new]
        end = edit.end
    return "".join((*pieces, text[end:]))


def mismatch_message(
    path: str, line: int, what: str, old: str, new: str
) -> str:
    """Return the sentence for a location that does not have its new version."""
    return f"{path}:{line}: {what} is {old}, expected {new}"

"""What every kind of version-bearing file has in common: places of copies, exact edits, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from release_tasks.errors import ReleaseError

BOM = "\ufeff"


class ManifestKind(Protocol):
    """What each module offers; `text` is a file decoded without changing its line endings.

    `versions` is SemVer by name (crate, package, chart); `version` is that of the unit which the file
    itself describes ([workspace.package] in Cargo.toml), and may be None.
    """

    def set_versions(
        self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /
    ) -> str:
        """Return the text with the new versions; nothing else differs in a single byte."""

    def mismatches(
        self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /
    ) -> list[str]:
        """Return one sentence for each copy that does not show the new version."""


class Value(NamedTuple):
    """A text without its quotes, and the characters it stands on."""

    value: str
    start: int
    end: int


class VersionLocation(NamedTuple):
    """A copy by the characters it stands on; `new` is what it shall show, None where it stays."""

    what: str  # as a person would call it: `[package] version`
    old: str
    start: int
    end: int
    new: str | None = None


@dataclass(frozen=True)
class VersionLocations:
    """A kind of which one function says everything: text, path and versions to places; it is a `Kind`."""

    of: Callable[[str, str, Mapping[str, str], str | None], Iterable[VersionLocation]]

    def set_versions(
        self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /
    ) -> str:
        """Return the text with every copy at its version, whatever it showed before."""
        return replaced(
            text,
            (
                Edit(one.start, one.end, new)
                for one, new in self._wanted(text, path, versions, version)
            ),
            path,
        )

    def mismatches(
        self, text: str, path: str, versions: Mapping[str, str], version: str | None = None, /
    ) -> list[str]:
        """Return one sentence for each copy that does not show the new version."""
        wanted = sorted(
            set(self._wanted(text, path, versions, version)), key=lambda pair: pair[0].start
        )
        return [
            mismatch_message(path, line_at(text, one.start), one.what, one.old, new)
            for one, new in wanted
        ]

    def _wanted(
        self, text: str, path: str, versions: Mapping[str, str], version: str | None
    ) -> list[tuple[VersionLocation, str]]:
        return [
            (one, one.new)
            for one in self.of(text, path, versions, version)
            if one.new not in (None, one.old)
        ]


class Edit(NamedTuple):
    """One replacement: the characters `start` to `end` of a text become `new`."""

    start: int
    end: int
    new: str


def read(root: Path, path: str) -> str:
    """Return the text of a file of the repository; raise `ReleaseError` for one that is none, or is not there."""
    try:
        return decode((root / path).read_bytes(), path)
    except OSError as error:
        raise ReleaseError(
            f"{path} cannot be read: {error.strerror}", f"git restore {path}, or git rm it"
        ) from error


def decode(data: bytes, path: str) -> str:
    """Return the text of a file with its line endings and its BOM; raise `ReleaseError` if it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReleaseError(
            f"{path}:{line}: byte {data[error.start]:#04x} is not UTF-8", f"save {path} as UTF-8"
        ) from None


def line_at(text: str, position: int) -> int:
    """Return the line of a position, counted from 1."""
    return text.count("\n", 0, position) + 1


def replaced(text: str, edits: Iterable[Edit], path: str = "") -> str:
    """Return the text with all edits made; two may not touch the same characters."""
    pieces, end = [], 0
    for edit in sorted(set(edits), key=lambda one: one.start):
        if edit.start < end:
            place = f"{path}:{line_at(text, edit.start)}"
            raise ReleaseError(
                f"{place} would get two versions at once",
                f"correct [files] {path}, or give them one version",
            )
        pieces += [text[end : edit.start], edit.new]
        end = edit.end
    return "".join((*pieces, text[end:]))


def mismatch_message(path: str, line: int, what: str, old: str, new: str) -> str:
    """Say that a copy does not show the version that it should."""
    return f"{path}:{line}: {what} is {old}, not {new}"

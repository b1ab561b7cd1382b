"""The files that carry a version of this release, and how each is edited and checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from release_tasks.bumping import chart_pins, pins, version_copies
from release_tasks.bumping.version_copies import relative
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import (
    cargo_toml,
    kind_of,
    pyproject,
    uv_lock,
)
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import mismatch_message
from release_tasks.project.model import resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock

if TYPE_CHECKING:
    from release_tasks.changelogs.new_section import NewSection
    from release_tasks.release import ComponentRelease, Release


class VersionFile(Protocol):
    """A file that carries a version."""

    @property
    def path(self) -> str:
        """Return the path from the root."""

    @property
    def is_covered(self) -> bool:
        """Return whether its manifest knows every version of ours in it."""

    def write(self, text: str) -> str:
        """Return the text with the new version."""

    def mismatches(self, text: str) -> list[str]:
        """Return one sentence for each location without the new version."""


@dataclass(frozen=True)
class ManifestFile:
    """A manifest, a lock file, or a file of [files]."""

    path: str
    kind: Any  # a `ManifestKind`, or a module with its functions
    versions: Mapping[str, str] = field(default_factory=dict)  # by name
    version: str | None = None  # of what the file itself describes
    is_covered: bool = False

    def write(self, text: str) -> str:
        """Return the text with the new versions."""
        return str(self.kind.set_versions(text, self.path, self.versions, self.version))

    def mismatches(self, text: str) -> list[str]:
        """Return one sentence for each location without its new version."""
        return list(self.kind.mismatches(text, self.path, self.versions, self.version))


@dataclass(frozen=True)
class LockFile:
    """A Cargo.lock below the root."""

    path: str
    versions: Mapping[str, str]  # by crate
    is_covered: bool = False

    def write(self, text: str) -> str:
        """Return the text with the new versions of this repository's crates."""
        return cargo_lock.bumped(text, self.versions)

    def mismatches(self, text: str) -> list[str]:
        """Return one sentence for each crate of this repository without its new version."""
        sentences = []
        for name, version, start in cargo_lock.own_packages(text):
            new = self.versions.get(name, version)
            if new != version:
                line = line_at(text, start)
                sentences.append(mismatch_message(self.path, line, name, version, new))
        return sentences


@dataclass(frozen=True)
class ChangelogFile:
    """The changelog of a component, which gets a section."""

    path: str
    release: Release
    part: ComponentRelease
    date: str  # YYYY-MM-DD
    is_covered: bool = False

    def write(self, text: str) -> str:
        """Return the text with a section for the version."""
        from release_tasks.changelogs import new_section

        return new_section.add(text, self._section(text), self.path)

    def mismatches(self, text: str) -> list[str]:
        """Return why the version does not have one section."""
        from release_tasks.changelogs import changelog, dates

        if dates.is_dated(text, self.path):
            return []
        try:
            changelog.section(text, self.part.version, self.path)
        except ReleaseError as error:
            return [error.problem]
        return []

    def links_left(self, before: str) -> list[str]:
        """Return which link the new section leaves as it is; `before` is the text without it."""
        from release_tasks.changelogs import new_section

        left = new_section.link_left(before, self._section(before), self.path)
        if left is None:
            return []
        return [
            f"{self.path}:{left.line + 1}: the address of [{left.label}] has an unknown form "
            f"and stays; add the link of {self.part.version} by hand"
        ]

    def _section(self, text: str) -> NewSection:
        from release_tasks.changelogs import changelog, notes
        from release_tasks.changelogs.new_section import NewSection

        version = self.part.version
        body = ""
        if not changelog.has_section(text, version, self.path):
            body = notes.printed(self.release, self.part)
        return NewSection(version, self.date, self.part.tag, body)


def version_files(release: Release) -> Iterator[VersionFile]:
    """Yield every file that carries a version. A manifest in [files] comes twice.

    Raises `ReleaseError` for a crate that git does not track: a clone does not have it.
    """
    _refuse_untracked(release)
    workspace_version = pins.workspace_version(release)
    for path, crates in pins.manifests(release).items():
        yield ManifestFile(path, cargo_toml, crates, workspace_version, is_covered=True)
    yield from _outside_files(release)
    for part in release.parts:
        yield from _python_files(release, part)
    for file in chart_pins.chart_files(release):
        yield ManifestFile(
            file.path, file.kind, version=file.version, is_covered=file.is_shipped
        )
    for path, versions in version_copies.uv_locks(release):
        yield ManifestFile(path, uv_lock.KIND, versions)
    yield from _listed_files(release)
    for part in release.parts:
        log = part.component.changelog
        if log:
            day = _date(release, log, part.version)
            yield ChangelogFile(log, release, part, day)


def _refuse_untracked(release: Release) -> None:
    tracked = set(git.tracked(release.source_tree))
    for crate in release.project.crates:
        path = relative(release, os.path.join(crate.folder, "Cargo.toml"))
        if path not in tracked:
            raise ReleaseError(
                f"git does not track {path}, which is in the workspace",
                f"git add --force {path}, or remove {crate.name} from the workspace",
            )


def _outside_files(release: Release) -> Iterator[VersionFile]:
    """Yield the manifests and lock files of wheels outside of the workspace at the root."""
    versions = pins.new_versions(release)
    shared = {}
    locks = []
    for crate in release.project.outside:
        if crate.name in versions:
            shared[crate.version_file] = versions[crate.name]
            locks.append(crate.lock)
    for path, crates in pins.outside_manifests(release).items():
        version = shared.get(path)
        yield ManifestFile(path, cargo_toml, crates, version, is_covered=True)
    for lock in dict.fromkeys(filter(None, locks)):
        yield LockFile(lock, versions)


def _python_files(release: Release, part: ComponentRelease) -> Iterator[VersionFile]:
    packages = resolved_or_empty(part.component.python)
    for package in packages:
        path = relative(release, package.folder / "pyproject.toml")
        yield ManifestFile(path, pyproject.KIND, version=part.version, is_covered=True)
    for path, source_kind in version_copies.sources(release, packages):
        yield ManifestFile(path, source_kind, version=part.version)


def _listed_files(release: Release) -> Iterator[VersionFile]:
    """Yield the files in [files], and npm's locks of listed package.json files."""
    specs = release.project.settings.files
    if not specs:
        return
    tracked = set(git.tracked(release.checkout))
    versions = _versions(release)
    for path, spec in specs.items():
        if path not in tracked:
            raise ReleaseError(
                f"{FILE}: [files] {path} is not in the repository",
                f"git add {path}, or correct the path",
            )
        version = version_copies.version_of(release, path)
        yield ManifestFile(path, listed(spec), versions, version)
        if spec == "version":
            for lock in version_copies.npm_locks(path):
                if lock in tracked:
                    yield ManifestFile(lock, kind_of(lock), version=version)


def _versions(release: Release) -> dict[str, str]:
    """Return the version of each component: the new one, or its present one."""
    versions = {}
    for component in release.project.components:
        if component.version:
            versions[component.name] = component.version
    for part in release.parts:
        versions[part.component.name] = part.version
    return versions


def _date(release: Release, log: str, version: str) -> str:
    """Return the date of a section: the one that an interrupted bump has written, else today's."""
    from release_tasks.changelogs import changelog

    today = git.today(os.environ.get("SOURCE_DATE_EPOCH"))
    file = release.checkout / log
    if not file.exists():
        return today
    text = file.read_text("utf-8", errors="replace")
    written = changelog.written_date(text, version, log)
    if written is None or written > date.fromisoformat(today) + timedelta(days=1):
        return today
    return written.isoformat()

"""The files that carry a version of this release, and how each is edited and checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from release_tasks.bumping import (
    chart_pins,
    crate_pins,
    listed_files,
    pins,
    python_locks,
    python_pins,
    version_copies,
)
from release_tasks.bumping.manifest_file import ManifestFile, VersionFile
from release_tasks.bumping.version_copies import relative
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at, peek
from release_tasks.manifests import (
    chart_yaml,
    pyproject,
    requirement_files,
)
from release_tasks.manifests.uv_lock import OwnPackages
from release_tasks.manifests.version_locations import (
    ManifestKind,
    ShownVersion,
    Siblings,
    mismatch_message,
)
from release_tasks.printable import word
from release_tasks.project.model import Component, resolved_or_empty
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock

if TYPE_CHECKING:
    from release_tasks.changelogs.new_section import NewSection
    from release_tasks.release import ComponentRelease, Release


@dataclass(frozen=True)
class LockFile:
    """A Cargo.lock below the root."""

    path: str
    versions: Mapping[str, str]  # by crate
    is_covered: bool = False
    component: str | None = None

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
                sentences.append(
                    mismatch_message(self.path, line, name, version, new)
                )
        return sentences

    def kept(self, text: str) -> list[tuple[int, int]]:
        """Return nothing: what is stale in a lock is found by its entries."""
        del text
        return []

    def shown(self, text: str) -> list[ShownVersion]:
        """Return the version of each crate that the bump sets, as the text has it."""
        return crate_pins.lock_versions(text, self.versions)


@dataclass(frozen=True)
class ChangelogFile:
    """The changelog of a component, which gets a section."""

    path: str
    release: Release
    part: ComponentRelease
    date: str  # YYYY-MM-DD
    is_covered: bool = False
    component: str | None = None

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

    def kept(self, text: str) -> list[tuple[int, int]]:
        """Return nothing: the old versions of a changelog are not looked at."""
        del text
        return []

    def shown(self, text: str) -> list[ShownVersion]:
        """Return nothing: a changelog has the versions of all releases."""
        del text
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

    def without_entry(self, after: str) -> str:
        """Return that the version's section is empty, as what is new is under a higher version."""
        from release_tasks.changelogs import changelog
        from release_tasks.changelogs.document import is_empty

        version = self.part.version
        other = changelog.announced(after, self.path)
        if not other or not changelog.has_section(after, version, self.path):
            return ""
        if not is_empty(
            changelog.section(after, version, self.path), self.path
        ):
            return ""
        return (
            f"{self.path} has no entry for {version}: "
            f"what is new is in the section of {other}, which stays"
        )

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
    yield from _crate_files(release)
    own = python_pins.own_packages(release)
    manifests = list(_python_files(release, own))
    yield from manifests
    yield from python_locks.lock_files(release, own, manifests)
    for file in chart_pins.chart_files(release):
        yield ManifestFile(
            file.path,
            file.kind,
            version=file.version,
            is_covered=file.is_shipped,
        )
    yield from listed_files.listed_files(release)
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
                f"git add --force {word(path)}, or remove {crate.name} from the workspace",
            )


def files_of_others(release: Release) -> Iterator[VersionFile]:
    """Yield the files with versions of components that are not released, which stay."""
    released = {part.component.name for part in release.parts}
    for component in release.project.components:
        if component.name not in released:
            yield from _packages(release, component, None, pyproject.KIND)
            yield from _charts(release, component)


def _crate_files(release: Release) -> Iterator[VersionFile]:
    workspace_version = pins.workspace_version(release)
    members = pins.manifests(release)
    own = crate_pins.own_crates(release)
    components = _components(release, own)
    for path, crates in members.items():
        rules = own.rules(path)
        owner = components.get(path)
        yield ManifestFile(path, rules, crates, workspace_version, True, owner)
    known = set(members)
    for file in _outside_files(release, own):
        known.add(file.path)
        yield file
    versions = pins.new_versions(release)
    others = list(crate_pins.outside(release, own, known))
    for path in others:
        yield ManifestFile(path, own.rules(path, is_member=False), versions)
    for path in crate_pins.outside_locks(release, others):
        if path not in known:
            yield ManifestFile(
                path, crate_pins.OutsideLock(own.present), versions
            )


def _outside_files(
    release: Release, own: crate_pins.OwnCrates
) -> Iterator[VersionFile]:
    """Yield the manifests and lock files of wheels outside of the workspace at the root."""
    versions = pins.new_versions(release)
    shared = {}
    locks = []
    for crate in pins.outside_with_versions(release):
        shared[crate.version_file] = versions[crate.name]
        locks.append(crate.lock)
    for path, crates in pins.outside_manifests(release).items():
        rules = own.rules(path)
        yield ManifestFile(
            path, rules, crates, shared.get(path), is_covered=True
        )
    for lock in dict.fromkeys(filter(None, locks)):
        yield LockFile(lock, versions)


def _components(release: Release, own: crate_pins.OwnCrates) -> dict[str, str]:
    """Return the component of each crate by its manifest, but not of the workspace's root."""
    found = {}
    for crate, component in pins.owners(release.project).items():
        folder = own.folders[crate]
        if folder:
            found[f"{folder}/{crate_pins.MANIFEST}"] = component
    return found


def _python_files(release: Release, own: OwnPackages) -> Iterator[VersionFile]:
    versions = {part.component.name: part.version for part in release.parts}
    for component in release.project.components:
        siblings = python_pins.siblings_of(release, component, own)
        version = versions.get(component.name)
        if version or siblings.new:
            kind = pyproject.kind(siblings)
            yield from _packages(release, component, version, kind)
            yield from _requirement_files(release, component, siblings)
    for path in python_pins.others(release, own):
        yield ManifestFile(path, pyproject.kind(own.siblings))


def _requirement_files(
    release: Release, component: Component, siblings: Siblings
) -> Iterator[VersionFile]:
    """Yield the other files with requirements of a component's packages on siblings."""
    if len(siblings.new) + len(siblings.present) < 2:
        return
    kind = requirement_files.kind(siblings)
    for package in resolved_or_empty(component.python):
        for path in python_pins.requirement_files(release, package):
            yield ManifestFile(path, kind, component=component.name)


def _packages(
    release: Release,
    component: Component,
    version: str | None,
    kind: ManifestKind,
) -> Iterator[VersionFile]:
    packages = resolved_or_empty(component.python)
    owner = component.name
    for package in packages:
        path = python_pins.path_of(release, package)
        is_covered = version is not None
        yield ManifestFile(path, kind, {}, version, is_covered, owner)
    for path, source in version_copies.sources(release, packages):
        yield ManifestFile(path, source, version=version, component=owner)


def _charts(release: Release, component: Component) -> Iterator[VersionFile]:
    for chart in resolved_or_empty(component.charts):
        path = relative(release, chart.folder / "Chart.yaml")
        yield ManifestFile(path, chart_yaml.KIND, component=component.name)


def _date(release: Release, log: str, version: str) -> str:
    """Return the date of a section: the one that an interrupted bump has written, else today's."""
    from release_tasks.changelogs import changelog

    today = git.today(os.environ.get("SOURCE_DATE_EPOCH"))
    text = peek(release.checkout, log)
    if not text:
        return today
    written = changelog.written_date(text, version, log)
    if written is None or written > date.fromisoformat(today) + timedelta(
        days=1
    ):
        return today
    return written.isoformat()

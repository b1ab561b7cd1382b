"""Which requirements of Cargo.toml files lead to crates of this repository.

The name alone does not tell: a benchmark may need an older, published version of the crate beside
it. The rules: doc.rust-lang.org/cargo/reference/specifying-dependencies.html, overriding-
dependencies.html.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from release_tasks.bumping.version_copies import committed, relative
from release_tasks.errors import ReleaseError
from release_tasks.formats import text_files
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import cargo_toml, toml_values
from release_tasks.manifests.cargo_toml import Pin, PinRules
from release_tasks.manifests.toml_values import table_at, text_or_none
from release_tasks.manifests.version_locations import FileBump, ShownVersion
from release_tasks.project.model import Crate
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.versions.requirements import admits

if TYPE_CHECKING:
    from release_tasks.release import Release

MANIFEST = "Cargo.toml"
LOCK = "Cargo.lock"
_CONFIGS = (".cargo/config.toml", ".cargo/config")


@dataclass(frozen=True)
class OwnCrates:
    """The crates of the repository: where each is, and what its version was before the bump."""

    folders: Mapping[str, str]  # from the root, "" for the root itself
    present: Mapping[str, str]
    # those that cargo takes from the repository without `path`, too
    patched: frozenset[str]

    def rules(self, path: str, is_member: bool = True) -> PinRules:
        """Return what is a pin in the Cargo.toml at `path`."""
        is_ours = partial(self.is_ours, path)
        return PinRules(self.present, is_ours, is_member)

    def is_ours(self, path: str, pin: Pin) -> bool:
        """Return whether a requirement of the Cargo.toml at `path` leads to one of the crates."""
        if pin.package not in self.folders or pin.is_foreign:
            return False
        if pin.folder is not None:
            folder = _joined(posixpath.dirname(path), pin.folder)
            return folder == self.folders[pin.package]
        present = self.present.get(pin.package)
        if pin.package not in self.patched or present is None:
            return False
        return pin.requirement is None or admits(pin.requirement, present)


def own_crates(release: Release) -> OwnCrates:
    """Return the crates of the repository."""
    folders = {}
    for crate in release.project.crates:
        folders[crate.name] = posixpath.dirname(manifest_path(release, crate))
    for outside_crate in release.project.outside:
        path = relative(release, outside_crate.folder / MANIFEST)
        folders.setdefault(outside_crate.name, posixpath.dirname(path))
    return OwnCrates(
        folders, _present(release), frozenset(_patched(release, folders))
    )


def manifest_path(release: Release, crate: Crate) -> str:
    """Return the path of a crate's Cargo.toml from the root."""
    return relative(release, os.path.join(crate.folder, MANIFEST))


def outside(
    release: Release, own: OwnCrates, members: Iterable[str]
) -> Iterator[str]:
    """Yield the Cargo.toml files outside of the workspace that need one of its crates by path."""
    known = set(members)
    for path in _tracked(release, MANIFEST):
        if path in known:
            continue
        text = _text(release, path)
        if "path" not in text:
            continue
        try:
            pins = cargo_toml.read(text, path).pins
        except ReleaseError:  # test data, or a template
            continue
        if any(
            pin.folder is not None and own.is_ours(path, pin) for pin in pins
        ):
            yield path


def outside_locks(release: Release, manifests: Iterable[str]) -> Iterator[str]:
    """Yield the Cargo.lock files of the trees that need a crate of the workspace by path."""
    folders = [posixpath.dirname(path) for path in manifests]
    own = release.project.cargo_lock
    for path in _tracked(release, LOCK):
        folder = posixpath.dirname(path)
        if (
            folder
            and path != own
            and any(f"{one}/".startswith(f"{folder}/") for one in folders)
        ):
            yield path


@dataclass(frozen=True)
class OutsideLock:
    """A Cargo.lock beside the workspace: the entries of its crates at their present version."""

    present: Mapping[str, str]

    def set_versions(self, text: str, bump: FileBump) -> str:
        """Return the text with the new versions; an entry that was left behind stays."""
        found = {(name, old) for name, old, _ in cargo_lock.own_packages(text)}
        wanted = {}
        for name, new in bump.versions.items():
            if (name, self.present.get(name)) in found:
                wanted[name] = new
        return cargo_lock.bumped(text, wanted)

    def mismatches(self, text: str, bump: FileBump) -> list[str]:
        """Return nothing: entries that were left behind are listed as stale."""
        del text, bump
        return []

    def kept(self, text: str, bump: FileBump) -> list[tuple[int, int]]:
        """Return nothing: what is stale in a lock is found by its entries."""
        del text, bump
        return []

    def shown(self, text: str, bump: FileBump) -> list[ShownVersion]:
        """Return the version of each crate that the bump sets, as the text has it."""
        return lock_versions(text, bump.versions)


def lock_versions(text: str, versions: Mapping[str, str]) -> list[ShownVersion]:
    """Return the version of each of these crates of the repository in a Cargo.lock."""
    rows = []
    for name, version, start in cargo_lock.own_packages(text):
        if name in versions:
            rows.append(ShownVersion(line_at(text, start), name, version))
    return rows


def _present(release: Release) -> dict[str, str]:
    """Return the version of each crate as committed: a bump that was interrupted has others."""
    present = {crate.name: crate.version for crate in release.project.outside}
    present |= {crate.name: crate.version for crate in release.project.crates}
    changed = git.changed(release.checkout)
    if not any(posixpath.basename(path) == MANIFEST for path in changed):
        return present
    paths = {
        crate.name: manifest_path(release, crate)
        for crate in release.project.crates
    }
    workspace = release.project.cargo_manifest
    texts = committed(
        release, {workspace, *paths.values()} & set(release.project.files)
    )
    shared = _shared_version(texts.get(workspace, ""), workspace)
    for name, path in paths.items():
        if path not in texts:
            continue
        about = cargo_toml.read(texts[path], path)
        if about.version:
            present[name] = about.version
        elif about.inherits and shared:
            present[name] = shared
    return present


def _shared_version(text: str, path: str) -> str | None:
    """Return the version of `[workspace.package]`."""
    data = toml_values.load(text, path)
    return text_or_none(table_at(data, "workspace", "package").get("version"))


def _patched(release: Release, folders: Mapping[str, str]) -> Iterator[str]:
    """Yield the crates that `[patch]` replaces by those of the repository."""
    for folder, name in _patching(release.project.cargo_folder):
        path = posixpath.join(folder, name)
        if path not in release.project.files:
            continue
        for pin in cargo_toml.read(_text(release, path), path).pins:
            is_patch = pin.table.startswith("patch.") and pin.folder is not None
            if is_patch and _joined(folder, pin.folder or "") == folders.get(
                pin.package
            ):
                yield pin.package


def _patching(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files that may replace crates in a workspace, each with the folder it is for."""
    yield folder, MANIFEST
    for name in _CONFIGS:
        yield folder, name
    while folder:  # cargo reads the configuration of each folder above, too
        folder = posixpath.dirname(folder)
        for name in _CONFIGS:
            yield folder, name


def _tracked(release: Release, name: str) -> list[str]:
    paths = release.project.files
    return [path for path in paths if posixpath.basename(path) == name]


def _text(release: Release, path: str) -> str:
    return text_files.peek(release.checkout, path)


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path.replace("\\", "/")))
    return "" if joined == "." else joined

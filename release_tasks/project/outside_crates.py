"""Crates that git tracks and the workspace does not have, read without cargo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from posixpath import basename, dirname
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.project.model import OutsideCrate, Project

Manifests = dict[PurePosixPath, Mapping[str, Any]]  # by folder


def outside_crates(
    project: Project, members: set[Path]
) -> tuple[OutsideCrate, ...]:
    """Return the crates in tracked manifests whose folders are not in `members`.

    They are excluded from the workspace, in one of their own, or there is no workspace. A manifest
    that cannot be read is left out: cargo does not read it in the workspace.
    """
    root, files = project.root, project.files
    locks = set(files) - {project.cargo_lock, "Cargo.lock"}
    manifests = dict(_manifests(root, files, members))
    found = []
    for folder, data in manifests.items():
        package = data.get("package")
        if not isinstance(package, dict) or not isinstance(
            package.get("name"), str
        ):
            continue
        place = _version(package, folder, manifests)
        if place is None:
            continue
        version, version_folder = place
        found.append(
            OutsideCrate(
                package["name"],
                version,
                root / folder,
                is_publishable=is_publishable(package.get("publish")),
                version_file=(version_folder / "Cargo.toml").as_posix(),
                lock=_lock(folder, locks),
            )
        )
    return tuple(found)


def _manifests(
    root: Path, files: tuple[str, ...], members: set[Path]
) -> Iterator[tuple[PurePosixPath, Mapping[str, Any]]]:
    # as texts, because pathlib is slow for hundreds of crates
    known = set(map(str, members))
    for path in files:
        if basename(path) != "Cargo.toml":
            continue
        if f"{root}/{dirname(path)}".rstrip("/") in known:
            continue
        try:
            yield (
                PurePosixPath(path).parent,
                toml_values.load(read(root, path), path),
            )
        except ReleaseError:  # test data of parsers, templates
            continue


def _version(
    package: Mapping[str, Any], folder: PurePosixPath, manifests: Manifests
) -> tuple[str, PurePosixPath] | None:
    """Return a package's version and the folder of its manifest, or that of its workspace's."""
    version = package.get("version")
    if isinstance(version, str):
        return version, folder
    if not isinstance(version, dict):
        return None
    for parent in (folder, *folder.parents):
        workspace = manifests.get(parent, {}).get("workspace")
        if isinstance(workspace, dict):
            shared = workspace.get("package", {}).get("version")
            return (shared, parent) if isinstance(shared, str) else None
    return None


def is_publishable(publish: object) -> bool:
    """Tell what `publish` of a package means for crates.io (The Cargo Book, the publish field)."""
    if isinstance(publish, list):
        return "crates-io" in publish
    return publish is not False


def _lock(folder: PurePosixPath, locks: set[str]) -> str | None:
    """Return the Cargo.lock that cargo uses in a folder: the nearest one of `locks`."""
    for parent in (folder, *folder.parents):
        lock = (parent / "Cargo.lock").as_posix()
        if lock in locks:
            return lock
    return None

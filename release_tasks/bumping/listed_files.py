"""The files in [files], and the locks that repeat the package.json files among them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from release_tasks.bumping import npm_packages, version_copies
from release_tasks.bumping.manifest_file import ManifestFile, VersionFile
from release_tasks.bumping.npm_packages import NpmPackage
from release_tasks.errors import ReleaseError
from release_tasks.manifests import package_json
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import FileBump, NotFound
from release_tasks.project.settings import FILE

if TYPE_CHECKING:
    from release_tasks.release import Release


def listed_files(release: Release) -> Iterator[VersionFile]:
    """Yield the files in [files], and the locks that repeat listed package.json files.

    Of the files that a pattern finds, those without the text or key are left. Raises
    `ReleaseError` where none has it, and for a path that is not in the repository.
    """
    versions = _versions(release)
    found = [
        row
        for row in version_copies.listed_paths(release)
        if not row.is_from_pattern or _has(release, row, versions)
    ]
    _refuse_empty(release, found)
    packages = []
    for row in found:
        version = version_copies.version_of(release, row.path, row.spec)
        kind = listed(row.spec)
        owner = version_copies.component_of(release, row.path, row.spec)
        yield ManifestFile(row.path, kind, versions, version, component=owner)
        if posixpath.basename(row.path) == npm_packages.MANIFEST:
            [text] = version_copies.committed(release, [row.path]).values()
            bump = FileBump(row.path, versions, version)
            packages.append(NpmPackage(text, kind, bump))
    yield from _npm_files(release, packages)


def _npm_files(
    release: Release, packages: list[NpmPackage]
) -> Iterator[VersionFile]:
    if not packages:
        return
    kind = package_json.siblings_kind(npm_packages.siblings(packages))
    for package in packages:
        yield ManifestFile(package.path, kind)
    values = tuple(package.values(kind) for package in packages)
    for path, lock in npm_packages.locks(release, packages, values):
        yield ManifestFile(path, lock)


def _has(
    release: Release, row: version_copies.ListedPath, versions: dict[str, str]
) -> bool:
    """Return whether a file that a pattern has found has the text or key."""
    version = version_copies.version_of(release, row.path, row.spec)
    [text] = version_copies.committed(release, [row.path]).values()
    try:
        list(listed(row.spec).of(text, FileBump(row.path, versions, version)))
    except NotFound:
        return False
    return True


def _refuse_empty(
    release: Release, found: list[version_copies.ListedPath]
) -> None:
    patterns = {row.key for row in found}
    for key, spec in release.project.settings.files.items():
        if key not in patterns:
            raise ReleaseError(
                f"{FILE}: [files] no file that `{key}` matches has `{spec}`",
                f"correct `{key}` in [files]: `*` is within a folder, `**` any folders",
            )


def _versions(release: Release) -> dict[str, str]:
    """Return the version of each component: the new one, or its present one."""
    versions = {}
    for component in release.project.components:
        if component.version:
            versions[component.name] = component.version
    for part in release.parts:
        versions[part.component.name] = part.version
    return versions

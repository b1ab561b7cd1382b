"""The Python packages of a release as requirements of each other."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from release_tasks.bumping import version_copies
from release_tasks.bumping.crate_pins import own_crates
from release_tasks.bumping.version_copies import relative
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at, read
from release_tasks.manifests import pyproject, toml_values
from release_tasks.manifests import requirement_files as manifest_lists
from release_tasks.manifests.pyproject import PythonPin
from release_tasks.manifests.toml_values import table_at
from release_tasks.manifests.uv_lock import OwnPackages
from release_tasks.manifests.version_locations import Siblings
from release_tasks.project.model import (
    Component,
    PythonPackage,
    resolved_or_empty,
)
from release_tasks.project.python_packages import crates_in
from release_tasks.tools import git
from release_tasks.tools.git import worktree
from release_tasks.versions.numbers import from_pep440
from release_tasks.versions.python_requirements import admits

if TYPE_CHECKING:
    from release_tasks.release import Release

MANIFEST = "pyproject.toml"
KEY = "project.version"  # in [files]
_SCRIPTS = ("setup.py", "setup.cfg")
# pip's requirements and constraints, as usually named
_REQUIREMENTS = re.compile(
    r"(?:^|/)(?:[\w.-]*(?:requirements|constraints)[^/]*|requirements/[^/]+)\.(?:txt|in)$",
    re.I,
)


class _ListedProject(NamedTuple):
    """A pyproject.toml of which [files] sets the version, such as that of an application."""

    name: str  # normalized
    folder: str
    present: str
    new: str


def own_packages(release: Release) -> OwnPackages:
    """Return the packages of the repository, and the new versions of those that are released.

    Those are among them of which only [files] sets the version: locks have that, too.
    """
    folders = {}
    for package in _packages(release):
        folders[_name(package)] = (
            posixpath.dirname(path_of(release, package)) or "."
        )
    new = _new_versions(release)
    present = _present(release)
    for project in _listed_projects(release):
        folders.setdefault(project.name, project.folder)
        new.setdefault(project.name, project.new)
        present.setdefault(project.name, project.present)
    return OwnPackages(Siblings(new, present), folders)


def siblings_of(
    release: Release, component: Component, own: OwnPackages
) -> Siblings:
    """Return the packages that requirements of a component follow: not those that it keeps."""
    kept = {name for name, policy in component.pins if policy == "keep"}
    new = dict(own.siblings.new)
    for other in release.project.components:
        if other.name in kept:
            for package in resolved_or_empty(other.python):
                new.pop(_name(package), None)
    return Siblings(new, own.siblings.present)


def kept_errors(release: Release) -> Iterator[ReleaseError]:
    """Yield each requirement that the settings keep, and that the new version does not satisfy."""
    new = own_packages(release).siblings.new
    owners = {}
    for component in release.project.components:
        for package in resolved_or_empty(component.python):
            owners[_name(package)] = component.name
    for component in release.project.components:
        kept = {name for name, policy in component.pins if policy == "keep"}
        for package in resolved_or_empty(component.python):
            for path, text, pin in _pins(release, package):
                owner = owners.get(pin.name)
                if (
                    owner not in kept
                    or pin.name not in new
                    or not pin.specifiers
                ):
                    continue
                if not admits(pin.specifiers, new[pin.name]):
                    place = f"{path}:{line_at(text, pin.start)}"
                    yield ReleaseError(
                        f"{place}: {pin.name} in {pin.where} is kept at {pin.specifiers}, "
                        f"which {new[pin.name]} does not satisfy",
                        f'pins = {{ {owner} = "follow" }} in [components.{component.name}], '
                        "or commit a requirement that admits both versions",
                    )


def unfollowed(release: Release) -> Iterator[ReleaseError]:
    """Yield each requirement that is too old, and that no bump moves: only tags have versions."""
    if release.project.settings.project.version != "tag":
        return
    new = own_packages(release).siblings.new
    for package in _packages(release):
        for path, text, pin in _pins(release, package):
            version = new.get(pin.name)
            if (
                version is None
                or not pin.specifiers
                or admits(pin.specifiers, version)
            ):
                continue
            place = f"{path}:{line_at(text, pin.start)}"
            yield ReleaseError(
                f"{place}: {pin.name} in {pin.where} is {pin.specifiers}, "
                f"which {version} does not satisfy",
                "commit a requirement that admits it: "
                "where only tags have versions, a bump changes no requirement",
            )


def requirement_files(
    release: Release, package: PythonPackage
) -> Iterator[str]:
    """Yield the files beside pyproject.toml that a package's requirements may be in.

    These are setup.py, setup.cfg, and the requirements files that one of the three names.
    """
    manifest = path_of(release, package)
    folder = posixpath.dirname(manifest)
    tracked = set(release.project.files)
    scripts = [posixpath.join(folder, name) for name in _SCRIPTS]
    scripts = [path for path in scripts if path in tracked]
    yield from scripts
    lists = [
        path for path in release.project.files if _is_list_below(path, folder)
    ]
    if lists:
        texts = [read(release.checkout, path) for path in (manifest, *scripts)]
        for path in lists:
            if any(posixpath.basename(path) in text for text in texts):
                yield path


def _is_list_below(path: str, folder: str) -> bool:
    return is_requirements_file(path) and path.startswith(
        f"{folder}/" if folder else ""
    )


def is_requirements_file(path: str) -> bool:
    """Tell whether a file has a list of requirements for pip, by its name."""
    return _REQUIREMENTS.search(path) is not None


def _pins(
    release: Release, package: PythonPackage
) -> Iterator[tuple[str, str, PythonPin]]:
    """Yield each requirement of a package, with the file that it is in and its text."""
    path = path_of(release, package)
    text = read(release.checkout, path)
    for pin in pyproject.pins(text, path):
        yield path, text, pin
    for path in requirement_files(release, package):
        text = read(release.checkout, path)
        for pin in manifest_lists.pins(text, path):
            yield path, text, pin


def path_of(release: Release, package: PythonPackage) -> str:
    """Return the path of a package's pyproject.toml from the root."""
    return relative(release, package.folder / MANIFEST)


def unfit(
    release: Release, edited: Iterable[str]
) -> Iterator[tuple[str, int, str]]:
    """Yield path, line and text of requirements that the new versions do not satisfy.

    Only lists for pip, setup.py and setup.cfg are looked at that are not `edited`; all others
    follow.
    """
    new = _new_versions(release)
    for path in set(release.project.files).difference(edited) if new else ():
        if (
            not is_requirements_file(path)
            and posixpath.basename(path) not in _SCRIPTS
        ):
            continue
        try:
            text = read(release.checkout, path)
            pins = list(manifest_lists.pins(text, path))
        except ReleaseError:  # test data
            continue
        for pin in pins:
            wanted = new.get(pin.name)
            if wanted and pin.specifiers and not admits(pin.specifiers, wanted):
                line = line_at(text, pin.start)
                yield path, line, text.split("\n")[line - 1]


def others(release: Release, own: OwnPackages) -> Iterator[str]:
    """Yield the pyproject.toml files that are not shipped and take a package from its folder.

    docs.astral.sh/uv/concepts/projects/dependencies: `tool.uv.sources`; Poetry's `path`.
    """
    shipped = {path_of(release, package) for package in _packages(release)}
    for path in release.project.files:
        if posixpath.basename(path) != MANIFEST or path in shipped:
            continue
        try:
            text = read(release.checkout, path)
            data = toml_values.load(text, path)
            is_ours = any(_taken(data, path, own))
        except (OSError, ValueError, ReleaseError):  # test data, or a template
            continue
        if is_ours:
            yield path


def _taken(
    data: Mapping[str, Any], path: str, own: OwnPackages
) -> Iterator[bool]:
    from packaging.utils import canonicalize_name

    for table in _source_tables(data):
        for key, source in table.items():
            name = str(canonicalize_name(key))
            if name not in own.siblings.new or not isinstance(source, dict):
                continue
            folder = source.get("path")
            if source.get("workspace") is True:
                yield True
            elif isinstance(folder, str):
                yield own.is_at(name, path, folder)


def _source_tables(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    poetry = table_at(data, "tool", "poetry")
    yield table_at(data, "tool", "uv", "sources")
    yield table_at(poetry, "dependencies")
    groups = table_at(poetry, "group")
    for name in groups:
        yield table_at(groups, name, "dependencies")


def _packages(release: Release) -> Iterator[PythonPackage]:
    for component in release.project.components:
        yield from resolved_or_empty(component.python)


def _name(package: PythonPackage) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(package.name))


def _listed_projects(release: Release) -> Iterator[_ListedProject]:
    for row in version_copies.listed_paths(release):
        specs = [row.spec] if isinstance(row.spec, str) else row.spec
        if posixpath.basename(row.path) != MANIFEST or KEY not in specs:
            continue
        from packaging.utils import canonicalize_name

        new = version_copies.version_of(release, row.path, row.spec)
        [text] = version_copies.committed(release, [row.path]).values()
        about = pyproject.read(text, row.path)
        if new and about.name and about.version:
            folder = posixpath.dirname(row.path) or "."
            name = str(canonicalize_name(about.name))
            # an odd version: nothing can follow it
            with suppress(ReleaseError):
                present = from_pep440(about.version)
                yield _ListedProject(name, folder, present, new)


def _new_versions(release: Release) -> dict[str, str]:
    """Return the version that each released package gets."""
    return {
        _name(package): part.version
        for part in release.parts
        for package in resolved_or_empty(part.component.python)
    }


def _present(release: Release) -> dict[str, str]:
    """Return each package's version as committed: a bump that was interrupted has others."""
    packages = list(_packages(release))
    paths = {path_of(release, package) for package in packages}
    dirty = paths & set(git.changed(release.checkout))
    committed = worktree.files_at(release.checkout, "HEAD", dirty)
    crates = own_crates(release).present if packages else {}
    present = {}
    for package in packages:
        path = path_of(release, package)
        version = package.version
        if path in committed:
            text = committed[path].decode(errors="replace")
            version = pyproject.read(text, path).version or ""
        if not version:
            built = crates_in(release.project, package)
            version = crates.get(built[0].name, "") if built else ""
        try:
            present[_name(package)] = from_pep440(version)
        except ReleaseError:
            # an odd version: then what has to follow does not fit
            continue
    return present

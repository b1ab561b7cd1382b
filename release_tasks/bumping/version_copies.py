"""What repeats a version beside the manifest that has it: setup.py, modules, locks, files of the settings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import pyproject
from release_tasks.project.kinds import KINDS
from release_tasks.project.model import PythonPackage, resolved_or_empty

if TYPE_CHECKING:
    from release_tasks.release import Release


def relative(release: Release, path: Path | str) -> str:
    """Return a path below the repository's root; raise `ReleaseError` for one that is elsewhere."""
    root, there = (
        f"{release.source_tree}{os.sep}",
        str(path),
    )  # as texts: pathlib takes its time with hundreds of crates
    if not there.startswith(root):
        raise ReleaseError(
            f"{path} is outside of the repository", "take it out of the workspace, or move it here"
        )
    return there.removeprefix(root).replace(os.sep, "/")


def sources(release: Release, packages: Iterable[PythonPackage]) -> Iterator[str]:
    """Yield the setup files and modules of Python packages that may hold their version, too."""
    for package in packages:
        path = relative(release, package.folder / "pyproject.toml")
        module = re.sub(r"[-_.]+", "_", package.name).lower()
        places = [f"{folder}{module}/__init__.py" for folder in ("", "src/", "python/")]
        places += pyproject.read(read(release.source_tree, path), path).modules
        tracked = set(release.project.files)
        for place in dict.fromkeys(("setup.py", "setup.cfg", *places)):
            if (found := (PurePosixPath(path).parent / place).as_posix()) in tracked:
                yield found


def uv_locks(release: Release) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each uv.lock with the versions of the packages in its folder and below."""
    places = [
        (package.name, relative(release, package.folder / "x"), part.version)
        for part in release.parts
        for package in resolved_or_empty(part.component.python)
    ]
    for path in release.project.files:
        if path.rpartition("/")[2] == "uv.lock":
            above = PurePosixPath(path).parent
            yield (
                path,
                {
                    name: version
                    for name, place, version in places
                    if PurePosixPath(place).is_relative_to(above)
                },
            )


def npm_locks(path: str) -> Iterator[str]:
    """Yield where npm keeps the lock of a package.json."""
    if path.rpartition("/")[2] == "package.json":
        yield from (
            str(PurePosixPath(path).with_name(name))
            for name in ("package-lock.json", "npm-shrinkwrap.json")
        )


def version_of(release: Release, path: str) -> str | None:
    """Return the new version that a file of the settings shows, None where its component is not released.

    With several components it is that of the one which ships something from the nearest folder around
    the file, else of the one that owns the unversioned pointers.
    """
    components = release.project.components
    best = (
        -1,
        components[0]
        if len(components) == 1
        else next((one for one in components if one.latest), None),
    )
    for component in components if len(components) > 1 else ():
        for kind in (one for one in KINDS if one.has_folder):
            for thing in resolved_or_empty(getattr(component, kind.name)):
                folder = PurePosixPath(relative(release, thing.folder / "x")).parent
                if PurePosixPath(path).is_relative_to(folder):
                    best = max(best, (len(folder.parts), component), key=lambda pair: pair[0])
    if best[1] is None:
        raise ReleaseError(
            f"[files] {path} belongs to no component",
            "write a text with {NAME} of one, or latest = true in one",
        )
    return next(
        (part.version for part in release.parts if part.component.name == best[1].name), None
    )

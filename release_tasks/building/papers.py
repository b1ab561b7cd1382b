"""The papers that go into an archive beside a program: licenses, notices, the readme."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats import archives
from release_tasks.project.model import Project
from release_tasks.project.outside_links import outside_links
from release_tasks.release import Release

# The names that GitHub (licensee), cargo-about, REUSE and the licenses themselves use.
_LICENSE = re.compile(
    r"(un)?licen[cs]es?([-_.].*)?|copying([-_.].*)?|copyright(\.\w+)?|ofl(\.txt|\.md)?"
    r"|eula(\.\w+)?|[\w.+-]+[-_](un)?licen[cs]es?(\.(txt|md|rst|html|pdf))?",
    re.I,
)
_OTHER = re.compile(
    r"(readme|notices?|third[-_ ]?party[^/]*|patents)([-_.].*)?", re.I
)
_CODE = re.compile(r"\.(py|rs|sh|js|ts|toml|ya?ml|json|tmpl|hbs|in|cfg)$", re.I)
_FOLDERS = ("licenses", "licences")  # REUSE 3.3; PEP 639


def is_license(path: str) -> bool:
    """Tell whether a file is a license by its name or folder; `path` is below one folder."""
    folder, _, name = path.rpartition("/")
    if _CODE.search(name):
        return False
    if folder:
        return folder.lower() in _FOLDERS
    return bool(_LICENSE.fullmatch(name))


def papers(
    release: Release, tree: Path, crates: Iterable[str] = ()
) -> dict[str, archives.Entry]:
    """Return the papers of the project and of `crates`, by their path in an archive.

    Those of a crate are its licenses; one with the name of another file gets the crate's before it.
    Raises `ReleaseError` for a link to what is not in the repository.
    """
    found: dict[str, archives.Entry] = {}
    for path in _of_folder(release.project, ""):
        if (tree / path).is_file():
            found[path] = (_inside(tree, path), archives.TEXT)
    for crate in dict.fromkeys(crates):
        for path in licenses_of(release.project, crate):
            source = tree / path
            name = _name_in_crate(release.project, crate, path)
            other = found.get(name)
            if not source.is_file() or (other and _is_same(other[0], source)):
                continue
            _inside(tree, path)
            if other:
                name = f"{crate}/{name}"
            found[name] = (source, archives.TEXT)
    return found


def paths(project: Project, crates: Iterable[str]) -> set[str]:
    """Return the tracked files that are packed beside the programs of some crates."""
    found = set(_of_folder(project, ""))
    for crate in crates:
        found.update(licenses_of(project, crate))
    return found


def licenses_of(project: Project, crate: str) -> list[str]:
    """Return the tracked files with the license of a crate, the project's own included."""
    found = [path for path in _of_folder(project, "") if is_license(path)]
    folder = _folder(project, crate)
    for place in dict.fromkeys((project.cargo_folder, folder)):
        if not place:
            continue
        paths = _of_folder(project, f"{place}/")
        own = [
            path for path in paths if is_license(path.removeprefix(f"{place}/"))
        ]
        found += own
    declared = _declared(project, crate, folder)
    if declared and declared not in found and declared in project.files:
        found.append(declared)
    return found


def _inside(tree: Path, path: str) -> Path:
    place = files.inside(tree, path)
    target = outside_links(tree).get(path)
    if target is not None:
        raise ReleaseError(
            f"{path} is a link to {target}, which is not in the repository",
            f"replace {path} with a copy, or with a link to a file that git tracks",
        )
    return place


def _of_folder(project: Project, folder: str) -> list[str]:
    found = []
    for path in project.files:
        below = path.removeprefix(folder)
        if not path.startswith(folder) or _CODE.search(below):
            continue
        is_other = "/" not in below and _OTHER.fullmatch(below)
        if is_license(below) or is_other:
            found.append(path)
    return found


def _name_in_crate(project: Project, crate: str, path: str) -> str:
    """Return a paper's path in an archive: that below its crate's folder, else its name."""
    folder = _folder(project, crate)
    if folder and path.startswith(f"{folder}/"):
        return path.removeprefix(f"{folder}/")
    if is_license(path):
        return path
    return path.rpartition("/")[2]


def _folder(project: Project, crate: str) -> str:
    """Return the folder of a crate below the root, "" for the root itself."""
    for one in project.crates:
        if one.name == crate and one.folder.is_relative_to(project.root):
            return (
                one.folder.relative_to(project.root)
                .as_posix()
                .removeprefix(".")
            )
    return ""


def _declared(project: Project, crate: str, folder: str) -> str:
    """Return the `license-file` of a crate's manifest, "" without one or outside of the tree."""
    if project.workspace is None:
        return ""
    package = project.workspace.packages.get(crate, {})
    file = package.get("license_file")
    if not file:
        return ""
    parts: list[str] = []
    for part in PurePosixPath(folder, file).parts:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/".join(parts)


def _is_same(known: bytes | Path, source: Path) -> bool:
    data = known if isinstance(known, bytes) else known.read_bytes()
    return data == source.read_bytes()

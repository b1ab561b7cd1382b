"""The version of a project of which no crate, package or chart has it: in files of other tools.

A manifest at the root has it where the last release had the same version, or where there was no
release yet and all such manifests agree. What else may have it is only named.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from release_tasks.formats import globs
from release_tasks.formats.text_files import peek
from release_tasks.manifests import other_manifests
from release_tasks.project.candidates import PLACEHOLDER
from release_tasks.project.model import Project
from release_tasks.project.python_packages import not_shipped
from release_tasks.tools import git
from release_tasks.tools.git import worktree
from release_tasks.versions.numbers import as_semver, is_lower, parse


@dataclass(frozen=True)
class Declared:
    """A version in a file of another tool, and the text or key of [files] for it."""

    path: str
    line: int  # counted from 1
    version: str  # as SemVer
    spec: str
    is_manifest: bool  # of the whole project


@dataclass(frozen=True)
class OwnFiles:
    """The manifests that have a project's version, as entries of [files], and that version."""

    version: str | None = None
    files: tuple[tuple[str, str], ...] = ()


def declared(project: Project) -> tuple[Declared, ...]:
    """Return the versions in files of other tools, as committed, without those of tests."""
    root = project.root
    crates = {crate.folder / "Cargo.toml" for crate in project.crates}
    if project.workspace:  # whose versions cargo has told
        crates.add(root / project.cargo_manifest)
    paths = []
    for path in project.files:
        if not other_manifests.may_have_version(path):
            continue
        if not not_shipped(path) and root / path not in crates:
            paths.append(path)
    dirty = set(paths) & set(git.changed(project.root))
    before = {}
    if dirty and git.commit_of(project.root, "HEAD"):
        before = worktree.files_at(project.root, "HEAD", dirty)
    found: list[Declared] = []
    for path in paths:
        text = _decoded(before, path) or peek(project.root, path)
        found += _of_file(path, text)
    return tuple(found)


def own_files(project: Project, released: Iterable[str]) -> OwnFiles:
    """Return the manifests at the root that certainly have the project's version.

    `released` are the versions of the releases before HEAD.
    """
    manifests = [one for one in declared(project) if _is_at_root(one)]
    listed = [_listed(project, one.path) for one in manifests]
    manifests = [
        one
        for one, is_listed in zip(manifests, listed, strict=True)
        if not is_listed
    ]
    last = max(released, key=parse, default=None)
    certain = _certain(manifests, last)
    if not certain:
        return OwnFiles()
    files = tuple((one.path, one.spec) for one in certain)
    present = {
        found.version
        for path, spec in files
        for found in _of_file(path, peek(project.root, path))
        if found.spec == spec
    }
    # an interrupted bump leaves several: until it is done, that of the commit counts
    version = certain[0].version
    if len(present) == 1:
        version = present.pop()
    return OwnFiles(version, files)


def may_be_own(version: str, released: Iterable[str]) -> bool:
    """Tell whether a version can be the project's: a released one, or one that is not lower."""
    known = set(released)
    if not known or version in known:
        return True
    return not is_lower(version, max(known, key=parse))


def spec_at(path: str, text: str, line: int, new: Container[str]) -> str:
    """Return the text or key of [files] for the version in a line, "" where no rule has one.

    `new` are the spellings of versions that need no entry.
    """
    if not other_manifests.may_have_version(path):
        return ""
    for place in other_manifests.places(path, text):
        if place.line == line and place.version not in new:
            return place.spec
    return ""


def _certain(manifests: list[Declared], last: str | None) -> list[Declared]:
    """Return those of the manifests at the root that have the project's version."""
    if last is not None:
        same = [one for one in manifests if one.version == last]
        newer = [one for one in manifests if is_lower(last, one.version)]
        certain = same or newer
    else:
        certain = [one for one in manifests if one.version != PLACEHOLDER]
    versions = {one.version for one in certain}
    return certain if len(versions) == 1 else []


def _is_at_root(one: Declared) -> bool:
    return one.is_manifest and "/" not in one.path


def _listed(project: Project, path: str) -> bool:
    """Return whether the settings say what becomes of a file."""
    settings = project.settings
    if any(fnmatchcase(path, pattern) for pattern in settings.versions.ignore):
        return True
    return path in settings.files or any(
        globs.of_setting(pattern).matches(path) for pattern in settings.files
    )


def _of_file(path: str, text: str) -> Iterator[Declared]:
    for place in other_manifests.places(path, text):
        version = as_semver(place.version)
        yield Declared(path, place.line, version, place.spec, place.is_manifest)


def _decoded(before: dict[str, bytes], path: str) -> str:
    return before.get(path, b"").decode(errors="replace")

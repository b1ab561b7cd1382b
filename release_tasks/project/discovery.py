"""What a repository ships, found in its files: a single candidate is used, several are an error.

Such an error is a value (`Unresolved`), so it stops only what needs the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from posixpath import join, normpath
from typing import Any, TypeVar

from release_tasks import environment, memo
from release_tasks.errors import ReleaseError
from release_tasks.formats import text_files
from release_tasks.formats.text_files import read
from release_tasks.printable import word
from release_tasks.project import (
    cargo_folder,
    charts,
    containers,
    python_packages,
    settings_errors,
)
from release_tasks.project.binaries import binaries
from release_tasks.project.components import split
from release_tasks.project.crates import with_crates
from release_tasks.project.model import (
    Crate,
    Project,
    PythonPackage,
    Resolved,
    Unresolved,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE, Settings
from release_tasks.project.settings_file import load, templates
from release_tasks.tools import cargo, git, remotes
from release_tasks.tools.git import clones, origin

Versioned = TypeVar("Versioned", Crate, PythonPackage)
DECLARED_URL = re.compile(
    r'^\s*"?(?:repository|source|homepage)"?\s*=\s*"(https://github[^"]+)"',
    re.M | re.I,
)


def discover(root: Path) -> Project:
    """Return the project at `root` as its files are now; raise `ReleaseError` for broken ones."""
    try:
        return _discover(root, git.fingerprint(root), _tags(root))
    except ReleaseError as error:
        text = text_files.peek(root, FILE)
        raise settings_errors.with_line(error, text) from error


def prefetch(root: Path) -> None:
    """Let cargo read the workspace in another thread, the first time that it is needed."""
    if _discover.cache_info().currsize == 0 and (root / "Cargo.toml").exists():
        memo.prefetch(cargo.metadata, root)


def outline(root: Path) -> Project:
    """Return a project as far as cargo and the manifests are not needed: settings, names, files."""
    settings = load(root)
    _refuse_untracked(root, settings)
    environment.give_also(settings.build.pass_env)
    files = _visible(git.tracked(root), settings.project.ignore)
    url = origin.url(root)
    repository = remotes.repository_of(root)
    if url is None:
        url = _declared_url(root)
        repository = remotes.github_repository(url or "")
    source = repository or url or root.name  # a folder may have any name
    name = re.split("[/:]", source.rstrip("/").removesuffix(".git"))[-1]
    place = cargo_folder.find(root, files, settings)
    return Project(
        root,
        settings,
        name,
        repository,
        (),
        files=files,
        cargo_folder=place.path or "",
        cargo_candidates=place.candidates,
    )


def _refuse_untracked(root: Path, settings: Settings) -> None:
    """Refuse a template that git does not track: any file of this machine could be published."""
    named = [("[github] notes", path) for path in templates(settings.github)]
    if settings.announce.template is not None:
        named.append(("[announce] template", settings.announce.template))
    tracked = git.tracked(root) if named else ()
    for key, path in named:
        if normpath(path) not in tracked:
            raise ReleaseError(
                f"{FILE}: {key}: {path} is not in the repository",
                f"git add {word(path)}, or correct the path",
            )


@lru_cache(maxsize=8)
def _discover(root: Path, fingerprint: str, tags: tuple[str, ...]) -> Project:
    project = replace(outline(root), tags=tags)
    workspace = None
    if project.has_cargo:
        workspace = _workspace(root, project.cargo_folder, project.files)
    project = with_crates(project, workspace)
    more = tuple(containers.left_out(project))
    project = replace(project, left_out=(*project.left_out, *more))
    ships = _ships(project)
    try:
        return split(project, ships)
    except ReleaseError as error:
        if not git.changed(root):
            raise
        present = error
    # An interrupted bump leaves several versions: until it is done, those of the commit count.
    with clones.manifests_at(root, "HEAD") as tree:
        try:
            committed = discover(tree)
        except ReleaseError:
            raise present from None
    return _split_as_committed(project, ships, committed)


def _tags(root: Path) -> tuple[str, ...]:
    """Return the names of all tags, the oldest first; a shallow clone has them only on origin."""
    here = git.tags_by_age(root)
    if not git.is_shallow(root) or origin.url(root) is None:
        return here
    try:
        refs = origin.refs(root)
    except ReleaseError:  # without a network the default form is used
        return here
    prefix = "refs/tags/"
    there = [ref.removeprefix(prefix) for ref in refs if ref.startswith(prefix)]
    return (*(tag for tag in there if tag not in here), *here)


def _workspace(
    root: Path, folder: str, files: tuple[str, ...]
) -> cargo.Workspace:
    """Return the workspace; cargo is only asked again if something that it reads has changed."""
    present = sorted({*files, *git.changed(root)})
    # cargo finds targets by name
    sources = tuple(path for path in present if path.endswith(".rs"))
    manifests = [
        path
        for path in present
        if path.endswith(("Cargo.toml", ".cargo/config.toml"))
    ]
    lock = join(folder, "Cargo.lock")
    times = [(path, _modified(root / path)) for path in (*manifests, lock)]
    return _workspace_as_of(root / folder, sources, tuple(times))


@lru_cache(maxsize=8)
def _workspace_as_of(
    root: Path, sources: tuple[str, ...], times: tuple[object, ...]
) -> cargo.Workspace:
    return cargo.workspace(root)


def _modified(path: Path) -> int:
    """Return when a file was changed, in nanoseconds; 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _ships(project: Project) -> dict[str, Resolved[Any]]:
    """Return what the repository ships, by kind."""
    root, files, settings = project.root, project.files, project.settings
    return {
        "images": containers.images(project),
        "charts": charts.charts(project),
        "python": python_packages.packages(root, files, settings),
        "crates": _published(project.crates),
        "binaries": binaries(project.crates, settings, project.workspace),
    }


def _split_as_committed(
    project: Project, ships: dict[str, Resolved[Any]], committed: Project
) -> Project:
    """Return the project, split into components by the versions of its commit."""
    crates = _with_versions(project.crates, committed.crates)
    ships = ships | {"crates": _published(crates)}
    packages: list[PythonPackage] = []
    for component in committed.components:
        packages += resolved_or_empty(component.python)
    if not isinstance(ships["python"], Unresolved):
        ships["python"] = _with_versions(ships["python"], packages)
    return split(replace(project, crates=crates), ships)


def _with_versions(
    found: tuple[Versioned, ...], committed: Iterable[Versioned]
) -> tuple[Versioned, ...]:
    versions = {one.name: one.version for one in committed}
    return tuple(
        replace(one, version=versions.get(one.name, one.version))
        for one in found
    )


def _published(crates: tuple[Crate, ...]) -> tuple[Crate, ...]:
    return tuple(crate for crate in crates if crate.publish)


def _visible(files: Iterable[str], ignored: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files that discovery looks at: none in a hidden or ignored folder."""
    skipped = tuple(f"{path.rstrip('/')}/" for path in ignored)
    found = []
    for path in files:
        folder = path.rpartition("/")[0]
        is_hidden = "/." in f"/{folder}"
        if not is_hidden and not f"{path}/".startswith(skipped):
            found.append(path)
    return tuple(found)


def _declared_url(root: Path) -> str | None:
    """Return the repository that the manifests name, for a checkout without a remote."""
    for name in ("Cargo.toml", "pyproject.toml"):
        if not (root / name).exists():
            continue
        match = DECLARED_URL.search(read(root, name))
        if match:
            return match[1]
    return None

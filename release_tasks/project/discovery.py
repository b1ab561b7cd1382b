"""What a repository ships, found in its own files: one candidate is a default, two are a question."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from release_tasks import memo
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.project import containers, python_packages
from release_tasks.project.components import split
from release_tasks.project.model import (
    Binary,
    Crate,
    Project,
    PythonPackage,
    Resolved,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE, Settings
from release_tasks.project.settings_file import load
from release_tasks.tools import cargo, git

Versioned = TypeVar("Versioned", Crate, PythonPackage)


def discover(root: Path) -> Project:
    """Return the project at `root` as its files are now; raise `ReleaseError` for unreadable ones."""
    return _discover(root, git.fingerprint(root))


def prefetch(root: Path) -> None:
    """Let cargo read the workspace while Python imports the rest, the first time that it is needed."""
    if _discover.cache_info().currsize == 0 and (root / "Cargo.toml").exists():
        memo.prefetch(cargo.metadata, root)


def outline(root: Path) -> Project:
    """Return a project without what only cargo and the manifests tell: its settings, names and files."""
    settings = load(root)
    files = _visible(git.tracked(root), settings.project.ignore)
    url = git.remote_url(root)
    name = _repository(url or _declared_url(root))
    called = re.split("[/:]", (name or url or root.name).rstrip("/").removesuffix(".git"))[
        -1
    ]  # a folder is named at will
    return Project(root, settings, called, name, (), files=files)


@lru_cache(maxsize=8)
def _discover(root: Path, fingerprint: str) -> Project:
    project = outline(root)
    settings, files, name = project.settings, project.files, project.repository
    python = python_packages.packages(root, files, settings)
    workspace = _workspace(root, files)
    crates = _crates(
        workspace.members if workspace else (),
        settings,
        python_packages.built_by_maturin(root, files),
    )
    project = replace(project, crates=crates, workspace=workspace)
    ships = {
        "crates": tuple(crate for crate in crates if crate.publish),
        "python": python,
        "binaries": _binaries(crates, settings),
        "images": containers.images(files, settings, name),
        "charts": containers.charts(root, files, settings, name),
    }
    try:
        return split(project, ships)
    except ReleaseError:
        if not git.changed(root):
            raise
    # a bump that was interrupted leaves several versions: those of the commit hold until it is done
    with git.clone(root, "HEAD") as tree:
        before = discover(tree)
    crates = _dated(crates, before.crates)
    ships |= {"crates": tuple(crate for crate in crates if crate.publish)}
    if not isinstance(python, ReleaseError):
        ships["python"] = _dated(
            python,
            (package for one in before.components for package in resolved_or_empty(one.python)),
        )
    return split(replace(project, crates=crates), ships)


def _workspace(root: Path, files: tuple[str, ...]) -> cargo.Workspace | None:
    """Return the workspace; cargo is asked again only where something that it reads has changed."""
    if "Cargo.toml" not in files:
        return None
    present = sorted({*files, *git.changed(root)})
    sources = tuple(path for path in present if path.endswith(".rs"))  # cargo finds targets by name
    manifests = [path for path in present if path.endswith(("Cargo.toml", ".cargo/config.toml"))]
    times = [(path, _modified(root / path)) for path in (*manifests, "Cargo.lock")]
    return _workspace_as_of(root, sources, tuple(times))


@lru_cache(maxsize=8)
def _workspace_as_of(
    root: Path, sources: tuple[str, ...], times: tuple[object, ...]
) -> cargo.Workspace:
    return cargo.workspace(root)


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _dated(found: tuple[Versioned, ...], before: Iterable[Versioned]) -> tuple[Versioned, ...]:
    was = {one.name: one.version for one in before}
    return tuple(replace(one, version=was.get(one.name, one.version)) for one in found)


def _visible(files: Iterable[str], ignore: tuple[str, ...]) -> tuple[str, ...]:
    skipped = tuple(f"{one.rstrip('/')}/" for one in ignore)
    return tuple(
        path
        for path in files
        if "/." not in f"/{path}".rpartition("/")[0] and not f"{path}/".startswith(skipped)
    )


def _repository(url: str | None) -> str | None:
    got = re.search(r"github\.com[:/]+([^/]+/[^/]+?)(?:\.git)?/?$", url or "")
    return got[1] if got else None


def _declared_url(root: Path) -> str | None:
    """Return the repository that the manifests name, for a checkout without a remote."""
    for name in ("Cargo.toml", "pyproject.toml"):
        text = read(root, name) if (root / name).exists() else ""
        if got := re.search(
            r'^\s*"?(?:repository|source|homepage)"?\s*=\s*"(https://github[^"]+)"',
            text,
            re.M | re.I,
        ):
            return got[1]
    return None


def _crates(
    members: tuple[cargo.Member, ...], settings: Settings, maturin: set[Path]
) -> tuple[Crate, ...]:
    names = {member.name for member in members}
    for key in ("ignore", "include"):
        for name in getattr(settings.crates, key):
            if name not in names:
                raise ReleaseError(
                    f"{FILE}: [crates] {key} names {name}, which is no crate here",
                    f"known are {', '.join(sorted(names))}",
                )

    def published(member: cargo.Member) -> bool:
        if member.name in settings.crates.include:
            return True
        return (
            member.publish
            and member.name not in settings.crates.ignore
            and member.folder not in maturin
        )

    return tuple(
        Crate(m.name, m.version, m.folder, m.needs, published(m), m.binaries) for m in members
    )


def _binaries(crates: tuple[Crate, ...], settings: Settings) -> Resolved[Binary]:
    owners = {
        program: crate.name for crate in crates if crate.publish for program in crate.binaries
    }
    owners = {program: crate.name for crate in crates for program in crate.binaries} | owners
    found = []
    for name, targets in settings.binaries.items():
        if name not in owners:
            return ReleaseError(
                f"{FILE}: [binaries.{name}]: no crate has that binary",
                f"known are {', '.join(owners) or 'none'}",
            )
        for target, file in targets.items():
            found.append(Binary(name, owners[name], target, file, name in settings.build.static))
    return tuple(found)

"""The crates of a repository: members of the workspace at its root, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from release_tasks.errors import ReleaseError, shorten
from release_tasks.manifests.pyproject import PyProject
from release_tasks.project import python_packages
from release_tasks.project.model import (
    Crate,
    OutsideCrate,
    Project,
    choice,
)
from release_tasks.project.outside_crates import outside_crates
from release_tasks.project.settings import FILE, CrateTable, Settings
from release_tasks.tools import cargo, git


def with_crates(project: Project, workspace: cargo.Workspace | None) -> Project:
    """Return the project with its crates: members that git tracks, and those outside.

    Raises `ReleaseError` where the settings name a crate that there is not.
    """
    root, settings = project.root, project.settings
    members = workspace.members if workspace else ()
    named = {
        "ignore": settings.crates.ignore,
        "include": settings.crates.include,
    }
    named |= {name: (name,) for name in settings.crates.named}
    for key, names in named.items():
        _refuse_unknown(key, names, members, project.cargo_candidates)
    in_wheels = python_packages.built_by_maturin(root, project.files)
    tracked = set(git.tracked(root))
    submodules = tuple(git.submodules(root))
    crates = []
    left_out = []
    for member in members:
        submodule = _around(
            f"{member.folder}/".removeprefix(f"{root}/"), submodules
        )
        if submodule:
            reason = f"the submodule {submodule} is released on its own"
            left_out.append(f"{member.name} (crates: {reason})")
            continue
        own = _in_tracked_folder(root, member, tracked)
        about = in_wheels.get(own.folder)
        is_library = about is not None and not _is_program(
            about, workspace, own
        )
        is_ignored = _is_below(root, own.folder, settings.project.ignore)
        crate = _crate(own, settings, is_library or is_ignored)
        if about and own.publish and not crate.publish and not is_ignored:
            left_out.append(
                f"{own.name} (crates: it is built into {about.name})"
            )
        crates.append(crate)
    folders = {crate.folder for crate in crates} | {
        one.folder for one in members
    }
    outside = outside_crates(project, folders)
    left_out += _outside_names(project, outside, in_wheels)
    left_out += python_packages.left_out(root, project.files, settings)
    return replace(
        project,
        crates=tuple(crates),
        workspace=workspace,
        outside=outside,
        left_out=tuple(dict.fromkeys(left_out)),
    )


def _is_program(
    about: PyProject, workspace: cargo.Workspace | None, member: cargo.Member
) -> bool:
    return workspace is not None and python_packages.is_program(
        about, workspace.packages[member.name]
    )


def _crate(
    member: cargo.Member, settings: Settings, not_for_others: bool
) -> Crate:
    """Return a member as what it is for a release.

    What is `not_for_others` is the library of a wheel, or in a folder that the settings ignore. A
    program that is in a wheel is published as well, where cargo may do that.
    """
    is_excluded = not_for_others or member.name in settings.crates.ignore
    is_included = member.name in settings.crates.include
    return Crate(
        member.name,
        member.version,
        member.folder,
        member.needs,
        publish=is_included or (member.publish and not is_excluded),
        binaries=member.binaries,
        verification=_verification(settings.crates.named.get(member.name)),
    )


def _verification(table: CrateTable | None) -> cargo.Verification:
    if table is None:
        return cargo.Verification()
    return cargo.Verification(
        features=table.features,
        default_features=table.default_features,
        target=table.target,
        is_wanted=table.verify,
        reason=table.reason,
    )


def _is_below(root: Path, folder: Path, ignored: tuple[str, ...]) -> bool:
    """Tell whether a folder is one that [project] ignore names, or below it."""
    path = f"{folder}/".removeprefix(f"{root}/")
    return any(path.startswith(f"{one.rstrip('/')}/") for one in ignored)


def _in_tracked_folder(
    root: Path, member: cargo.Member, tracked: set[str]
) -> cargo.Member:
    """Return a member in the folder under which git tracks it, if that is behind a link."""
    if _manifest(root, member.folder) in tracked:
        return member
    behind_link = member.folder.resolve()
    if _manifest(root, behind_link) in tracked:
        return replace(member, folder=behind_link)
    return member


def _manifest(root: Path, folder: Path) -> str:
    return f"{folder}/Cargo.toml".removeprefix(f"{root}/")


def _around(folder: str, submodules: tuple[str, ...]) -> str:
    """Return the submodule that a folder is in, "" for any other folder."""
    for submodule in submodules:
        if folder.startswith(f"{submodule}/"):
            return submodule
    return ""


def _outside_names(
    project: Project,
    outside: tuple[OutsideCrate, ...],
    in_wheels: Mapping[Path, PyProject],
) -> Iterator[str]:
    """Yield the crates that cargo would publish, but only from another workspace."""
    place = "at the root"
    if project.cargo_folder:
        place = f"in {project.cargo_folder}/"
    by_workspace: dict[str, list[str]] = {}
    for crate in outside:
        manifest = (crate.folder / "Cargo.toml").relative_to(project.root)
        path = manifest.as_posix()
        is_shipped = crate.is_publishable and crate.folder not in in_wheels
        if not is_shipped or python_packages.not_shipped(path):
            continue
        around = [
            folder
            for folder in project.cargo_candidates
            if path.startswith(f"{folder}/")
        ]
        if around:
            by_workspace.setdefault(around[-1], []).append(crate.name)
            continue
        reason = f"{path} is not in the workspace {place}"
        way = f"cargo publish --manifest-path {path} releases it"
        yield f"{crate.name} (crates: {reason}; {way})"
    for folder, names in by_workspace.items():
        reason = f"{folder}/ is one of several workspaces"
        way = f'folder = "{folder}" in [crates] releases that one'
        yield f"{shorten(names)} (crates: {reason}; {way})"


def _refuse_unknown(
    key: str,
    names: tuple[str, ...],
    members: tuple[cargo.Member, ...],
    candidates: Sequence[str],
) -> None:
    available = sorted(member.name for member in members)
    fix = f"available: {', '.join(available)}"
    if candidates:
        fix = f"name the workspace that has it:\n[crates]\n{choice('folder', [*candidates])}"
    for name in names:
        if name not in available:
            raise ReleaseError(
                f"{FILE}: [crates] {key}: there is no crate {name}",
                fix,
            )

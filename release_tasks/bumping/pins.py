"""Which component each crate belongs to, and which pins follow when another component moves on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from release_tasks.bumping.version_copies import relative
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import decode
from release_tasks.manifests import cargo_toml
from release_tasks.manifests.cargo_toml import CargoManifest
from release_tasks.project.model import Crate, Project, resolved_or_empty
from release_tasks.project.python_packages import crates_in
from release_tasks.versions.requirements import admits

if TYPE_CHECKING:
    from release_tasks.release import Release


def owners(project: Project) -> dict[str, str]:
    """Return the component of each crate; one that only a wheel is made of goes with that wheel."""
    only = project.components[0] if len(project.components) == 1 else None
    found = (
        {crate.name: only.name for crate in project.crates if crate.version == only.version}
        if only
        else {}
    )
    for component in project.components:
        for package in resolved_or_empty(component.python):
            found |= {crate.name: component.name for crate in crates_in(project, package)}
    for component in project.components:
        found |= {crate.name: component.name for crate in resolved_or_empty(component.crates)}
    return found


def new_versions(release: Release) -> dict[str, str]:
    """Return the new version of each crate, also of one that no component owns and the workspace's version moves."""
    owner, number, shared = owners(release.project), _numbers(release), workspace_version(release)
    new = {crate: number[one] for crate, one in owner.items() if one in number}
    loose = [crate for crate in release.project.crates if crate.name not in owner] if shared else []
    return new | {
        crate.name: shared for crate in loose if shared and _manifest(release, crate).inherits
    }


def manifests(release: Release) -> dict[str, dict[str, str]]:
    """Return each Cargo.toml, and the new versions by which it goes: all but those that it keeps its pins on."""
    owner, new = owners(release.project), new_versions(release)
    found = {"Cargo.toml": new} if release.project.manifest else {}
    for crate in release.project.crates:
        kept = _kept(release.project, owner.get(crate.name))
        found[_path(release, crate)] = (
            {name: new[name] for name in new if owner.get(name) not in kept} if kept else new
        )
    return found


def workspace_version(release: Release) -> str | None:
    """Return what [workspace.package] version becomes; None where it stays."""
    if len(release.project.components) == 1:
        return release.parts[0].version
    wanted = set(_inheriting(release).values())
    return wanted.pop() if len(wanted) == 1 else None


def refusals(release: Release) -> list[ReleaseError]:
    """Return why a component cannot be bumped by itself, and each pin that cannot be kept."""
    several = len(release.project.components) > 1
    return [*_alone(release), *_unkept(release)] if several else []


def _alone(release: Release) -> Iterator[ReleaseError]:
    """Yield that crates which inherit one version would get several."""
    inheriting, owner = _inheriting(release), owners(release.project)
    crate = next((one for one in release.project.crates if inheriting.get(one.name)), None)
    if crate is None or len(set(inheriting.values())) == 1:
        return
    number, mine = inheriting[crate.name], owner[crate.name]
    together = ",".join(dict.fromkeys(f"{owner[name]}={number}" for name in inheriting))
    yield ReleaseError(
        f"{crate.name} inherits the workspace's version, so {mine} cannot be bumped alone",
        f'write version = "{crate.version}" for version.workspace = true in {_path(release, crate)}, or --version {together}',
    )


def _unkept(release: Release) -> Iterator[ReleaseError]:
    owner, number = owners(release.project), _numbers(release)
    now = {crate.name: crate.version for crate in release.project.crates}
    for crate in release.project.crates:
        kept = _kept(release.project, owner.get(crate.name)) & set(number)
        for pin in _manifest(release, crate).pins if kept else ():
            one, where = (
                owner.get(pin.package, ""),
                f"{_path(release, crate)}: {pin.key} in [{pin.table}]",
            )
            follow = f'pins = {{ {one} = "follow" }} in [components.{owner[crate.name]}]'
            if one in kept and pin.inherits:
                yield ReleaseError(
                    f"{where} inherits its requirement, so it cannot be kept",
                    f"write a version there, or {follow}",
                )
            elif one in kept and pin.requirement and not admits(pin.requirement, number[one]):
                yield ReleaseError(
                    f"{where} is kept at {pin.requirement}, which {number[one]} does not satisfy",
                    f"{follow}, or commit a requirement that admits {now[pin.package]} and {number[one]}",
                )


def _inheriting(release: Release) -> dict[str, str | None]:
    """Return the new version of each crate that a component owns and the workspace gives its version to."""
    owner, number = owners(release.project), _numbers(release)
    crates = [crate for crate in release.project.crates if crate.name in owner]
    return {
        crate.name: number.get(owner[crate.name])
        for crate in crates
        if _manifest(release, crate).inherits
    }


def _numbers(release: Release) -> dict[str, str]:
    return {part.component.name: part.version for part in release.parts}


def _kept(project: Project, component: str | None) -> set[str]:
    pins = project.component(component).pins if component and len(project.components) > 1 else ()
    return {name for name, policy in pins if policy == "keep"}


def _path(release: Release, crate: Crate) -> str:
    return relative(release, os.path.join(crate.folder, "Cargo.toml"))


def _manifest(release: Release, crate: Crate) -> CargoManifest:
    path = _path(release, crate)
    return cargo_toml.read(decode((crate.folder / "Cargo.toml").read_bytes(), path), path)

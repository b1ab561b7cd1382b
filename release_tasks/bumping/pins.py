"""Which component each crate belongs to, and which pins follow when another component is bumped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from release_tasks.bumping import python_pins
from release_tasks.bumping.crate_pins import (
    OwnCrates,
    manifest_path,
    own_crates,
)
from release_tasks.bumping.version_copies import relative
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import content, decode, read
from release_tasks.manifests import cargo_toml
from release_tasks.manifests.cargo_toml import CargoManifest, Pin
from release_tasks.project.candidates import is_of_its_own
from release_tasks.project.model import (
    Component,
    Crate,
    OutsideCrate,
    Project,
    resolved_or_empty,
)
from release_tasks.project.python_packages import crates_in
from release_tasks.versions.requirements import admits

if TYPE_CHECKING:
    from release_tasks.release import Release


def owners(project: Project) -> dict[str, str]:
    """Return the component of each crate.

    A crate in only a program or a wheel belongs with that.
    """
    found: dict[str, str] = {}
    if len(project.components) == 1:
        [only] = project.components
        for crate in project.crates:
            if crate.version == only.version:
                found[crate.name] = only.name
    for find in (_in_programs, _in_wheels, _published):
        for component in project.components:
            for name in find(project, component):
                found[name] = component.name
    return found


def _in_programs(project: Project, component: Component) -> list[str]:
    return [binary.crate for binary in resolved_or_empty(component.binaries)]


def _in_wheels(project: Project, component: Component) -> list[str]:
    found = []
    for package in resolved_or_empty(component.python):
        for crate in crates_in(project, package):
            has_own = package.version and is_of_its_own(
                component, project.tags, crate.version
            )
            if not has_own:
                found.append(crate.name)
    return found


def _published(project: Project, component: Component) -> list[str]:
    return [crate.name for crate in resolved_or_empty(component.crates)]


def new_versions(release: Release) -> dict[str, str]:
    """Return the new version of each crate of the release.

    A crate that no component owns is included where the workspace's version changes it.
    """
    owner = owners(release.project)
    component_versions = _component_versions(release)
    shared = workspace_version(release)
    versions = {}
    for crate, component in owner.items():
        if component in component_versions:
            versions[crate] = component_versions[component]
    if shared:
        for member in release.project.crates:
            if member.name not in owner and _manifest(release, member).inherits:
                versions[member.name] = shared
    return versions


def manifests(release: Release) -> dict[str, dict[str, str]]:
    """Return each Cargo.toml with the new versions of the crates that it and its pins get.

    Crates whose pins the manifest keeps are left out.
    """
    owner = owners(release.project)
    versions = new_versions(release)
    found: dict[str, dict[str, str]] = {}
    if release.project.has_cargo:
        found[release.project.cargo_manifest] = versions
    for crate in release.project.crates:
        kept = _kept(release.project, owner.get(crate.name))
        wanted = versions
        if kept:
            wanted = {
                name: versions[name]
                for name in versions
                if owner.get(name) not in kept
            }
        found[manifest_path(release, crate)] = wanted
    return found


def outside_manifests(release: Release) -> dict[str, dict[str, str]]:
    """Return the manifests of wheels outside of the workspace, with the versions that each gets.

    There a name alone is the published crate; only with a path is it the one of this repository.
    """
    owner = owners(release.project)
    versions = new_versions(release)
    found: dict[str, dict[str, str]] = {}
    for crate in outside_with_versions(release):
        kept = _kept(release.project, owner.get(crate.name))
        own = relative(release, crate.folder / "Cargo.toml")
        for path in (own, crate.version_file):
            names = {crate.name}
            text = read(release.source_tree, path)
            for pin in cargo_toml.read(text, path).pins:
                if pin.folder and owner.get(pin.package) not in kept:
                    names.add(pin.package)
            wanted = {
                name: versions[name] for name in names if name in versions
            }
            found.setdefault(path, {}).update(wanted)
    return found


def outside_with_versions(release: Release) -> list[OutsideCrate]:
    """Return the crates outside of the workspace that get a version.

    One with the name of a member is another crate, e.g. an old copy as test data.
    """
    versions = new_versions(release)
    members = {crate.name for crate in release.project.crates}
    return [
        crate
        for crate in release.project.outside
        if crate.name in versions and crate.name not in members
    ]


def workspace_version(release: Release) -> str | None:
    """Return what [workspace.package] version becomes, None where it stays."""
    if len(release.project.components) == 1:
        return _only_workspace_version(release)
    wanted = set(_inheriting(release).values())
    if len(wanted) == 1:
        return wanted.pop()
    return None


def _only_workspace_version(release: Release) -> str | None:
    """Return what the workspace's version becomes in a project that is one component."""
    [part] = release.parts
    if part.component.version is None:
        return None
    for crate in release.project.crates:
        manifest = _manifest(release, crate)
        if manifest.inherits:
            tags = release.project.tags
            if is_of_its_own(part.component, tags, crate.version):
                return None
            break
    return part.version


def refusals(release: Release) -> list[ReleaseError]:
    """Return why a component cannot be bumped alone, and each pin that cannot be kept."""
    if len(release.project.components) == 1:
        return []
    return [
        *_shared_version_errors(release),
        *_kept_pin_errors(release),
        *python_pins.kept_errors(release),
    ]


def _shared_version_errors(release: Release) -> Iterator[ReleaseError]:
    """Yield the error of crates that inherit one version and would get several."""
    inheriting = _inheriting(release)
    if len(set(inheriting.values())) == 1:
        return
    crate = next(
        (
            crate
            for crate in release.project.crates
            if inheriting.get(crate.name)
        ),
        None,
    )
    if crate is None:
        return
    owner = owners(release.project)
    version = inheriting[crate.name]
    requests = ",".join(
        dict.fromkeys(f"{owner[name]}={version}" for name in inheriting)
    )
    yield ReleaseError(
        f"{crate.name} inherits the workspace's version, "
        f"so {owner[crate.name]} cannot be bumped alone",
        f'write version = "{crate.version}" for version.workspace = true '
        f"in {manifest_path(release, crate)}, or --version {requests}",
    )


def _kept_pin_errors(release: Release) -> Iterator[ReleaseError]:
    owner = owners(release.project)
    versions = _component_versions(release)
    own = own_crates(release)
    for crate in release.project.crates:
        kept = _kept(release.project, owner.get(crate.name)) & set(versions)
        if not kept:
            continue
        path = manifest_path(release, crate)
        for pin in _manifest(release, crate).pins:
            component = owner.get(pin.package, "")
            if component not in kept or not _is_kept(own, path, pin):
                continue
            place = f"{path}: {pin.key} in [{pin.table}]"
            follow = f'pins = {{ {component} = "follow" }} in [components.{owner[crate.name]}]'
            new = versions[component]
            yield from _kept_pin_error(
                pin, place, follow, (own.present[pin.package], new)
            )


def _is_kept(own: OwnCrates, path: str, pin: Pin) -> bool:
    """Return whether a requirement leads to the repository, perhaps by the workspace's table."""
    return pin.inherits or own.is_ours(path, pin)


def _kept_pin_error(
    pin: Pin, place: str, follow: str, versions: tuple[str, str]
) -> Iterator[ReleaseError]:
    present, new = versions
    if pin.inherits:
        yield ReleaseError(
            f"{place} inherits its requirement, so it cannot be kept",
            f"write a version there, or {follow}",
        )
    elif pin.requirement and not admits(pin.requirement, new):
        yield ReleaseError(
            f"{place} is kept at {pin.requirement}, which {new} does not satisfy",
            f"{follow}, or commit a requirement that admits {present} and {new}",
        )


def _inheriting(release: Release) -> dict[str, str | None]:
    """Return the new version of each crate of a component that inherits the workspace's."""
    owner = owners(release.project)
    versions = _component_versions(release)
    found = {}
    for crate in release.project.crates:
        if crate.name in owner and _manifest(release, crate).inherits:
            found[crate.name] = versions.get(owner[crate.name])
    return found


def _component_versions(release: Release) -> dict[str, str]:
    return {part.component.name: part.version for part in release.parts}


def _kept(project: Project, component: str | None) -> set[str]:
    """Return the components whose versions the pins of a component keep."""
    if component is None or len(project.components) == 1:
        return set()
    policies = project.component(component).pins
    return {name for name, policy in policies if policy == "keep"}


def _manifest(release: Release, crate: Crate) -> CargoManifest:
    path = manifest_path(release, crate)
    return cargo_toml.read(
        decode(content(crate.folder / "Cargo.toml"), path), path
    )

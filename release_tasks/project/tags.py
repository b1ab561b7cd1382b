"""Tags: their names and messages, and the component and version that a tag stands for."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.printable import word
from release_tasks.project.model import Component, Project, resolved_or_empty
from release_tasks.project.tag_forms import version_in_form
from release_tasks.versions.numbers import as_semver, from_pep440, parse

PROMOTED = "-stable"  # what `inv promote` adds to a tag


def tag_name(component: Component, version: str) -> str:
    """Return the tag of a component's version."""
    return component.tag.format(version=version)


def tag_names(component: Component, version: str) -> tuple[str, ...]:
    """Return every tag that a version can get: its own, and that of its promotion."""
    name = tag_name(component, version)
    if not component.promotes:
        return (name,)
    return (name, name + PROMOTED)


def version_in(component: Component, tag: str) -> str | None:
    """Return the version in a tag of this component, None for any other tag."""
    before, _, after = component.tag.partition("{version}")
    version = tag[len(before) : len(tag) - len(after)]
    if tag != f"{before}{version}{after}" or not version[:1].isdigit():
        return None
    if refusal(component, version):
        return None
    return version


def released_version(component: Component, tag: str) -> str | None:
    """Return the version in a tag of this component, also in a form that its tags had before.

    PEP 440's forms are others than SemVer's: `v1.2.0rc1`, and `v1.2` for 1.2.0.
    """
    version = own_version(component, tag)
    if version is not None:
        return version
    for form in component.former_tags:
        version = version_in_form(form, tag)
        if version is not None:
            return version
    return None


def own_version(component: Component, tag: str) -> str | None:
    """Return the version in a tag of the form that this component's tags have now."""
    version = version_in_form(component.tag, tag)
    if version is None or refusal(component, version):
        return None
    return version


def numbers_in(component: Component, tag: str) -> int:
    """Return how many numbers the version in a tag of the present form has: 2 in `v1.4`."""
    before, _, after = component.tag.partition("{version}")
    text = tag[len(before) : len(tag) - len(after)]
    return len(text.partition("-")[0].split("."))


def read(project: Project, tag: str) -> tuple[Component, str, bool]:
    """Return the component and version of a tag, and whether it promotes that version.

    Raises `ReleaseError` for a tag that is not one of this project's.
    """
    for component in project.components:
        version = version_in(component, tag)
        if version:
            return component, version, False
        if not component.promotes:
            continue
        version = version_in(component, tag.removesuffix(PROMOTED))
        if version:
            return component, version, True
    forms = ", ".join(component.tag for component in project.components)
    fix = f"the form of its tags is {forms}"
    if tag in project.tags:
        fix += f"; if it is there by mistake: inv untag --tag {word(tag)}"
    raise ReleaseError(f"{tag} is not a tag of this project", fix)


def describe(project: Project, tag: str) -> dict[str, str | bool]:
    """Return what a tag of a project stands for, as docs/json.md has it.

    Raises `ReleaseError` for a tag that is not one of this project's.
    """
    component, version, is_promotion = read(project, tag)
    return {
        "tag": tag,
        "component": component.name,
        "version": version,
        "promotion": is_promotion,
    }


def refusal(component: Component, version: str) -> ReleaseError | None:
    """Return why a component cannot have a version: it is not one, or is reserved or forbidden."""
    try:
        number = parse(version)
    except ReleaseError as error:
        return error
    final = str(number.finalize_version())
    if number.prerelease and not component.prereleases:
        return ReleaseError(
            f"{version} is a prerelease, and the settings allow none",
            f"--version {final}",
        )
    if component.promotes and version.endswith(PROMOTED):
        return ReleaseError(
            f"{version} is reserved for the promotion of a version",
            f"inv promote --version {version.removesuffix(PROMOTED)}",
        )
    return None


def message(component: Component, version: str, template: str | None) -> str:
    """Return the message of a tag, from the settings' template; "" for a lightweight tag."""
    if template is None:
        is_bare = component.tag in ("v{version}", "{version}")
        template = (
            "Release {tag}" if is_bare else "Release {component} {version}"
        )
    return template.format(
        component=component.name,
        version=version,
        tag=tag_name(component, version),
    )


def manifest_version(root: Path, component: Component) -> str | None:
    """Return the version of a component's manifests, None where only its tag has it.

    Raises `ReleaseError` with the file where it is no version that a release can have.
    """
    if component.version is None:
        return None
    for package in resolved_or_empty(component.python):
        if not package.version:
            continue
        try:
            from_pep440(package.version)
        except ReleaseError as error:
            path = package.manifest(root)
            number = error.fix.rpartition(" ")[2]
            fix = f"inv bump --version {number}"
            raise ReleaseError(f"{path}: {error.problem}", fix) from None
    return component.version


def carried(project: Project, component: Component) -> dict[str, str]:
    """Return the version that each crate and Python package of a component has in its manifest.

    A crate that is only in a wheel counts with that wheel, one of a program with the program.
    """
    if component.version is None:
        return {}
    packages = resolved_or_empty(component.python)
    crates = _crate_versions(project, component)
    wheels = {
        package.name: as_semver(package.version)
        for package in packages
        if package.version
    }
    found = {}
    for name, version in crates.items():
        label = f"the crate {name}" if name in wheels else name
        found[label] = version
    return found | wheels


def _crate_versions(project: Project, component: Component) -> dict[str, str]:
    """Return the version of each crate that is published, in a wheel, or makes a program."""
    from release_tasks.project.candidates import is_of_its_own
    from release_tasks.project.python_packages import crates_in

    versions: dict[str, str] = {}
    programs = {
        binary.crate for binary in resolved_or_empty(component.binaries)
    }
    for crate in project.crates:
        if crate.name in programs:
            versions[crate.name] = crate.version
    for package in resolved_or_empty(component.python):
        for in_wheel in crates_in(project, package):
            version = in_wheel.version
            if package.version and is_of_its_own(
                component, project.tags, version
            ):
                continue
            versions[in_wheel.name] = version
    for other in project.components:
        if other.name != component.name:
            for crate in resolved_or_empty(other.crates):
                versions.pop(crate.name, None)
    for crate in resolved_or_empty(component.crates):
        versions[crate.name] = crate.version
    return versions

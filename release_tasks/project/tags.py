"""Tags as a policy: what each is called and says, and which component and version one stands for."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Component, Project, resolved_or_empty
from release_tasks.tools import git
from release_tasks.versions.numbers import from_pep440, parse

PROMOTED = "-stable"  # what `inv promote` adds to a tag


def tag_name(component: Component, version: str) -> str:
    """Return the tag of a component's version."""
    return component.tag.format(version=version)


def tag_names(component: Component, version: str) -> tuple[str, ...]:
    """Return every tag that a version can get: its own, and that of its promotion."""
    own = tag_name(component, version)
    return (own, own + PROMOTED) if component.promotes else (own,)


def version_in(component: Component, tag: str) -> str | None:
    """Return the version in a tag of this component, or None for any other tag (exact match)."""
    before, _, after = component.tag.partition("{version}")
    number = tag[len(before) : len(tag) - len(after)]
    if not number[:1].isdigit() or tag != f"{before}{number}{after}" or refusal(component, number):
        return None
    return number


def read(project: Project, tag: str) -> tuple[Component, str, bool]:
    """Return the component and version of a tag, and whether it promotes that version.

    Raises `ReleaseError` for a tag that is none of this project's.
    """
    for component in project.components:
        if version := version_in(component, tag):
            return component, version, False
        if component.promotes and (version := version_in(component, tag.removesuffix(PROMOTED))):
            return component, version, True
    raise ReleaseError(
        f"{tag} is no tag of this project",
        f"its tags are {', '.join(one.tag for one in project.components)}",
    )


def describe(tag: str) -> dict[str, str | bool]:
    """Return what a tag of the project at the current folder stands for, as docs/json.md has it.

    Raises `ReleaseError` for a tag that is not one of this project's.
    """
    from release_tasks.project.discovery import discover

    component, version, is_promotion = read(discover(git.top(Path.cwd())), tag)
    return {
        "tag": tag,
        "component": component.name,
        "version": version,
        "promotion": is_promotion,
    }


def refusal(component: Component, version: str) -> ReleaseError | None:
    """Return why a component cannot have this version: it is none, or a prerelease where there are none."""
    try:
        number = parse(version)
    except ReleaseError as error:
        return error
    final = str(number.finalize_version())
    if number.prerelease and not component.prereleases:
        return ReleaseError(
            f"{version} is a prerelease, and the settings refuse those", f"--version {final}"
        )
    if component.promotes and version.endswith(PROMOTED):
        return ReleaseError(
            f"{version} is the name of a promotion",
            f"inv promote --version {version.removesuffix(PROMOTED)}",
        )
    return None


def message(component: Component, version: str, template: str | None) -> str:
    """Return the message of a tag, from the settings' template; "" for a lightweight tag."""
    if template is None:
        is_bare = component.tag in ("v{version}", "{version}")
        template = "Release {tag}" if is_bare else "Release {component} {version}"
    return template.format(
        component=component.name, version=version, tag=tag_name(component, version)
    )


def carried(project: Project, component: Component) -> dict[str, str]:
    """Return the version that each crate and Python package of a component has in its own manifest.

    A crate that only a wheel is made of goes with that wheel.
    """
    from release_tasks.project.python_packages import crates_in

    if component.version is None:
        return {}
    packages = resolved_or_empty(component.python)
    owned = {
        crate.name
        for one in project.components
        if one.name != component.name
        for crate in resolved_or_empty(one.crates)
    }
    crates = {
        one.name: one
        for package in packages
        for one in crates_in(project, package)
        if one.name not in owned
    }
    crates |= {one.name: one for one in resolved_or_empty(component.crates)}
    wheels = {one.name: from_pep440(one.version) for one in packages if one.version}
    return {
        f"the crate {name}" if name in wheels else name: one.version for name, one in crates.items()
    } | wheels

"""Which part of a project has which version and tag; without settings there is one, for everything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Component, Project
from release_tasks.project.settings import FILE, ComponentTable

KINDS = ("crates", "python", "binaries", "images", "charts")


def split(project: Project, ships: Mapping[str, Any]) -> Project:
    """Give each shipped thing to its component; `ships` maps a kind to what was found."""
    from dataclasses import replace

    tables = dict(project.settings.components)
    if not tables:
        return replace(project, components=(_component(project, project.name, ComponentTable(), ships),))
    expanded = _expand(tables, ships["crates"])
    _refuse_twice(expanded)
    _refuse_same_tag(expanded)
    components = (
        _component(project, name, table, {kind: _named(name, kind, getattr(table, kind), ships[kind]) for kind in KINDS})
        for name, table in expanded.items()
    )
    return replace(project, components=tuple(components))


def tag_name(component: Component, version: str) -> str:
    """Return the tag of a component's version."""
    return component.tag.format(version=version)


def version_in(component: Component, tag: str) -> str | None:
    """Return the version in a tag of this component, or None for any other tag (exact match)."""
    before, after = component.tag.split("{version}", 1)
    number = r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
    got = re.fullmatch(f"{re.escape(before)}({number}){re.escape(after)}", tag)
    return got[1] if got else None


def _expand(tables: dict[str, ComponentTable], crates: Any) -> dict[str, ComponentTable]:
    from msgspec.structs import replace

    expanded: dict[str, ComponentTable] = {}
    for name, table in tables.items():
        if name != "{crate}":
            expanded[name] = table
            continue
        for crate in crates:
            tag = table.tag.replace("{crate}", crate.name)
            expanded[crate.name] = replace(table, tag=tag, crates=(crate.name,))
    return expanded


def _refuse_twice(tables: dict[str, ComponentTable]) -> None:
    owner: dict[tuple[str, str], str] = {}
    for name, table in tables.items():
        for kind in KINDS:
            for thing in getattr(table, kind):
                other = owner.setdefault((kind, thing), name)
                if other != name:
                    raise ReleaseError(f"{FILE}: {other} and {name} both ship {thing}", "leave it in one of them")


def _refuse_same_tag(tables: dict[str, ComponentTable]) -> None:
    owner: dict[str, str] = {}
    for name, table in tables.items():
        if (other := owner.setdefault(table.tag, name)) != name:
            raise ReleaseError(f"{FILE}: {other} and {name} both have the tag {table.tag}", f'[components.{name}]\ntag = "{name}-v{{version}}"')


def _named(component: str, kind: str, names: tuple[str, ...], found: Any) -> Any:
    if isinstance(found, ReleaseError) or not names:
        return found if names else ()
    key = "reference" if kind in ("images", "charts") else "name"
    known = {getattr(thing, key) for thing in found}
    if missing := [name for name in names if name not in known]:
        raise ReleaseError(
            f"{FILE}: [components.{component}] {kind}: {missing[0]} is not shipped here",
            f"known are {', '.join(sorted(known)) or 'none'}",
        )
    return tuple(thing for thing in found if getattr(thing, key) in names)


def _component(project: Project, name: str, table: ComponentTable, ships: Mapping[str, Any]) -> Component:
    github = project.settings.github
    if table.changelog and table.changelog not in project.files:
        raise ReleaseError(f"{FILE}: [components.{name}] changelog: {table.changelog} is not in the repository", "git add it, or mend the path")
    only = not project.settings.components
    return Component(
        name, table.tag, _version(project, name, ships), **ships,
        latest=github.latest and (table.latest or only), bundles=_bundles(project, ships["binaries"]), title=table.title or github.title,
        assets=github.assets if table.assets is None else table.assets,
        changelog=table.changelog or next((f for f in ("CHANGELOG.md",) if f in project.files), None),
    )


def _bundles(project: Project, binaries: Any) -> tuple[str, ...]:
    """Return the files that hold one binary and one variant each."""
    files = () if isinstance(binaries, ReleaseError) else dict.fromkeys(binary.file for binary in binaries)
    stems = [re.sub(r"\.(exe|zip|tar\.gz)$", "", file) for file in files]
    return tuple(
        template.format(asset=stem, variant=variant, version="{version}")
        for template, variants in project.settings.bundles.items() for stem in stems for variant in variants
    )


def _version(project: Project, name: str, ships: Mapping[str, Any]) -> str | None:
    if project.settings.project.version == "tag":
        return None
    crates = ships["crates"] or (project.crates if not project.settings.components else ())
    versions = {crate.version for crate in crates}
    if len(versions) > 1:
        rows = "\n".join(f'[components.{c.name}]\ntag = "{c.name}-v{{version}}"\ncrates = ["{c.name}"]' for c in crates)
        raise ReleaseError(
            f"the crates of {name} have different versions: {', '.join(sorted(versions))}",
            f"give them one version, or add components to {FILE}:\n{rows}",
        )
    if versions:
        return versions.pop()
    python = ships["python"]
    if not isinstance(python, ReleaseError) and python and python[0].version:
        from release_tasks.project.versions import from_pep440

        return from_pep440(python[0].version)
    return None

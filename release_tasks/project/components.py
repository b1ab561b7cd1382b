"""Which part of a project has which version and tag; without settings there is one, for everything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import KINDS, NAMED, Kind
from release_tasks.project.model import Bundle, Component, Project, resolved_or_empty
from release_tasks.project.python_packages import crates_in
from release_tasks.project.settings import FILE, ComponentTable
from release_tasks.project.suggested_components import ambiguity
from release_tasks.project.tags import tag_name, version_in
from release_tasks.versions.numbers import from_pep440


def split(project: Project, ships: Mapping[str, Any]) -> Project:
    """Give each shipped thing to its component; `ships` maps a kind to what was found."""
    tables = dict(project.settings.components)
    if not tables:
        return replace(
            project, components=(_component(project, project.name, ComponentTable(), ships),)
        )
    expanded = _expand(tables, ships["crates"])
    _refuse_twice(expanded)
    _refuse_odd_names(expanded)
    expanded = _one_latest(_with_binaries(expanded, ships["binaries"]))
    components = tuple(
        _component(
            project,
            name,
            table,
            {kind.name: _named(name, kind, table, ships) for kind in NAMED},
        )
        for name, table in expanded.items()
    )
    _refuse_same_tag(components)
    _refuse_same_changelog(components)
    return replace(project, components=components, left_out=_left_out(components, ships))


def _expand(tables: dict[str, ComponentTable], crates: Any) -> dict[str, ComponentTable]:
    expanded: dict[str, ComponentTable] = {}
    for name, table in tables.items():
        if name != "{crate}":
            expanded[name] = table
            continue
        for crate in crates:
            tag = table.tag.replace("{crate}", crate.name)
            expanded[crate.name] = structs.replace(table, tag=tag, crates=(crate.name,))
    return expanded


def _refuse_twice(tables: dict[str, ComponentTable]) -> None:
    owner: dict[tuple[str, str], str] = {}
    for name, table in tables.items():
        for kind in NAMED:
            for thing in getattr(table, kind.name):
                other = owner.setdefault((kind.name, thing), name)
                if other != name:
                    raise ReleaseError(
                        f"{FILE}: {other} and {name} both ship {thing}", "leave it in one of them"
                    )


def _refuse_same_tag(components: tuple[Component, ...]) -> None:
    tags = {one.name: tag_name(one, "1.0.0") for one in components}
    for one in components:
        start = one.tag.partition("{version}")[0]
        for name, tag in tags.items():
            if name != one.name and tag.startswith(start) and version_in(one, tag):
                raise ReleaseError(
                    f"{FILE}: {tag} would be a tag of {name} and of {one.name}",
                    f'[components.{name}]\ntag = "{name}-v{{version}}"',
                )


def _left_out(components: tuple[Component, ...], ships: Mapping[str, Any]) -> tuple[str, ...]:
    missing = []
    for kind in NAMED:
        for thing in resolved_or_empty(ships[kind.name]):
            if not any(thing in getattr(component, kind.name) for component in components):
                missing.append(f"{kind.public_name(thing)} ({kind.name})")
    return tuple(dict.fromkeys(missing))


def _refuse_same_changelog(components: tuple[Component, ...]) -> None:
    owner: dict[str, str] = {}
    for one in components:
        if one.changelog and (other := owner.setdefault(one.changelog, one.name)) != one.name:
            raise ReleaseError(  # its headings have versions and no names, so that one's section would be the other's
                f"{FILE}: {other} and {one.name} have one changelog, {one.changelog}",
                f'git add a file for one of them:\n[components.{one.name}]\nchangelog = "CHANGELOG-{one.name}.md"',
            )


def _refuse_odd_names(tables: dict[str, ComponentTable]) -> None:
    for name, table in tables.items():
        if odd := next((one for one in table.pins if one not in tables), None):
            raise ReleaseError(
                f"{FILE}: [components.{name}] pins: {odd} is no component",
                f"known are {', '.join(tables)}",
            )


def _one_latest(tables: dict[str, ComponentTable]) -> dict[str, ComponentTable]:
    owners = [name for name, table in tables.items() if table.latest]
    if len(owners) > 1:
        raise ReleaseError(
            f"{FILE}: {' and '.join(owners[:2])} both have latest = true",
            'GitHub has one "Latest": leave it in one of them',
        )
    return (
        tables
        if len(tables) > 1
        else {name: structs.replace(table, latest=True) for name, table in tables.items()}
    )


def _with_binaries(tables: dict[str, ComponentTable], binaries: Any) -> dict[str, ComponentTable]:
    """Give each program that no component names to the one that ships its crate."""
    named = {program for table in tables.values() for program in table.binaries}
    loose = {one.name: one.crate for one in resolved_or_empty(binaries) if one.name not in named}
    return {
        name: structs.replace(
            table,
            binaries=(
                *table.binaries,
                *(one for one, crate in loose.items() if crate in table.crates),
            ),
        )
        for name, table in tables.items()
    }


def _named(component: str, kind: Kind, table: ComponentTable, ships: Mapping[str, Any]) -> Any:
    """Return the things of a kind that a component names."""
    names, found = getattr(table, kind.name), ships[kind.name]
    if not names:
        return ()
    if isinstance(found, ReleaseError):
        return found
    by_name = {kind.public_name(thing): thing for thing in found}
    if missing := [name for name in names if name not in by_name]:
        raise ReleaseError(
            f"{FILE}: [components.{component}] {kind.name}: {missing[0]} is not shipped here",
            f"known are {', '.join(sorted(by_name)) or 'none'}",
        )
    return tuple(thing for thing in found if kind.public_name(thing) in names)


def _component(
    project: Project, name: str, table: ComponentTable, ships: Mapping[str, Any]
) -> Component:
    github = project.settings.github
    if table.changelog and table.changelog not in project.files:
        raise ReleaseError(
            f"{FILE}: [components.{name}] changelog: {table.changelog} is not in the repository",
            "git add it, or mend the path",
        )
    only = not project.settings.components
    return Component(
        name,
        table.tag,
        _version(project, name, ships),
        **ships,
        latest=github.latest and (table.latest or only),
        bundles=_bundles(project, ships["binaries"]),
        pins=tuple(table.pins.items()),
        title=table.title or github.title,
        assets=github.assets if table.assets is None else table.assets,
        prereleases=project.settings.project.prerelease != "refuse",
        promotes=github.release == "promote",
        tag_message=table.tag_message,
        commit=table.commit,
        changelog=table.changelog or _changelog(project, ships, table.latest or only),
    )


def _bundles(project: Project, binaries: Any) -> tuple[Bundle, ...]:
    """Return each binary with each variant."""
    stems = {
        re.sub(r"\.(exe|zip|tar\.gz)$", "", binary.file): binary
        for binary in resolved_or_empty(binaries)
    }
    return tuple(
        Bundle(
            template.format(asset=stem, variant=variant, version="{version}"),
            binary,
            variant,
            table.url,
            table.sha256,
            table.license,
        )
        for template, variants in project.settings.bundles.items()
        for stem, binary in stems.items()
        for variant, table in variants.items()
    )


def _changelog(project: Project, ships: Mapping[str, Any], is_main: bool) -> str | None:
    """Return the changelog in the folder of what a component ships, else the one at the root for the main component."""
    kinds = [kind for kind in KINDS if kind.sets_version]
    shipped = [thing for kind in kinds for thing in resolved_or_empty(ships[kind.name])]
    folders = (
        [thing.folder.relative_to(project.root) for thing in shipped]
        if project.settings.components
        else []
    )
    names = [
        *((folder / "CHANGELOG.md").as_posix() for folder in folders),
        *(["CHANGELOG.md"] if is_main else []),
    ]
    return next((name for name in names if name in project.files), None)


def _version(project: Project, name: str, ships: Mapping[str, Any]) -> str | None:
    if project.settings.project.version == "tag":
        return None
    python = _python_versions(project, ships["python"])
    shipped = {crate.version for crate in ships["crates"]}
    if not project.settings.components and shipped and len(shipped | set(python.values())) > 1:
        raise ambiguity(project.name, ships, python)
    parted = project.settings.components or python
    versions = sorted(
        {crate.version for crate in ships["crates"] or (() if parted else project.crates)}
    )
    if len(versions) > 1:
        raise ReleaseError(
            f"the crates of {name} have different versions: {', '.join(versions)}",
            f'give them one version, or a component each in {FILE}: [components."{{crate}}"]',
        )
    return next(iter((*versions, *python.values())), None)


def _python_versions(project: Project, packages: Any) -> dict[str, str]:
    """Return the SemVer of each Python package; a wheel of a crate may have that crate's."""
    found = {}
    for package in resolved_or_empty(packages):
        if package.version:
            found[package.name] = from_pep440(package.version)
        elif crates := crates_in(project, package):
            found[package.name] = crates[0].version
    return found

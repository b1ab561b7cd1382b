"""The components of a project, each with its version and tag; without settings there is one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats import archive_names
from release_tasks.project import changelog_files, component_version
from release_tasks.project.candidates import released
from release_tasks.project.kinds import KINDS, NAMED, Kind
from release_tasks.project.model import (
    Binary,
    Bundle,
    Component,
    Crate,
    Project,
    Resolved,
    Unresolved,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE, ComponentTable
from release_tasks.project.tag_forms import TagForms, TagOwner, read_forms
from release_tasks.project.tags import tag_name, version_in
from release_tasks.versions.numbers import parse

Ships = Mapping[str, Resolved[Any]]  # what was found, by the name of its kind
Tables = dict[str, ComponentTable]  # by the name of the component


def split(project: Project, ships: Ships) -> Project:
    """Return the project with its components, each with what it ships."""
    if not project.settings.components:
        only = _component(project, project.name, ComponentTable(), ships)
        return replace(project, components=_behind_links(project, [only]))
    tables = _for_each_crate(
        project.settings.components, resolved_or_empty(ships["crates"])
    )
    _refuse_two_owners(tables)
    _refuse_unknown_pins(tables)
    tables = _with_binaries(tables, resolved_or_empty(ships["binaries"]))
    tables = _with_latest(tables)
    components = []
    for name, table in tables.items():
        own = {kind.name: _named(name, kind, table, ships) for kind in NAMED}
        components.append(_component(project, name, table, own))
    _refuse_same_tag(components)
    _refuse_same_changelog(components)
    left_out = (*project.left_out, *_left_out(components, ships))
    linked = _behind_links(project, components)
    return replace(project, components=linked, left_out=left_out)


def _for_each_crate(tables: Tables, crates: tuple[Crate, ...]) -> Tables:
    """Return the tables with one for each crate instead of `[components."{crate}"]`.

    Crates that another table names are left to that.
    """
    found: Tables = {}
    named = {crate for table in tables.values() for crate in table.crates}
    for name, table in tables.items():
        if name != "{crate}":
            found[name] = table
            continue
        for crate in crates:
            if crate.name in named:
                continue
            tag = table.tag and table.tag.replace("{crate}", crate.name)
            found[crate.name] = structs.replace(
                table, tag=tag, crates=(crate.name,)
            )
    return found


def _refuse_two_owners(tables: Tables) -> None:
    owners: dict[tuple[str, str], str] = {}
    for name, table in tables.items():
        for kind in NAMED:
            for thing in getattr(table, kind.name):
                owner = owners.setdefault((kind.name, thing), name)
                if owner != name:
                    raise ReleaseError(
                        f"{FILE}: both {owner} and {name} ship {thing}",
                        f"remove it from [components.{name}] {kind.name}",
                    )


def _refuse_unknown_pins(tables: Tables) -> None:
    for name, table in tables.items():
        for other in table.pins:
            if other not in tables:
                raise ReleaseError(
                    f"{FILE}: [components.{name}] pins: there is no component {other}",
                    f"available: {', '.join(tables)}",
                )


def _with_binaries(tables: Tables, binaries: tuple[Binary, ...]) -> Tables:
    """Return the tables with each binary that none of them names in that of its crate."""
    named: set[str] = set()
    for table in tables.values():
        named.update(table.binaries)
    crate_of = {
        binary.name: binary.crate
        for binary in binaries
        if binary.name not in named
    }
    found = {}
    for name, table in tables.items():
        own = [
            binary
            for binary, crate in crate_of.items()
            if crate in table.crates
        ]
        found[name] = structs.replace(table, binaries=(*table.binaries, *own))
    return found


def _with_latest(tables: Tables) -> Tables:
    """Return the tables, a single one with `latest`; raise `ReleaseError` if two have it."""
    owners = [name for name, table in tables.items() if table.latest]
    if len(owners) > 1:
        raise ReleaseError(
            f"{FILE}: {' and '.join(owners[:2])} both have latest = true",
            'GitHub has one "Latest": remove it from one of them',
        )
    if len(tables) > 1:
        return tables
    return {
        name: structs.replace(table, latest=True)
        for name, table in tables.items()
    }


def _named(
    component: str, kind: Kind, table: ComponentTable, ships: Ships
) -> Resolved[Any]:
    """Return the things of a kind that a component names."""
    names, found = getattr(table, kind.name), ships[kind.name]
    if not names:
        return ()
    if isinstance(found, Unresolved):
        return found
    available = [kind.public_name(thing) for thing in found]
    for name in names:
        if name not in available:
            raise ReleaseError(
                f"{FILE}: [components.{component}] {kind.name}: {name} is not shipped here",
                f"available: {', '.join(sorted(available)) or 'none'}",
            )
    return tuple(thing for thing in found if kind.public_name(thing) in names)


def _component(
    project: Project, name: str, table: ComponentTable, ships: Ships
) -> Component:
    github = project.settings.github
    is_only = not project.settings.components
    is_main = table.latest or is_only
    _check_changelog(project, name, table)
    found = component_version.find(project, name, ships)
    forms = _tag_forms(project, name, ships, is_main)
    tag = table.tag or forms.current
    return Component(
        name,
        tag,
        found.version,
        **ships,
        unknown_version=found.unknown,
        version_files=found.files,
        former_tags=tuple(one for one in forms.known if one != tag),
        latest=github.latest and is_main,
        bundles=_bundles(project, resolved_or_empty(ships["binaries"])),
        pins=tuple(table.pins.items()),
        title=table.title or github.title,
        assets=github.assets if table.assets is None else table.assets,
        prereleases=project.settings.project.prerelease != "refuse",
        promotes=github.release == "promote",
        tag_message=table.tag_message,
        commit=table.commit,
        changelog=table.changelog
        or _changelog(
            project, ships, is_main, _versions(project, found.version, forms)
        ),
    )


def _tag_forms(
    project: Project, name: str, ships: Ships, is_main: bool
) -> TagForms:
    """Return how the tags of a component were called so far."""
    names = [name]
    kinds = []
    for kind in NAMED:
        things = resolved_or_empty(ships[kind.name])
        if things:
            kinds.append(kind.name)
        if kind.name != "images":
            names += [thing.name for thing in things]
    is_only = not project.settings.components
    owner = TagOwner(
        tuple(dict.fromkeys(names)), tuple(kinds), is_main, is_only
    )
    return read_forms(project.tags, owner)


def _check_changelog(
    project: Project, name: str, table: ComponentTable
) -> None:
    if table.changelog and table.changelog not in project.files:
        raise ReleaseError(
            f"{FILE}: [components.{name}] changelog: {table.changelog} is not in the repository",
            "git add it, or correct the path",
        )


def _bundles(
    project: Project, binaries: tuple[Binary, ...]
) -> tuple[Bundle, ...]:
    """Return each binary with each file that is packed with it."""
    binary_of = {
        archive_names.stem(binary.file).removesuffix(".exe"): binary
        for binary in binaries
    }
    found = []
    for template, variants in project.settings.bundles.items():
        for asset, binary in binary_of.items():
            for variant, table in variants.items():
                file = template.format(
                    asset=asset, variant=variant, version="{version}"
                )
                found.append(
                    Bundle(
                        file,
                        binary,
                        variant,
                        table.url,
                        table.sha256,
                        table.license,
                    )
                )
    return tuple(found)


def _versions(
    project: Project, version: str | None, forms: TagForms
) -> tuple[str | None, ...]:
    """Return the version of the manifests, and that of the last release."""
    public = released(project, forms.known)
    return version, max(public, key=parse, default=None)


def _changelog(
    project: Project,
    ships: Ships,
    is_main: bool,
    versions: tuple[str | None, ...],
) -> str | None:
    """Return the changelog beside what a component ships; the main one may use that of the root.

    A project of one component has that of the root, else the only one beside what it ships.
    """
    known = changelog_files.by_folder(project)
    with_folders = [
        (kind.public_name(thing), thing.folder)
        for kind in sorted(KINDS, key=lambda kind: not kind.sets_version)
        if kind.has_folder
        for thing in resolved_or_empty(ships[kind.name])
    ]
    folders: list[Path] = [folder for _, folder in with_folders]
    if is_main:
        at = 0 if not project.settings.components else len(folders)
        folders[at:at] = [project.root, project.cargo_root]
    found = [
        path
        for folder in dict.fromkeys(folders)
        if (path := changelog_files.beside(project, known, folder, versions))
    ]
    if not found:
        names = [name for name, _ in with_folders]
        return changelog_files.called(project, names, versions)
    if project.settings.components or len(set(found)) == 1:
        return found[0]
    # of several beside packages that have one version, none is for all of them
    return changelog_files.beside(project, known, project.root, versions)


def _refuse_same_tag(components: list[Component]) -> None:
    tags = {
        component.name: tag_name(component, "1.0.0") for component in components
    }
    for component in components:
        start = component.tag.partition("{version}")[0]
        for name, tag in tags.items():
            if name == component.name or not tag.startswith(start):
                continue
            if version_in(component, tag):
                raise ReleaseError(
                    f"{FILE}: {tag} would be a tag of both {name} and {component.name}",
                    f'[components.{name}]\ntag = "{name}-v{{version}}"',
                )


def _refuse_same_changelog(components: list[Component]) -> None:
    owners: dict[str, str] = {}
    for component in components:
        if component.changelog is None:
            continue
        owner = owners.setdefault(component.changelog, component.name)
        # headings have versions but no names of components
        if owner != component.name:
            raise ReleaseError(
                f"{FILE}: both {owner} and {component.name} use {component.changelog}",
                f"git add another file for one of them:\n[components.{component.name}]\n"
                f'changelog = "CHANGELOG-{component.name}.md"',
            )


def _behind_links(
    project: Project, components: list[Component]
) -> tuple[Component, ...]:
    """Return the components with the files themselves for changelogs that are links to them.

    A link to a file that several components share, or that git does not track, stays: there is no
    section for each of them.
    """
    behind = {
        one.name: files.behind_link(project.root, one.changelog)
        for one in components
        if one.changelog
    }
    shared = Counter(behind.values())
    return tuple(
        replace(one, changelog=behind[one.name])
        if shared[behind.get(one.name, "")] == 1
        and behind[one.name] in project.files
        else one
        for one in components
    )


def _left_out(components: list[Component], ships: Ships) -> tuple[str, ...]:
    """Return what was found but is in no component, open questions that none has included."""
    found = []
    for kind in NAMED:
        shipped = ships[kind.name]
        owned = [getattr(component, kind.name) for component in components]
        if isinstance(shipped, Unresolved) and not any(owned):
            lines = re.findall(r"^\[.*\]", shipped.fix, re.M)
            found.append(f"{kind.name}: {shipped.problem}: {', '.join(lines)}")
        for thing in resolved_or_empty(shipped):
            if not any(thing in things for things in owned if things):
                found.append(f"{kind.public_name(thing)} ({kind.name})")
    return tuple(dict.fromkeys(found))

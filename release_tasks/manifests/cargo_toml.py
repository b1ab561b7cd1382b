"""Cargo.toml: the package's version, the workspace's, and every pin on a crate of the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import KeyPath, table_at, text_or_none
from release_tasks.manifests.version_locations import (
    FileBump,
    ShownVersion,
    mismatch_message,
)
from release_tasks.versions.requirements import followed

TABLES = (
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
)
_FOREIGN_KEYS = ("git", "registry", "registry-index")
_PACKAGE_VERSION = ("package", "version")
_WORKSPACE_VERSION = ("workspace", "package", "version")


class Pin(NamedTuple):
    """One entry of a dependency table."""

    table: str  # `dependencies`, `target.'cfg(unix)'.dev-dependencies`, `workspace.dependencies`
    key: str  # the name used in the code
    package: str  # the name on crates.io
    requirement: str | None  # None where the entry has only a path, or inherits
    folder: str | None = None  # `path`, as written
    inherits: bool = False  # `workspace = true`
    is_foreign: bool = False  # from git or another registry
    location: KeyPath = ()  # of the requirement


@dataclass(frozen=True)
class CargoManifest:
    """What one Cargo.toml says about versions."""

    path: str
    name: str | None  # None for a workspace without a package at its root
    version: str | None  # None where it is inherited or left out
    inherits: bool  # version.workspace = true
    pins: tuple[Pin, ...]


@dataclass(frozen=True)
class PinRules:
    """Which requirements of a Cargo.toml are pins, and which of them follow a new version.

    `present` has the versions before the bump by crate; a crate that is not there has its pins
    moved in any case. `is_ours` tells whether a requirement leads to a crate of the repository.
    """

    present: Mapping[str, str] = field(default_factory=dict)
    is_ours: Callable[[Pin], bool] = lambda pin: not pin.is_foreign
    is_member: bool = True  # False leaves the version of the package itself

    def set_versions(self, text: str, bump: FileBump) -> str:
        """Return the text with the new versions of its package, its workspace and its pins."""
        wanted = _wanted(text, bump, self)
        changes = {location.key: new for location, new in wanted}
        return toml_values.edit(text, bump.path, changes)

    def mismatches(self, text: str, bump: FileBump) -> list[str]:
        """Return one sentence for each location that does not have its new version."""
        wanted = _wanted(text, bump, self)
        if not wanted:
            return []
        spans = toml_values.spans(text, bump.path)
        sentences = []
        for location, new in wanted:
            start, _ = spans[location.key]
            line = line_at(text, start)
            sentences.append(
                mismatch_message(
                    bump.path, line, location.what, location.old, new
                )
            )
        return sentences

    def kept(self, text: str, bump: FileBump) -> list[tuple[int, int]]:
        """Return start and end of the versions of its package and workspace that stay."""
        name = read(text, bump.path).name
        keys: list[KeyPath] = []
        if bump.version is None:
            keys.append(_WORKSPACE_VERSION)
        if self.is_member and name not in bump.versions:
            keys.append(_PACKAGE_VERSION)
        spans = toml_values.spans(text, bump.path)
        return [spans[key] for key in keys if key in spans]

    def shown(self, text: str, bump: FileBump) -> list[ShownVersion]:
        """Return every version that the bump sets, as the text has it."""
        spans = toml_values.spans(text, bump.path)
        rows = []
        for location, _ in _followed(text, bump, self):
            line = line_at(text, spans[location.key][0])
            rows.append(ShownVersion(line, location.what, location.old))
        return rows


class _Location(NamedTuple):
    """A version or requirement."""

    key: KeyPath
    what: str  # for people
    old: str
    pin: Pin | None = None


def read(text: str, path: str) -> CargoManifest:
    """Return what a Cargo.toml says. Raises `ReleaseError` with line and column for bad TOML."""
    data = toml_values.load(text, path)
    package = table_at(data, "package")
    return CargoManifest(
        path,
        name=text_or_none(package.get("name")),
        version=text_or_none(package.get("version")),
        inherits=table_at(package, "version").get("workspace") is True,
        pins=tuple(_pins(data)),
    )


def requirements(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    """Yield package, start and end of each string in a dependency table, and of Rust's version."""
    packages = {}
    for pin in _pins(toml_values.load(text, path)):
        entry = pin.location
        if entry[-2:] == (pin.key, "version"):
            entry = entry[:-1]
        packages[entry] = pin.package
    for keys, (start, end) in toml_values.spans(text, path).items():
        entries = [
            keys[:length] for length in (2, 3, 4) if keys[:length] in packages
        ]
        if entries:
            yield packages[entries[0]], start, end
        elif keys[-1] == "rust-version":
            yield "", start, end


def _wanted(
    text: str, bump: FileBump, rules: PinRules
) -> list[tuple[_Location, str]]:
    """Return the locations that the bump changes, each with its new version."""
    found = _followed(text, bump, rules)
    return [(location, new) for location, new in found if new != location.old]


def _followed(
    text: str, bump: FileBump, rules: PinRules
) -> list[tuple[_Location, str]]:
    """Return every location that the bump is for, each with what it has afterwards."""
    data = toml_values.load(text, bump.path)
    name = table_at(data, "package").get("name")
    changes = []
    for location in _locations(data):
        new: str | None = None
        if location.pin:
            new = _new_requirement(location, location.pin, name, bump, rules)
        elif location.key == _WORKSPACE_VERSION:
            new = bump.version
        elif rules.is_member:
            new = bump.versions.get(name or "")
        if new is not None:
            changes.append((location, new))
    return changes


def _new_requirement(
    location: _Location,
    pin: Pin,
    crate: str | None,
    bump: FileBump,
    rules: PinRules,
) -> str | None:
    """Return the requirement that a pin of the manifest of `crate` needs, None where it stays."""
    if pin.package not in bump.versions or not rules.is_ours(pin):
        return None
    # cargo lets a crate depend on itself only by path, so a pin without one means a published,
    # older version of itself
    is_shared = pin.table.startswith("workspace.")
    if pin.package == crate and pin.folder is None and not is_shared:
        return None
    present = rules.present.get(pin.package)
    try:
        return followed(location.old, bump.versions[pin.package], present)
    except ReleaseError as error:
        if not rules.is_member:  # nothing is published from there
            return None
        raise ReleaseError(
            f"{bump.path}: {location.what}: {error.problem}", error.fix
        ) from None


def _locations(data: Mapping[str, Any]) -> Iterator[_Location]:
    package_version = text_or_none(table_at(data, "package").get("version"))
    if package_version:
        yield _Location(_PACKAGE_VERSION, "[package] version", package_version)
    shared_version = text_or_none(
        table_at(data, "workspace", "package").get("version")
    )
    if shared_version:
        yield _Location(
            _WORKSPACE_VERSION, "[workspace.package] version", shared_version
        )
    for pin in _pins(data):
        if pin.requirement is not None:
            yield _Location(
                pin.location,
                f"{pin.key} in [{pin.table}]",
                pin.requirement,
                pin,
            )


def _pins(data: Mapping[str, Any]) -> Iterator[Pin]:
    for path, shown, table in _dependency_tables(data):
        for key, entry in table.items():
            if isinstance(entry, dict):
                yield _detailed_pin(shown, key, entry, (*path, key, "version"))
            else:
                yield Pin(
                    shown,
                    key,
                    key,
                    text_or_none(entry),
                    location=(*path, key),
                )


def _detailed_pin(
    table: str, key: str, entry: dict[str, Any], location: KeyPath
) -> Pin:
    folder = text_or_none(entry.get("path"))
    return Pin(
        table,
        key,
        package=str(entry.get("package", key)),
        requirement=text_or_none(entry.get("version")),
        folder=folder,
        inherits=entry.get("workspace") is True,
        is_foreign=folder is None
        and any(name in entry for name in _FOREIGN_KEYS),
        location=location,
    )


def _dependency_tables(
    data: Mapping[str, Any],
) -> Iterator[tuple[KeyPath, str, Mapping[str, Any]]]:
    """Yield the key path, the name for people, and the content of each dependency table."""
    shared = table_at(data, "workspace", "dependencies")
    yield ("workspace", "dependencies"), "workspace.dependencies", shared
    for name in TABLES:
        yield (name,), name, table_at(data, name)
    targets = table_at(data, "target")
    for target in targets:
        tables = table_at(targets, target)
        for name in TABLES:
            yield (
                ("target", target, name),
                f"target.'{target}'.{name}",
                table_at(tables, name),
            )
    patches = table_at(data, "patch")
    for source in patches:
        yield ("patch", source), f"patch.{source}", table_at(patches, source)


KIND = PinRules()

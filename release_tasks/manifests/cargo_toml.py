"""Cargo.toml: the package's version, the workspace's, and every pin on a sibling crate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import KeyPath
from release_tasks.manifests.version_locations import line_at, mismatch_message
from release_tasks.versions.requirements import updated

TABLES = (
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
)


class Pin(NamedTuple):
    """One entry of a dependency table."""

    table: str  # `dependencies`, `target.'cfg(unix)'.dev-dependencies`, `workspace.dependencies`
    key: str  # the name used in the code
    package: str  # the name on crates.io
    requirement: str | None  # None where the entry has a path or inherits
    folder: str | None = None  # `path`, as written
    inherits: bool = False  # `workspace = true`
    is_foreign: bool = False  # from git or another registry


@dataclass(frozen=True)
class CargoManifest:
    """What one Cargo.toml says about versions."""

    path: str
    name: str | None  # None for a workspace without a package of its own
    version: str | None  # None where it is inherited or left out
    inherits: bool  # version.workspace = true
    pins: tuple[Pin, ...]


class _Location(NamedTuple):
    at: KeyPath
    what: str
    old: str
    pin: Pin | None = None


def read(text: str, path: str) -> CargoManifest:
    """Return what a Cargo.toml says; raise `ReleaseError` with line and column for a broken one."""
    data = toml_values.load(text, path)
    package = _table(data, "package")
    return CargoManifest(
        path,
        _text(package.get("name")),
        _text(package.get("version")),
        _table(package, "version").get("workspace") is True,
        tuple(pin for _, _, pin in _pins(data)),
    )


def set_versions(
    text: str, path: str, versions: Mapping[str, str], workspace_version: str | None = None
) -> str:
    """Return the text with the versions of the crates in `versions` and their pins.

    `versions` names members of the workspace only; `workspace_version` is for [workspace.package]. Only
    the characters of the versions change. Raises `ReleaseError` for a pin that cannot admit its version.
    """
    wanted = _wanted(text, path, versions, workspace_version)
    return toml_values.edit(text, path, {place.at: new for place, new in wanted})


def mismatches(
    text: str, path: str, versions: Mapping[str, str], workspace_version: str | None = None
) -> list[str]:
    """Return one sentence for each copy that does not show the version it should."""
    wanted = _wanted(text, path, versions, workspace_version)
    spans = toml_values.spans(text, path) if wanted else {}
    return [
        mismatch_message(path, line_at(text, spans[one.at][0]), one.what, one.old, new)
        for one, new in wanted
    ]


def _wanted(
    text: str, path: str, versions: Mapping[str, str], workspace_version: str | None
) -> list[tuple[_Location, str]]:
    data = toml_values.load(text, path)
    name = _table(data, "package").get("name")
    changes = []
    for place in _places(data):
        new = _new(place, name, versions, workspace_version, path)
        if new is not None and new != place.old:
            changes.append((place, new))
    return changes


def _new(
    place: _Location,
    name: Any,
    versions: Mapping[str, str],
    workspace_version: str | None,
    path: str,
) -> str | None:
    if place.at == ("package", "version"):
        return versions.get(name)
    pin = place.pin
    if pin is None:
        return workspace_version
    # a crate cannot depend on itself but by path: without one the pin means an older, published self
    is_own_past = (
        pin.package == name and pin.folder is None and not pin.table.startswith("workspace.")
    )
    if pin.package not in versions or pin.is_foreign or is_own_past:
        return None
    try:
        return updated(place.old, versions[pin.package])
    except ReleaseError as error:
        raise ReleaseError(f"{path}: {place.what}: {error.problem}", error.fix) from None


def _places(data: Mapping[str, Any]) -> Iterator[_Location]:
    if old := _text(_table(data, "package").get("version")):
        yield _Location(("package", "version"), "[package] version", old)
    if old := _text(_table(_table(data, "workspace"), "package").get("version")):
        yield _Location(("workspace", "package", "version"), "[workspace.package] version", old)
    for at, is_short, pin in _pins(data):
        if pin.requirement is not None:
            yield _Location(
                at if is_short else (*at, "version"),
                f"{pin.key} in [{pin.table}]",
                pin.requirement,
                pin,
            )


def _pins(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, bool, Pin]]:
    for at, shown, table in _dependency_tables(data):
        for key, entry in table.items():
            row = entry if isinstance(entry, dict) else {"version": entry}
            requirement, folder = row.get("version"), _text(row.get("path"))
            foreign = folder is None and any(
                other in row for other in ("git", "registry", "registry-index")
            )
            yield (
                (*at, key),
                row is not entry,
                Pin(
                    shown,
                    key,
                    str(row.get("package", key)),
                    _text(requirement),
                    folder,
                    row.get("workspace") is True,
                    foreign,
                ),
            )


def _dependency_tables(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, dict[str, Any]]]:
    yield (
        ("workspace", "dependencies"),
        "workspace.dependencies",
        _table(_table(data, "workspace"), "dependencies"),
    )
    for name in TABLES:
        yield (name,), name, _table(data, name)
    targets = _table(data, "target")
    for target in targets:
        for name in TABLES:
            yield (
                ("target", target, name),
                f"target.'{target}'.{name}",
                _table(_table(targets, target), name),
            )
    patches = _table(data, "patch")
    for source in patches:
        yield ("patch", source), f"patch.{source}", _table(patches, source)


def _table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

"""The programs that `[binaries]` names: which crate has each, and how it is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.project.model import Binary, Crate, Resolved, Unresolved
from release_tasks.project.settings import FILE, BinaryTable, Settings
from release_tasks.tools.cargo import Workspace

# The Cargo Book, Profiles
BUILT_IN_PROFILES = ("release", "dev", "test", "bench")


def binaries(
    crates: tuple[Crate, ...], settings: Settings, workspace: Workspace | None
) -> Resolved[Binary]:
    """Return each program for each of its targets.

    It is `Unresolved` where several crates have a program of that name or none has, and for a
    feature or profile that there is not.
    """
    found: list[Binary] = []
    for name, table in settings.binaries.items():
        crate = _crate(name, table, crates)
        if isinstance(crate, Unresolved):
            return crate
        assert workspace is not None  # a crate was found
        package = workspace.packages[crate]
        error = _unknown_feature(name, table, package) or _unknown_profile(
            name, table, workspace
        )
        if error:
            return error
        required = _required_features(name, package)
        features = tuple(dict.fromkeys((*table.features, *required)))
        is_static = name in settings.build.static
        for target, file in table.targets.items():
            found.append(
                Binary(
                    name,
                    crate,
                    target,
                    file,
                    is_static,
                    features,
                    table.profile,
                )
            )
    return tuple(found)


def _crate(
    name: str, table: BinaryTable, crates: tuple[Crate, ...]
) -> str | Unresolved:
    """Return the name of the crate that has a program."""
    owners = sorted(crate.name for crate in crates if name in crate.binaries)
    wanted = table.crate or table.package
    place = f"{FILE}: [binaries.{name}]"
    if not owners:
        programs = dict.fromkeys(
            one for crate in crates for one in crate.binaries
        )
        return Unresolved(
            f"{place}: no crate has that binary",
            f"available: {', '.join(programs) or 'none'}",
        )
    if table.crate and table.package not in (None, table.crate):
        return Unresolved(
            f"{place}: crate and package name two crates, {table.crate} and {table.package}",
            f"remove one of them from [binaries.{name}]",
        )
    if wanted:
        if wanted in owners:
            return wanted
        return Unresolved(
            f"{place}: crate {wanted} has no binary {name}",
            f'crate = "{owners[0]}"',
        )
    if len(owners) > 1:
        return Unresolved(
            f"{place}: several crates have a binary {name}: {', '.join(owners)}",
            f'add to [binaries.{name}]: crate = "{owners[0]}"  # or {", ".join(owners[1:])}',
        )
    return owners[0]


def _required_features(name: str, package: dict[str, Any]) -> list[str]:
    """Return the features that a program requires, without which cargo does not build it."""
    for target in package["targets"]:
        if "bin" in target["kind"] and target["name"] == name:
            return list(target.get("required-features", ()))
    return []


def _unknown_feature(
    name: str, table: BinaryTable, package: dict[str, Any]
) -> Unresolved | None:
    available = sorted(package["features"])
    for feature in table.features:
        # DEPENDENCY/FEATURE is judged by cargo, which knows the dependency
        if "/" not in feature and feature not in available:
            return Unresolved(
                f"{FILE}: [binaries.{name}] features: {package['name']} has no feature {feature}",
                f"available: {', '.join(available) or 'none'}",
            )
    return None


def _unknown_profile(
    name: str, table: BinaryTable, workspace: Workspace
) -> Unresolved | None:
    if table.profile in BUILT_IN_PROFILES:
        return None
    available = sorted({*BUILT_IN_PROFILES, *_profiles(workspace.root)})
    if table.profile in available:
        return None
    return Unresolved(
        f"{FILE}: [binaries.{name}] profile: there is no profile {table.profile}",
        f"available: {', '.join(available)}",
    )


def _profiles(root: Path) -> Iterator[str]:
    """Yield the profiles of the workspace's manifest and of cargo's configuration beside it."""
    for path in ("Cargo.toml", ".cargo/config.toml", ".cargo/config"):
        if (root / path).is_file():
            yield from toml_values.load(read(root, path), path).get(
                "profile", {}
            )

"""Small Rust workspaces, and what crates.io has of them."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from invoke.context import Context

from release_tasks.checks.check import CheckContext
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.rehearsal.web import Entry
from release_tasks.release import Release
from support.repositories import commit_all
from support.tiny_project import run_checks

VERSION = "0.1.0"
CHAIN = ("shop-zero", "shop-middle", "shop-app")


def chain(root: Path) -> Path:
    """Commit the three crates of CHAIN, each of which needs the one before."""
    needs = {
        "shop-zero": "",
        "shop-middle": "[build-dependencies]\n{shop-zero}",
        "shop-app": "[dependencies]\n{shop-middle}",
    }
    return workspace(root, needs)


def workspace(root: Path, needs: Mapping[str, str]) -> Path:
    """Write and commit a workspace, and return its root.

    `needs` has each crate and its dependency tables, where `{name}` is a dependency on that crate.
    """
    root.mkdir(parents=True)
    lines = {
        name: f'{name} = {{ path = "../{name}", version = "{VERSION}" }}'
        for name in needs
    }
    for name, tables in needs.items():
        for other, line in lines.items():
            tables = tables.replace(f"{{{other}}}", line)
        write_crate(root / "crates" / name, name, tables)
    (root / "Cargo.toml").write_text(
        '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'
    )
    (root / ".gitignore").write_text("/target\n")
    subprocess.run(
        ["cargo", "generate-lockfile", "--offline", "--quiet"],
        cwd=root,
        check=True,
    )
    commit_all(root)
    return root


def write_crate(folder: Path, name: str, tables: str = "") -> None:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "lib.rs").write_text("pub fn sold() -> u32 {\n    1\n}\n")
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "{VERSION}"\nedition = "2021"\n'
        f'description = "Sells things"\nlicense = "MIT"\n\n{tables}\n'
    )


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Replace a text that must be in a file. `path` may be the name of a crate."""
    file = root / path
    if not file.is_file():
        file = root / "crates" / path / "Cargo.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def findings(
    root: Path, *areas: ModuleType, version: str = VERSION
) -> list[tuple[str, str, str]]:
    """Commit everything, and return name, fact and fix of what the checks of some modules find."""
    commit_all(root)
    case = CheckContext(Context(), release(root, version))
    found = [finding for area in areas for finding in run_checks(case, area)]
    return [(finding.name, finding.fact, finding.fix) for finding in found]


def release(root: Path, version: str = VERSION) -> Release:
    """Return the release of a workspace, as a step gets it."""
    with contextlib.chdir(root):
        return Release.at(Context(), version)


def cargo(root: Path, *words: str) -> None:
    """Run cargo, which must succeed."""
    subprocess.run(["cargo", *words], cwd=root, check=True, capture_output=True)


def recorded_crates(folder: Path) -> list[dict[str, Any]]:
    """Return what dist/ has recorded of its crates."""
    path = folder / "dist" / f"v{VERSION}" / "parts" / "package_crates.json"
    if not path.exists():
        return []
    return list(json.loads(path.read_text()))


def upload_requests(registries: LocalRegistries) -> list[Entry]:
    """Return every upload that cargo tried."""
    return [
        entry
        for entry in registries.log.entries()
        if entry.target == "/api/v1/crates/new"
    ]


def uploads(registries: LocalRegistries) -> list[str]:
    """Return the crates that crates.io accepted, in order."""
    return [line["name"] for line in published_lines(registries)]


def published_lines(registries: LocalRegistries) -> list[dict[str, Any]]:
    """Return the lines of the index of crates.io, in the order of their uploads."""
    order = list(registries.crates.store.details)
    lines = [
        line
        for rows in registries.crates.store.published().values()
        for line in rows
    ]
    return sorted(
        lines,
        key=lambda line: order.index((line["name"].lower(), line["vers"])),
    )

"""Small Rust workspaces in git,."""

from __future__ import annotations

import json
import os
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
from support.tiny_project import run_checks

VERSION = "0.1.0"


def workspace(root: Path, needs: Mapping[str, str]) -> Path:
    """Write and commit a workspace. `needs` maps each crate to the lines of its dependency tables,
    in which `{name}` stands for a dependency on that crate."""
    root.mkdir(parents=True)
    known = {name: f'{name} = {{ path = "../{name}", version = "{VERSION}" }}' for name in needs}
    for name, tables in needs.items():
        for other, line in known.items():
            tables = tables.replace(f"{{{other}}}", line)
        write_crate(root / "crates" / name, name, tables)
    (root / "Cargo.toml").write_text('[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n')
    (root / ".gitignore").write_text("/target\n")
    subprocess.run(["cargo", "generate-lockfile", "--offline", "--quiet"], cwd=root, check=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def chain(root: Path) -> Path:
    """Commit three crates in a row: alphabetically the last one comes first."""
    return workspace(
        root,
        {
            "shop-zero": "",
            "shop-middle": "[build-dependencies]\n{shop-zero}",
            "shop-app": "[dependencies]\n{shop-middle}",
        },
    )


CHAIN = ("shop-zero", "shop-middle", "shop-app")


def write_crate(folder: Path, name: str, tables: str = "") -> None:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "lib.rs").write_text("pub fn sold() -> u32 {\n    1\n}\n")
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "{VERSION}"\nedition = "2021"\n'
        f'description = "Sells things"\nlicense = "MIT"\n\n{tables}\n'
    )


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Replace a text of a file; it must be there. `path` may be a crate's name."""
    file = root / path if (root / path).is_file() else root / "crates" / path / "Cargo.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def findings(root: Path, *areas: ModuleType, version: str = VERSION) -> list[tuple[str, str, str]]:
    """Commit everything, and return name, fact and way out of what some areas find."""
    commit(root)
    case = CheckContext(Context(), release(root, version))
    return [(one.name, one.problem, one.fix) for area in areas for one in run_checks(case, area)]


def git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
    return subprocess.run(
        ["git", *who, *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def commit(root: Path, message: str = "A change") -> str:
    """Commit everything and return the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return git(root, "rev-parse", "HEAD").strip()


def release(root: Path, version: str = VERSION) -> Release:
    """Return the release of a workspace, as a step sees it."""
    before = Path.cwd()
    os.chdir(root)
    try:
        return Release.at(Context(), version)
    finally:
        os.chdir(before)


def dry() -> Context:
    c = Context()
    c.config.run.dry = True
    return c


def cargo(root: Path, *words: str) -> None:
    """Run cargo as a person would, in the environment of the test."""
    subprocess.run(["cargo", *words], cwd=root, check=True, capture_output=True)


def uploads(registries: LocalRegistries) -> list[str]:
    """Return the crates that crates.io took, in order."""
    return [line["name"] for line in index_by_time(registries)]


def index_by_time(registries: LocalRegistries) -> list[dict[str, Any]]:
    found = [
        record for records in registries.crates.store.published().values() for record in records
    ]
    order = list(registries.crates.store.details)
    return sorted(found, key=lambda record: order.index((record["name"].lower(), record["vers"])))


def asked(registries: LocalRegistries) -> list[Entry]:
    """Return every upload that cargo tried."""
    return [entry for entry in registries.log.entries() if entry.target == "/api/v1/crates/new"]


def record_of(folder: Path) -> list[dict[str, Any]]:
    """Return what dist/ says about its crates."""
    path = folder / "dist" / f"v{VERSION}" / "parts" / "package_crates.json"
    return list(json.loads(path.read_text())) if path.exists() else []

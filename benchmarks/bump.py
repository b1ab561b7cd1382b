"""`inv bump` of 500 crates against `cargo set-version --workspace`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import INV, Row, commit, medians, run, scratch

COUNT, ROUNDS = 500, 5
ROW = (
    "bump 500 crates, every pin and the lock",
    "cargo set-version --workspace",
    0.12,
)
BUMP = (*INV, "bump", "--version", "0.2.0")
SET_VERSION = ("cargo", "set-version", "--workspace", "--offline", "0.2.0")
CRATE = """\
[package]
name = "{name}"
version.workspace = true
edition = "2021"
description = "One of many"
license = "MIT"

[dependencies]
{pin}"""
WORKSPACE = """\
[workspace]
members = ["crates/*"]
resolver = "2"

[workspace.package]
version = "0.1.0"
"""


def rows() -> Iterator[Row]:
    """Measure both commands in one repository, which is reset between them."""
    if not shutil.which("cargo-set-version"):
        yield Row(*ROW, skipped="cargo-edit is not installed")
        return
    with scratch() as folder:
        root = workspace(folder / "many")
        # the crates need nothing, so neither command has to wait for an index
        env = os.environ | {"CARGO_NET_OFFLINE": "true"}
        ours, theirs = medians(
            ROUNDS,
            lambda: run(root, *BUMP, env=env),
            lambda: run(root, *SET_VERSION, env=env),
            before=lambda: reset(root),
        )
        yield Row(*ROW, ours, theirs)


def reset(root: Path) -> None:
    """Restore the files as in a tree that git has read, with nothing left to write to the disk."""
    run(root, "git", "checkout", "--quiet", ".")
    run(root, "git", "status")
    os.sync()


def workspace(root: Path, count: int = COUNT) -> Path:
    """Write and commit crates that inherit their version, each with a pin on the one before."""
    pin = ""
    for number in range(count):
        name = f"many-{number:03}"
        folder = root / "crates" / name
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "lib.rs").write_text("")
        (folder / "Cargo.toml").write_text(CRATE.format(name=name, pin=pin))
        pin = f'{name} = {{ path = "../{name}", version = "0.1.0" }}\n'
    (root / "Cargo.toml").write_text(WORKSPACE)
    (root / "tasks.py").write_text("from release_tasks import ns\n")
    (root / ".gitignore").write_text("target\n__pycache__\n")
    # as after any build: cargo keeps there what rustc has answered
    (root / "target").mkdir()
    run(root, "cargo", "generate-lockfile", "--offline")
    commit(root)
    return root

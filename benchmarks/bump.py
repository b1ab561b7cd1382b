"""A version written into 500 crates: `inv bump` against `cargo set-version --workspace`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import INV, Row, commit, medians, run, scratch

COUNT, ROUNDS = 500, 5
ROW = "bump 500 crates, every pin and the lock", "cargo set-version --workspace", 0.12


def rows() -> Iterator[Row]:
    """Measure both, as commands, in one repository that is put back between them."""
    if not shutil.which("cargo-set-version"):
        yield Row(*ROW, skipped="cargo-edit is not installed")
        return
    with scratch() as folder:
        root = workspace(folder / "many")
        offline = os.environ | {
            "CARGO_NET_OFFLINE": "true"
        }  # nothing is needed, and nobody waits for an index
        yield Row(
            *ROW,
            *medians(
                ROUNDS,
                lambda: run(root, *INV, "bump", "--version", "0.2.0", env=offline),
                lambda: run(
                    root,
                    "cargo",
                    "set-version",
                    "--workspace",
                    "--offline",
                    "0.2.0",
                    env=offline,
                ),
                before=lambda: reset(root),
            ),
        )


def reset(root: Path) -> None:
    """Take the version back, let git know the files again, as in a tree that was looked at before, and the disk come to rest."""
    run(root, "git", "checkout", "--quiet", ".")
    run(root, "git", "status")
    os.sync()


def workspace(root: Path, count: int = COUNT) -> Path:
    """Write and commit crates that inherit the workspace's version; each has a pin on the one before."""
    for i in range(count):
        folder = root / "crates" / f"many-{i:03}"
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "lib.rs").write_text("")
        pin = (
            f'many-{i - 1:03} = {{ path = "../many-{i - 1:03}", version = "0.1.0" }}\n'
            if i
            else ""
        )
        (folder / "Cargo.toml").write_text(
            f'[package]\nname = "many-{i:03}"\nversion.workspace = true\nedition = "2021"\n'
            f'description = "One of many"\nlicense = "MIT"\n\n[dependencies]\n{pin}'
        )
    (root / "Cargo.toml").write_text(
        '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n\n[workspace.package]\n'
        'version = "0.1.0"\n'
    )
    (root / "tasks.py").write_text("from release_tasks import ns\n")
    (root / ".gitignore").write_text("target\n__pycache__\n")
    (
        root / "target"
    ).mkdir()  # as after any build: cargo keeps there what rustc has told it
    run(root, "cargo", "generate-lockfile", "--offline")
    commit(root)
    return root

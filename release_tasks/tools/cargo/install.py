"""cargo as users of a published crate run it: as a dependency, and `cargo install`."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do


def fetch(c: Context, folder: Path) -> None:
    """Download the dependencies of the project in `folder`; raise `Failed` where one is missing.

    cargo compares each file with the sha256 of the index.
    """
    do(c, ["cargo", "fetch", "--quiet"], cwd=folder)


def install(
    c: Context, folder: Path, name: str, version: str, root: Path
) -> None:
    """Install the programs of a crate from crates.io into `root`/bin; raise `Failed`.

    It is compiled in `folder`/target. cargo runs in `folder`, outside of the project, whose
    settings and patches would apply.
    """
    argv = [
        "cargo",
        "install",
        name,
        f"--version=={version}",
        "--locked",
        "--quiet",
    ]
    env = {"CARGO_TARGET_DIR": str(folder / "target")}
    do(c, [*argv, f"--root={root}"], cwd=folder, env=env)

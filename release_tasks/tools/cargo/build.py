"""cargo, as a compiler: programs for one target, with the project's own lock file and profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do


def program(
    c: Context,
    tree: Path,
    crate: str,
    name: str,
    target: str,
    is_locked: bool,
    linked: Sequence[str],
    extra: Sequence[str],
    env: Mapping[str, str],
) -> None:
    """Compile one program of a crate; `linked` are flags for itself alone, so that all below it is shared with the wheels."""
    locked = ["--locked"] if is_locked else []
    argv = [
        "cargo",
        "rustc",
        "--release",
        *locked,
        "--package",
        crate,
        "--bin",
        name,
        "--target",
        target,
        *extra,
    ]
    do(c, [*argv, *(["--", *linked] if linked else [])], cwd=tree, env=env)


def file_of(built_in: Path, name: str, target: str) -> Path:
    """Return where cargo leaves a program."""
    return built_in / target / "release" / (f"{name}.exe" if "windows" in target else name)

"""cargo, as a compiler: programs for one target, with the project's own lock file and profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do
from release_tasks.tools.cargo import metadata


@dataclass(frozen=True)
class Workspace:
    """What cargo says of a folder: where it builds, whether it has a lock file, its packages' versions."""

    built_in: Path
    is_locked: bool
    versions: Mapping[str, str]


def workspace(folder: Path) -> Workspace:
    """Ask cargo about the workspace that `folder` belongs to; raise `ReleaseError` where it cannot say."""
    said = metadata(folder)
    versions = {package["name"]: package["version"] for package in said["packages"]}
    return Workspace(Path(said["target_directory"]), (Path(said["workspace_root"]) / "Cargo.lock").exists(), versions)


def program(
    c: Context, tree: Path, crate: str, name: str, target: str,
    is_locked: bool, linked: Sequence[str], extra: Sequence[str], env: Mapping[str, str],
) -> None:
    """Compile one program of a crate; `linked` are flags for itself alone, so that all below it is shared with the wheels."""
    locked = ["--locked"] if is_locked else []
    argv = ["cargo", "rustc", "--release", *locked, "--package", crate, "--bin", name, "--target", target, *extra]
    do(c, [*argv, *(["--", *linked] if linked else [])], cwd=tree, env=env)


def file_of(built_in: Path, name: str, target: str) -> Path:
    """Return where cargo leaves a program."""
    return built_in / target / "release" / (f"{name}.exe" if "windows" in target else name)

"""cargo as a compiler: programs for one target, with the project's own lock file and profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do

# Other profiles have a folder of their name (The Cargo Book, Build Cache).
PROFILE_FOLDERS = {"dev": "debug", "test": "debug", "bench": "release"}


@dataclass(frozen=True)
class ProgramRequest:
    """A program to compile; `options` are for cargo, `env` is added to its environment.

    `rustc_flags` are for the program itself, so that wheels share what is compiled below it.
    """

    crate: str
    name: str
    target: str
    is_locked: bool = False
    rustc_flags: Sequence[str] = ()
    features: Sequence[str] = ()
    profile: str = "release"
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def program(c: Context, tree: Path, wanted: ProgramRequest) -> None:
    """Compile one program of the workspace in `tree`; raise `Failed` where cargo cannot."""
    argv = ["cargo", "rustc", *_profile_option(wanted.profile)]
    if wanted.is_locked:
        argv.append("--locked")
    argv += [
        "--package",
        wanted.crate,
        "--bin",
        wanted.name,
        "--target",
        wanted.target,
    ]
    if wanted.features:
        argv += ["--features", ",".join(wanted.features)]
    argv += wanted.options
    if wanted.rustc_flags:
        argv += ["--", *wanted.rustc_flags]
    do(c, argv, cwd=tree, env=wanted.env)


def file_of(
    target_folder: Path, name: str, target: str, profile: str = "release"
) -> Path:
    """Return where cargo leaves a program; `target_folder` is where it builds."""
    if "windows" in target:
        name = f"{name}.exe"
    return target_folder / target / PROFILE_FOLDERS.get(profile, profile) / name


def _profile_option(profile: str) -> list[str]:
    if profile == "release":
        return ["--release"]
    return ["--profile", profile]

"""zig as a linker, as cargo-zigbuild sets it up: for other machines, and for an older glibc."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

from release_tasks import files, shell

MARK = "CARGO_ZIGBUILD_TARGET"  # a variable that only its environments have
INSTALL = "pip install cargo-zigbuild"
SHELL_VARIABLES = {"_", "PWD", "OLDPWD", "SHLVL"}  # that /bin/sh sets by itself


def found() -> str | None:
    """Return the path of cargo-zigbuild: beside our own Python, or on PATH."""
    ours = Path(sys.executable).parent / "cargo-zigbuild"
    if os.access(ours, os.X_OK):
        return str(ours)
    return shell.found(ours.name)


@lru_cache(maxsize=32)
def environment(
    tree: Path, target: str, glibc: str, rustc: str
) -> dict[str, str]:
    """Return the variables that cargo-zigbuild gives cargo for a target.

    `glibc` (`2.17`) is the oldest one to link for, empty for zig's own default. `rustc` is the
    compiler, empty for cargo's own. `maturin --zig` and `cargo zigbuild` use linkers of different
    paths, so each compiles again what the other has compiled; with these variables, plain cargo
    and plain maturin share it.
    """
    wanted = f"{target}.{glibc}" if glibc else target
    with files.scratch("zig") as folder:
        env = {
            "CARGO": str(_printing_cargo(folder)),
            "PATH": _path_with_python(),
        }
        if rustc:
            env["RUSTC"] = rustc
        output = shell.ask(
            [str(found()), "rustc", "--target", wanted], cwd=tree, env=env
        )
    known = shell.environment(env).keys() | SHELL_VARIABLES
    variables = {}
    for line in output.split("\0"):
        name, equals, value = line.partition("=")
        if equals and name not in known:
            variables[name] = value
    return variables


def _printing_cargo(folder: Path) -> Path:
    """Write a program that prints its environment, for cargo-zigbuild to run instead of cargo."""
    cargo = folder / "cargo"
    files.write_bytes(cargo, b"#!/bin/sh\nexec env -0\n")
    cargo.chmod(0o755)
    return cargo


def _path_with_python() -> str:
    """Return PATH with our own Python first: it has the package of zig."""
    return os.pathsep.join(
        (str(Path(sys.executable).parent), os.environ.get("PATH", ""))
    )

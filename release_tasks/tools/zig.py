"""zig as a linker, as cargo-zigbuild sets it up: for other machines, and for an older glibc than this one's."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

from release_tasks import files, shell

MARK = "CARGO_ZIGBUILD_TARGET"  # a variable that only its environments have
INSTALL = "pip install cargo-zigbuild"
OF_THE_SHELL = {"_", "PWD", "OLDPWD", "SHLVL"}


def found() -> str | None:
    """Return the path of cargo-zigbuild: beside our own Python, or on PATH."""
    ours = Path(sys.executable).parent / "cargo-zigbuild"
    return str(ours) if os.access(ours, os.X_OK) else shell.found(ours.name)


@lru_cache(maxsize=32)
def environment(tree: Path, target: str, glibc: str, rustc: str) -> dict[str, str]:
    """Return the variables that cargo-zigbuild gives cargo for a target, and for a glibc (`2.17`; empty: zig's own).

    `maturin --zig` and `cargo zigbuild` have linkers of different paths, and each would compile again what
    the other has compiled; with these variables plain cargo and plain maturin share it.
    """
    path = os.pathsep.join(
        (str(Path(sys.executable).parent), os.environ.get("PATH", ""))
    )  # its python3 has zig
    with files.scratch("zig") as folder:
        cargo = folder / "cargo"
        files.write_bytes(cargo, b"#!/bin/sh\nexec env -0\n")
        cargo.chmod(0o755)
        given = {"CARGO": str(cargo), "PATH": path} | ({"RUSTC": rustc} if rustc else {})
        said = shell.ask(
            [str(found()), "rustc", "--target", f"{target}.{glibc}" if glibc else target],
            cwd=tree,
            env=given,
        )
    pairs = (line.split("=", 1) for line in said.split("\0") if "=" in line)
    known = shell.environment(given).keys() | OF_THE_SHELL
    return {name: value for name, value in pairs if name not in known}

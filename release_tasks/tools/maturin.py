"""maturin: wheels and source distributions of Rust crates for Python."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do

MATURIN = (sys.executable, "-m", "maturin")  # ours: it need not be on PATH


def wheel(
    c: Context,
    folder: Path,
    out: Path,
    target: str,
    tag: str,
    python: str,
    is_host: bool,
    is_locked: bool,
    extra: Sequence[str],
    env: Mapping[str, str],
) -> None:
    """Build the wheel of the package in `folder` for one Rust target into `out`.

    `tag` is the platform tag it must have; without one, maturin finds the lowest that is true. `python` (`3.12`) is the one that it is for.
    """
    locked = ["--locked"] if is_locked else []
    # abi3 needs no interpreter and takes any; else it is the named or the running one, or its twin on the other machine
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    interpreter = sys.executable if is_host and python in ("", ours) else f"python{python or ours}"
    argv: list[str | Path] = [
        *MATURIN,
        "build",
        "--release",
        *locked,
        "--out",
        out,
        "--target",
        target,
        "--interpreter",
        interpreter,
    ]
    do(c, [*argv, *_compatibility(tag), *extra], cwd=folder, env=_environment(tag, env))


def sdist(c: Context, folder: Path, out: Path, env: Mapping[str, str]) -> None:
    """Pack the source distribution of the package in `folder` into `out`."""
    do(c, [*MATURIN, "sdist", "--out", out], cwd=folder, env=env)


def _compatibility(tag: str) -> list[str]:
    got = re.match(r"(?:many|musl)linux(?:_\d+_\d+|\d+)", tag)
    return ["--compatibility", got[0]] if got else []


def _environment(tag: str, env: Mapping[str, str]) -> dict[str, str]:
    mac = re.match(r"macosx_(\d+)_(\d+)_", tag)
    return {**env, **({"MACOSX_DEPLOYMENT_TARGET": f"{mac[1]}.{mac[2]}"} if mac else {})}

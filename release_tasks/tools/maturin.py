"""maturin: wheels and source distributions of Rust crates for Python."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do

MATURIN = (sys.executable, "-m", "maturin")  # ours: it need not be on PATH


def wheel(
    c: Context, folder: Path, out: Path, target: str, tag: str, python: str, is_host: bool,
    is_locked: bool, extra: Sequence[str], env: Mapping[str, str],
) -> None:
    """Build the wheel of the package in `folder` for one Rust target into `out`.

    `tag` is the platform tag it must have; without one, maturin finds the lowest that is true. `python` (`3.12`) is the one that it is for.
    """
    locked = ["--locked"] if is_locked else []
    # abi3 needs no interpreter and takes any; else it is the named or the running one, or its twin on the other machine
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    interpreter = sys.executable if is_host and python in ("", ours) else f"python{python or ours}"
    argv: list[str | Path] = [*MATURIN, "build", "--release", *locked, "--out", out, "--target", target, "--interpreter", interpreter]
    do(c, [*argv, *_compatibility(tag), *extra], cwd=folder, env=_environment(tag, env))


def sdist(c: Context, folder: Path, out: Path, env: Mapping[str, str]) -> None:
    """Pack the source distribution of the package in `folder` into `out`."""
    do(c, [*MATURIN, "sdist", "--out", out], cwd=folder, env=env)


def needs_zig(tag: str) -> bool:
    """Tell whether a tag promises an older glibc than this machine's, and zig is here to keep that promise."""
    wanted = re.match(r"manylinux_2_(\d+)_", tag)
    legacy = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
    minor = int(wanted[1]) if wanted else legacy.get(tag.split("_")[0])
    here = re.match(r"glibc 2\.(\d+)", os.confstr("CS_GNU_LIBC_VERSION") or "") if "linux" in sys.platform else None
    return minor is not None and here is not None and minor < int(here[1]) and find_spec("ziglang") is not None


def _compatibility(tag: str) -> list[str]:
    got = re.match(r"(?:many|musl)linux(?:_\d+_\d+|\d+)", tag)
    return ["--compatibility", got[0], *(["--zig"] if needs_zig(tag) else [])] if got else []


def _environment(tag: str, env: Mapping[str, str]) -> dict[str, str]:
    # zig is looked for as a module of the first `python3`
    added = {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))} if needs_zig(tag) else {}
    if mac := re.match(r"macosx_(\d+)_(\d+)_", tag):
        added["MACOSX_DEPLOYMENT_TARGET"] = f"{mac[1]}.{mac[2]}"
    return {**env, **added}

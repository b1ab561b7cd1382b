"""maturin: wheels and source distributions of Rust crates for Python."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do
from release_tasks.tools.python import module

MATURIN = module("maturin")  # our own: it need not be on PATH
RUNNING_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass(frozen=True)
class WheelRequest:
    """A wheel to build for one Rust target; `options` are for maturin, `env` is added.

    `tag` is the platform tag that it must have; without one, maturin finds the lowest that is
    true. `python` (`3.12`) is the version that it is for; abi3 wheels need none.
    """

    target: str
    tag: str = ""
    python: str = ""
    is_host: bool = True
    is_locked: bool = False
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def wheel(c: Context, folder: Path, out: Path, wanted: WheelRequest) -> None:
    """Build the wheel of the package in `folder` into `out`; raise `Failed` if maturin fails."""
    argv: list[str | Path] = [*MATURIN, "build", "--release"]
    if wanted.is_locked:
        argv.append("--locked")
    argv += [
        "--out",
        out,
        "--target",
        wanted.target,
        "--interpreter",
        _interpreter(wanted),
    ]
    if linux := re.match(r"(?:many|musl)linux(?:_\d+_\d+|\d+)", wanted.tag):
        argv += ["--compatibility", linux[0]]
    env = dict(wanted.env)
    if mac := re.match(r"macosx_(\d+)_(\d+)_", wanted.tag):
        env["MACOSX_DEPLOYMENT_TARGET"] = f"{mac[1]}.{mac[2]}"
    do(c, [*argv, *wanted.options], cwd=folder, env=env)


def sdist(c: Context, folder: Path, out: Path, env: Mapping[str, str]) -> None:
    """Pack the source distribution of the package in `folder` into `out`."""
    do(c, [*MATURIN, "sdist", "--out", out], cwd=folder, env=env)


def _interpreter(wanted: WheelRequest) -> str:
    """Return the Python to build for: ours where it fits, else one of that version on PATH.

    For another machine, maturin only takes the version from its name.
    """
    python = wanted.python or RUNNING_PYTHON
    if wanted.is_host and python == RUNNING_PYTHON:
        return sys.executable
    return f"python{python}"

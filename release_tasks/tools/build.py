"""build: wheels and source distributions, by the backend in a pyproject.toml (PEP 517)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context

from release_tasks import files
from release_tasks.shell import do
from release_tasks.tools.python import module


def make(
    c: Context, kind: str, folder: Path, out: Path, env: Mapping[str, str]
) -> None:
    """Build the `wheel` or `sdist` of the package in `folder` into `out`, in a new environment."""
    argv = [
        *module("build"),
        f"--{kind}",
        "--outdir",
        str(out),
        str(folder),
    ]
    # an interrupted build leaves its environment there
    with files.scratch("build") as temporary:
        do(c, argv, env={**env, "TMPDIR": str(temporary)})

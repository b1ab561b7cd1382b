"""uv: the lock of a Python project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context

from release_tasks import shell


def is_installed() -> bool:
    """Tell whether uv is on PATH."""
    return shell.found("uv") is not None


def lock(c: Context, folder: Path, versions: Mapping[str, str]) -> None:
    """Let uv lock these versions (PEP 440) of packages; other packages stay.

    Raises `Failed` where it cannot resolve them. It may run the build backend of the project.
    """
    argv = ["uv", "lock", "--quiet"]
    for name, version in versions.items():
        argv += ["--upgrade-package", f"{name}=={version}"]
    shell.do(c, argv, cwd=folder)

"""pip and venv: a new environment, and a package from PyPI alone in it."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints
from release_tasks.shell import Failed, ask, do
from release_tasks.tools.python import module

INDEX = f"{endpoints.PYPI}/simple/"
QUIET = ("--quiet", "--no-input", "--disable-pip-version-check")
# where uv looks, too (uv, "Environment variables")
UV_INDEXES = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_OFFLINE",
)
# pip's own copy: it chooses by that, and a new environment has no other library
TAGS = (
    "from pip._vendor.packaging.tags import sys_tags\n"
    "print(*sys_tags(), sep=chr(10))"
)


def create_environment(
    c: Context, folder: Path, base: Path | None = None
) -> Path:
    """Make a virtual environment in `folder` and return the path of its Python.

    It is made from the Python `base`, with a pip of its own, or from ours. Our own pip installs
    into that, where there is one: to copy pip takes most of the time.
    """
    if base and base != Path(sys.executable):
        do(c, [base, "-I", "-m", "venv", folder])
    else:
        options = ["--without-pip"] if _have_pip() else []
        do(c, [*module("venv"), *options, str(folder)])
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def tags(python: Path) -> list[str]:
    """Return the tags of wheels that fit an environment, best first."""
    with_pip = python
    if not _has_pip(python):  # it is made from our own Python
        with_pip = Path(sys.executable)
    printed = ask([with_pip, "-I", "-c", TAGS], cwd=python.parents[2])
    return printed.splitlines()


def has_other_index() -> bool:
    """Tell whether pip or uv is set up to look elsewhere than on PyPI, or cannot say."""
    if any(os.environ.get(name) for name in UV_INDEXES):
        return True
    try:
        settings = ask([*module("pip"), "config", "list"])
    except Failed:
        return True
    return re.search(r"index-url|find-links|no-index", settings) is not None


def install(
    c: Context,
    python: Path,
    requirement: str | Path,
    option: str,
    env: Mapping[str, str],
) -> None:
    """Install a requirement (`name==1.0`, or a wheel) into the environment of `python`.

    What it depends on comes from PyPI. `option` chooses wheel or sdist (`--no-binary=name`).
    Other indexes and folders of the caller's settings are switched off: they would say nothing
    about PyPI. Raises `Failed`.
    """
    folder = python.parents[2]
    no_files = folder / "no-files"
    no_files.mkdir(exist_ok=True)
    settings = {
        # most modules are never imported there
        "PIP_COMPILE": "0",
        "PIP_INDEX_URL": INDEX,
        "PIP_EXTRA_INDEX_URL": INDEX,
        "PIP_FIND_LINKS": str(no_files),
    }
    pip: list[str | Path] = [python, "-m", "pip"]
    if _have_pip() and not _has_pip(python):
        pip = [*module("pip"), "--python", python]
    do(
        c,
        [*pip, "install", *QUIET, option, requirement],
        cwd=folder,
        env={**settings, **env},
    )


def run(python: Path, code: str, argument: str) -> str:
    """Run code in an environment, without what the caller's settings add; return its stdout."""
    return ask([python, "-I", "-c", code, argument], cwd=python.parents[2])


def _has_pip(python: Path) -> bool:
    """Tell whether an environment has a pip of its own."""
    return any(python.parent.glob("pip*"))


def _have_pip() -> bool:
    return importlib.util.find_spec("pip") is not None

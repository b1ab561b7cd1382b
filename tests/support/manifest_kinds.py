"""Which kind of manifest a file is, by its name."""

from __future__ import annotations

import importlib
from pathlib import PurePosixPath
from typing import cast

from release_tasks.manifests.version_locations import ManifestKind

MODULES = {
    "Cargo.toml": "cargo_toml",
    "pyproject.toml": "pyproject",
    "Chart.yaml": "chart_yaml",
    "package.json": "package_json",
    "package-lock.json": "package_json",
    "npm-shrinkwrap.json": "package_json",
    "uv.lock": "uv_lock",
    "setup.cfg": "setup_cfg",
    "setup.py": "python_module",
    "__init__.py": "python_module",
}


def kind_of(path: str) -> ManifestKind | None:
    """Return what reads and edits a file of this name, or None."""
    name = MODULES.get(PurePosixPath(path).name)
    if name is None:
        return None
    module = importlib.import_module(f"release_tasks.manifests.{name}")
    return cast(ManifestKind, module.KIND)

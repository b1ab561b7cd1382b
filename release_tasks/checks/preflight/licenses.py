"""The license expressions of manifests: identifiers that SPDX has replaced."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename
from typing import Any

from release_tasks.checks.check import CheckContext, warning
from release_tasks.checks.preflight.crates import published
from release_tasks.errors import Problem, ReleaseError
from release_tasks.formats.text_files import line_at, read
from release_tasks.manifests import toml_values
from release_tasks.project.model import Crate, PythonPackage
from release_tasks.rules import spdx

MANIFESTS = ("Cargo.toml", "pyproject.toml")


@warning
def deprecated_license(context: CheckContext) -> Iterator[Problem]:
    """Find each manifest whose license has an identifier that SPDX has replaced."""
    understood = _understood_by_cargo(context)
    for path in _manifests(context):
        if path in understood:
            continue
        try:
            text = read(context.project.root, path)
            data = toml_values.load(text, path)
        except ReleaseError:
            continue  # what needs the file reports it
        for expression in _expressions(data):
            for reason in spdx.license_expression(expression):
                yield Problem(
                    f"{path}: license {expression!r}: {reason}",
                    f"correct license in {path}",
                    path,
                    line_at(text, max(text.find(expression), 0)),
                )


def _manifests(context: CheckContext) -> list[str]:
    """Return the manifests of what is released, and the root's."""
    root = context.project.root
    crates = context.shipped("crates", Crate)
    packages = context.shipped("python", PythonPackage)
    folders = {root, context.project.cargo_root}
    folders.update(one.folder for one in crates)
    folders.update(one.folder for one in packages)
    found = []
    for path in context.project.files:
        if basename(path) in MANIFESTS and (root / path).parent in folders:
            found.append(path)
    return found


def _understood_by_cargo(context: CheckContext) -> set[str]:
    """Return the manifests of crates whose license, as cargo reads it, is in order.

    That of the root is not among them: it may have licenses for others.
    """
    return {
        one.manifest
        for one in published(context)
        if one.folder
        and not any(spdx.license_expression(one.package["license"] or ""))
    }


def _expressions(data: Any) -> Iterator[str]:
    tables = [
        data.get("package"),
        data.get("project"),
        data.get("workspace", {}).get("package"),
    ]
    for table in tables:
        license = table.get("license") if isinstance(table, dict) else None
        if isinstance(license, dict):
            license = license.get("text")
        if isinstance(license, str) and "\n" not in license:
            yield license

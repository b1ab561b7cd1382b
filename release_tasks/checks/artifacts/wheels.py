"""Wheels bring what they are installed for, under the tags of their names, and nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from release_tasks import dist
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.errors import ReleaseError, shorten
from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import ComponentRelease

MODULE = re.compile(
    r"(?:[^/]+\.data/(?:purelib|platlib)/)?([A-Za-z_]\w*)(?:\.(?:[\w-]+\.)*(?:py|so|pyd)$|/.*\.(?:py|so|pyd)$)"
)
AT_ROOT = re.compile(r"(?:[^/]+\.data/(?:purelib|platlib)/)?[^/]+$")
LOADED = (".py", ".pyi", ".so", ".pyd", ".pth")  # what Python finds at the root of site-packages


@also_after_tag
def missing_module(case: Contents) -> Iterator[ReleaseError]:
    """Yield each wheel without the module that its pyproject.toml names; without any, where it brings no program either."""
    for part, path, inside in case.wheels:
        there = {found[1] for name in inside if (found := MODULE.match(name))}
        fix = f"mend what pyproject.toml includes; {_again(path)}"
        if lacking := [name for name in _declared(case, part, path) if name not in there]:
            fact = f"{path.name} has no module {' and '.join(lacking)}, only {shorten(sorted(there)) or 'none at all'}"
            yield ReleaseError(fact, fix)
        elif not there and not any(".data/scripts/" in name for name in inside):
            yield ReleaseError(f"{path.name} has neither a module nor a program", fix)


@also_after_tag
def stray_file(case: Contents) -> Iterator[ReleaseError]:
    """Yield each wheel that puts files into site-packages itself that are no modules."""
    for _, path, inside in case.wheels:
        stray = sorted(name for name in inside if AT_ROOT.match(name) and not name.endswith(LOADED))
        if stray:
            fix = f"leave them out of `include` in pyproject.toml (licences belong to license-files); {_again(path)}"
            yield ReleaseError(
                f"{path.name} would put {shorten(stray)} beside all other packages", fix
            )


@also_after_tag
def tag_mismatch(case: Contents) -> Iterator[ReleaseError]:
    """Yield each wheel whose WHEEL file says other tags than its name."""
    from packaging.tags import parse_tag
    from packaging.utils import parse_wheel_filename

    for _, path, inside in case.wheels:
        text = next(
            (data for name, data in inside.items() if name.endswith(".dist-info/WHEEL")), b""
        ).decode("utf-8", "replace")
        said = {tag for line in re.findall(r"^Tag: *(\S+)", text, re.M) for tag in parse_tag(line)}
        if said != parse_wheel_filename(path.name)[3]:
            yield ReleaseError(
                f"{path.name} says inside that it is for {shorten(sorted(map(str, said))) or 'nothing'}",
                _again(path),
            )


def _declared(case: Contents, part: ComponentRelease, path: Path) -> list[str]:
    """Return the modules that the package's pyproject.toml names (maturin's module-name, PEP 794's import-names)."""
    row = dist.row_of(part, path.name, FileKind.WHEEL)
    for package in resolved_or_raise(part.component.python):
        if row and package.name == row.package:
            about = toml_values.load(read(package.folder, "pyproject.toml"), "pyproject.toml")
            said = about.get("tool", {}).get("maturin", {}).get("module-name")
            names = about.get("project", {}).get("import-names") or ([said] if said else [])
            return sorted({re.split(r"[.;\s]", name)[0] for name in names})
    return []


def _again(path: Path) -> str:
    return f"rm {path}, then inv build-wheels"

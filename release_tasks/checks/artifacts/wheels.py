"""Wheels: the module they are installed for, the tags of their names, and no other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from release_tasks import dist
from release_tasks.channels import pypi
from release_tasks.checks.artifacts.contents import BuiltFile, Contents, Wheel
from release_tasks.checks.check import also_after_tag, note_also_after_tag
from release_tasks.errors import Problem, shorten
from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import PythonPackage, resolved_or_raise
from release_tasks.rules import pypi as pypi_rules
from release_tasks.rules import pypi_files
from release_tasks.versions.numbers import pep440
from release_tasks.versions.python_requirements import unmet

SITE_PACKAGES = r"(?:[^/]+\.data/(?:purelib|platlib)/)?"
MODULE = re.compile(
    SITE_PACKAGES
    + r"([A-Za-z_]\w*)(?:\.(?:[\w-]+\.)*(?:py|so|pyd)$|/.*\.(?:py|so|pyd)$)"
)
AT_ROOT = re.compile(SITE_PACKAGES + r"[^/]+$")
# what Python finds at the root of site-packages
LOADED = (".py", ".pyi", ".so", ".pyd", ".pth")


@also_after_tag
def refused_by_pypi(contents: Contents) -> Iterator[Problem]:
    """Find each wheel or sdist that PyPI refuses, for its name, its metadata or its content."""
    for file in contents.files:
        if (
            file.row.kind not in (FileKind.WHEEL, FileKind.SDIST)
            or not file.is_whole
        ):
            continue
        reasons = pypi_files.refusals(file.path.name, file.path.read_bytes())
        reasons += _too_large(file)
        for reason in reasons:
            yield Problem(
                f"PyPI refuses {file.path.name}: {reason}",
                f"correct pyproject.toml; {_rebuild(file.path)}",
            )


@note_also_after_tag
def stale_record(contents: Contents) -> Iterator[Problem]:
    """Find each wheel whose RECORD does not list its files, about which PyPI writes an e-mail."""
    for wheel in contents.wheels:
        name = wheel.path.name
        if not any(
            member.endswith(".dist-info/RECORD") for member in wheel.files
        ):
            continue
        others = pypi_files.unrecorded(name, wheel.path.read_bytes())
        if others:
            yield Problem(
                f"{name}: RECORD and the files of the wheel differ in {shorten(others)}",
                f"build it without a program that changes wheels; {_rebuild(wheel.path)}",
            )


@also_after_tag
def missing_module(contents: Contents) -> Iterator[Problem]:
    """Find each wheel without the module of its pyproject.toml, or without module and program."""
    for wheel in contents.wheels:
        name = wheel.path.name
        found = [MODULE.match(member) for member in wheel.files]
        modules = {match[1] for match in found if match}
        missing = [
            module
            for module in _declared(contents, wheel)
            if module not in modules
        ]
        has_program = any(".data/scripts/" in member for member in wheel.files)
        fix = f"correct what pyproject.toml includes; {_rebuild(wheel.path)}"
        if missing:
            available = shorten(sorted(modules)) or "none"
            yield Problem(
                f"{name} has no module {' and '.join(missing)} (its modules: {available})",
                fix,
            )
        elif not modules and not has_program:
            yield Problem(
                f"{name} contains neither a module nor a program", fix
            )


@also_after_tag
def stray_file(contents: Contents) -> Iterator[Problem]:
    """Find each wheel that puts files that are not modules directly into site-packages."""
    for wheel in contents.wheels:
        at_root = [name for name in wheel.files if AT_ROOT.match(name)]
        stray = sorted(name for name in at_root if not name.endswith(LOADED))
        if stray:
            yield Problem(
                f"{wheel.path.name} would put {shorten(stray)} directly into site-packages",
                "remove them from `include` in pyproject.toml (licenses belong to license-files); "
                f"{_rebuild(wheel.path)}",
            )


@also_after_tag
def tag_mismatch(contents: Contents) -> Iterator[Problem]:
    """Find each wheel whose WHEEL file has other tags than its name."""
    from packaging.tags import parse_tag
    from packaging.utils import parse_wheel_filename

    for wheel in contents.wheels:
        tags = {
            tag
            for line in re.findall(r"^Tag: *(\S+)", _wheel_file(wheel), re.M)
            for tag in parse_tag(line)
        }
        if tags != parse_wheel_filename(wheel.path.name)[3]:
            shown = shorten(sorted(map(str, tags))) or "no tags"
            yield Problem(
                f"{wheel.path.name} has {shown} in its WHEEL file",
                _rebuild(wheel.path),
            )


@also_after_tag
def outdated_requirement(contents: Contents) -> Iterator[Problem]:
    """Find each wheel or sdist that does not admit another package as it is released with it."""
    released = _released(contents)
    for file in contents.files:
        if (
            file.row.kind not in (FileKind.WHEEL, FileKind.SDIST)
            or not file.is_whole
        ):
            continue
        metadata = pypi_files.metadata_in(
            file.path.name, file.path.read_bytes()
        )
        raw, _ = pypi_rules.read_metadata(metadata or b"")
        for name, specifiers in unmet(raw.get("requires_dist") or (), released):
            yield Problem(
                f"{file.path.name} requires {name}{specifiers}, but {name} is released as "
                f"{pep440(released[name])}",
                f"let the requirement of {file.row.package} admit it; {_rebuild(file.path)}",
            )


def _released(contents: Contents) -> dict[str, str]:
    """Return the version of each Python package of the release, by normalized name."""
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    for part in contents.release.parts:
        for package in resolved_or_raise(part.component.python):
            found[str(canonicalize_name(package.name))] = part.version
    return found


def _too_large(file: BuiltFile) -> list[str]:
    """Return what PyPI says about a file's size; its limit for a project shows in public files."""
    size = file.path.stat().st_size
    if size <= pypi_files.MAX_FILE:
        return []
    package = file.row.package or ""
    return pypi_files.file_size(size, package, pypi.largest_file(package))


def _wheel_file(wheel: Wheel) -> str:
    for name, data in wheel.files.items():
        if name.endswith(".dist-info/WHEEL"):
            return data.decode("utf-8", "replace")
    return ""


def _declared(contents: Contents, wheel: Wheel) -> list[str]:
    """Return the modules that the package's pyproject.toml names."""
    row = dist.row_of(wheel.part, wheel.path.name, FileKind.WHEEL)
    if row is None:
        return []
    for package in resolved_or_raise(wheel.part.component.python):
        if package.name == row.package:
            return _modules(package)
    return []


def _modules(package: PythonPackage) -> list[str]:
    """Return maturin's module-name, or PEP 794's import-names."""
    data = toml_values.load(
        read(package.folder, "pyproject.toml"), "pyproject.toml"
    )
    names = list(data.get("project", {}).get("import-names") or ())
    module = data.get("tool", {}).get("maturin", {}).get("module-name")
    if module and not names:
        names = [module]
    return sorted({re.split(r"[.;\s]", name)[0] for name in names})


def _rebuild(path: Path) -> str:
    return f"rm {word(path)}, then inv build-wheels"

"""The wheels and sdists of a version, as far as their names are known before the build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from release_tasks.formats import wheels
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import PythonPackage, resolved_or_raise
from release_tasks.project.python_packages import built
from release_tasks.release import ComponentRelease, Release
from release_tasks.versions.numbers import pep440


@dataclass(frozen=True)
class PythonFile:
    """A file of a package: its sdist, or its wheels for one platform tag and one Python.

    An empty `tag` or `python` means any.
    """

    package: PythonPackage
    kind: FileKind  # wheel or sdist
    tag: str
    pattern: str  # its name, as far as it is known before the build
    python: str = ""  # as `3.12`
    # one wheel for all Pythons with a GIL, from the oldest on
    is_abi3: bool = False

    def matches(self, name: str) -> bool:
        """Return True when a file of this version, by its name, is the one that is meant."""
        if name == self.pattern:
            return True
        parts = wheels.read_name(name)
        if parts is None or parts.project != normalized(self.package.name):
            return False
        if self.kind == FileKind.SDIST:
            return not parts.platforms
        if self.is_abi3 and not wheels.is_abi3(name):
            return False
        has_tag = self.tag in parts.platforms or (
            not self.tag and bool(parts.platforms)
        )
        return has_tag and f"-{_python_tags(self.python)}" in name


def shipped(release: Release) -> Iterator[tuple[ComponentRelease, PythonFile]]:
    """Yield every wheel and sdist that the settings declare, with its component."""
    for part in release.parts:
        for package in resolved_or_raise(part.component.python):
            is_abi3 = bool(built(release.project, package).least)
            for file in _files_of(package, pep440(part.version), is_abi3):
                yield part, file


def normalized(name: str) -> str:
    """Return a project's name as PyPI compares it (PEP 503)."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def _files_of(
    package: PythonPackage, version: str, is_abi3: bool
) -> Iterator[PythonFile]:
    start = f"{normalized(package.name).replace('-', '_')}-{version}"
    pythons = package.pythons or ("",)
    # free-threaded Pythons load no abi3, so each has a wheel (PEP 703)
    if is_abi3:
        free_threaded = (
            python for python in package.pythons if python.endswith("t")
        )
        pythons = ("", *free_threaded)
    for python, tag in product(pythons, package.wheels or ("",)):
        pattern = f"{start}-{_python_tags(python)}*{tag}.whl"
        is_stable = is_abi3 and not python
        yield PythonFile(
            package, FileKind.WHEEL, tag, pattern, python, is_stable
        )
    if package.sdist:
        yield PythonFile(package, FileKind.SDIST, "", f"{start}.tar.gz")


def _python_tags(python: str) -> str:
    """Return the Python and ABI tags in a wheel's name, as `cp313-cp313t-`; "" for any."""
    if not python:
        return ""
    tag = f"cp{python.replace('.', '')}"
    return f"{tag.rstrip('t')}-{tag}-"

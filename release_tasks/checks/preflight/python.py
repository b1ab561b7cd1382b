"""Python: who can install the wheels that are declared, and what PyPI would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.checks.check import CheckContext, Located, note, problem, warning
from release_tasks.errors import ReleaseError
from release_tasks.project.model import PythonPackage
from release_tasks.project.python_packages import PackageBuild, built

MINORS = range(7, 40)  # of Python 3, as far as they are spoken of


@problem
def redundant_pythons(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each package that names several Pythons although its one wheel is for all of them."""
    for one in _built(case):
        if one.package.pythons and one.least is not None:
            why = (
                "abi3 makes one wheel for all of them"
                if one.least
                else "its wheel is for every Python"
            )
            yield ReleaseError(
                f"{one.table} names Pythons ({', '.join(one.package.pythons)}), and {why}",
                f"take pythons out of {one.table}",
            )


@warning
def missing_python_wheels(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each package that promises Pythons for which it has no wheel, and who cannot install it."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    for one in _built(case):
        if one.least == 0 or not one.crate or not one.about.pythons:
            continue
        try:
            promised = SpecifierSet(one.about.pythons)
        except InvalidSpecifier:
            continue  # the backend tells more about it
        named = sorted(int(re.sub(r"\D", "", python[2:])) for python in one.package.pythons)
        has = [one.least] if one.least else named or [0]
        wants = [minor for minor in MINORS if f"3.{minor}.99" in promised]
        lacks = [minor for minor in wants if minor not in has and minor < max(has)]
        then = "compiles the sdist" if one.package.sdist else "finds nothing to install"
        if has == [0] and wants[1:]:
            fact = f"{one.path} promises Python {one.about.pythons}, and its wheel is for the one that builds it: pip of any other {then}"
            fix = f'name them, as pythons = ["3.{wants[0]}", "3.{wants[1]}"] in {one.table}, or give pyo3 the feature abi3-py3{wants[0]}'
            yield Located(fact, fix, one.path)
        elif lacks:
            those = f"3.{one.least} and later" if one.least else _named(has)
            fact = f"{one.path} promises Python {one.about.pythons}, and its wheels are for {those}: pip of {_named(lacks)} {then}"
            fix = (
                f'give pyo3 the feature abi3-py3{wants[0]}, or say requires-python = ">=3.{has[0]}"'
            )
            yield Located(
                fact,
                fix if one.least else f"add {_named(lacks)} to pythons in {one.table}, {fix}",
                one.path,
            )


@note
def one_platform(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each package with compiled code that is built for one machine only."""
    for one in _built(case):
        if one.package.maturin and not one.package.wheels:
            then = "compile the sdist" if one.package.sdist else "find nothing to install"
            fact = f"{one.package.name} has one platform, that of the machine that builds it; all others {then}"
            yield ReleaseError(
                fact,
                f'name its platforms, as wheels = ["manylinux_2_28_x86_64", "macosx_11_0_arm64"] in {one.table}',
            )


@note
def import_name(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each package that is imported by another name than it is installed by."""
    for one in _built(case):
        targets = one.crate["targets"] if one.crate and one.least != 0 else []
        library = next((t["name"] for t in targets if "cdylib" in t["kind"]), "")
        module = (
            str(one.about.maturin.get("module-name") or library).partition(".")[0].replace("-", "_")
        )
        own = re.sub("[-_.]+", "_", one.package.name).lower()
        if module and own not in (module, *one.about.maturin.get("python-packages", ())):
            fact = f"{one.package.name} is installed by that name and imported as {module}, which another distribution may bring, too"
            yield Located(
                fact,
                "tell both names where the installation is described, or let module-name in [tool.maturin] be the other",
                one.path,
            )


@warning
def no_description(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each package without a readme, of which PyPI's page has nothing to show (`twine check --strict` fails, then)."""
    for one in _built(case):
        if one.about.readme is None:  # maturin passes over the one of Cargo.toml, too
            fix = 'write README.md beside it, and readme = "README.md" into [project]'
            yield Located(
                f"{one.path} names no readme, so its page on PyPI will be empty", fix, one.path
            )


@problem
def absent_readme(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each package whose readme is not there, so that it cannot be built."""
    for one in _built(case):
        if one.about.readme and not (one.package.folder / one.about.readme).exists():
            yield Located(
                f"{one.path} names {one.about.readme} as its readme, and there is no such file",
                f"write {one.about.readme}, or name another one",
                one.path,
            )


def _built(case: CheckContext) -> Iterator[PackageBuild]:
    return (
        built(case.release.project, package) for package in case.shipped("python", PythonPackage)
    )


def _named(minors: list[int]) -> str:
    return ", ".join(f"3.{minor}" for minor in minors)

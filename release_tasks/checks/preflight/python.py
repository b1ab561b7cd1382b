"""Python: who can install the declared wheels, and what PyPI would refuse."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from release_tasks import endpoints
from release_tasks.channels import pypi as channel
from release_tasks.checks.check import CheckContext, note, problem, warning
from release_tasks.errors import Problem, ReleaseError
from release_tasks.formats.text_files import line_of, read
from release_tasks.manifests import core_metadata, pyproject, toml_values
from release_tasks.manifests.core_metadata import WrittenMetadata
from release_tasks.project import compiled
from release_tasks.project.artifacts import Artifact, State
from release_tasks.project.model import PythonPackage
from release_tasks.project.python_packages import (
    PackageBuild,
    built,
    without_build_system,
)
from release_tasks.rules import pypi, pypi_files
from release_tasks.tools import auditwheel
from release_tasks.versions.numbers import pep440

MINORS = range(7, 40)  # versions of Python 3 that requires-python may speak of
# keys of [project] that only somebody who looks for a package reads
_ON_PYPI = {"classifiers", "keywords", "urls"}
FIXES = {  # by field of the core metadata: what makes PyPI accept it
    "classifier": f"take one of {endpoints.PYPI}/classifiers/, or remove it",
    "requires-dist": "require a version that is on PyPI (NAME >= VERSION), or move it to "
    "[dependency-groups], which is not published",
    "summary": "shorten `description` to one line of at most 512 characters",
    "project-url": "write a label of at most 32 characters, and an address with https://",
    "author-email": "write an address as NAME@DOMAIN, or remove it",
    "maintainer-email": "write an address as NAME@DOMAIN, or remove it",
    "license-expression": "write identifiers of https://spdx.org/licenses with AND, OR and WITH",
    "version": "release a version without `+`",
    "license-file": "name files beside or below pyproject.toml; a link there may lead elsewhere",
    "description-content-type": "write text/markdown, text/x-rst or text/plain",
}


@problem
def redundant_pythons(context: CheckContext) -> Iterator[Problem]:
    """Find each package with several `pythons` although its one wheel is for all of them."""
    for build in _builds(context):
        pythons = build.package.pythons
        if not pythons or build.least is None:
            continue
        if build.least and any(python.endswith("t") for python in pythons):
            continue  # beside the abi3 wheel, for Pythons that load no abi3
        why = "its wheel is for every Python"
        if build.least:
            why = "abi3 makes one wheel for all of them"
        yield Problem(
            f"{build.table} has pythons ({', '.join(build.package.pythons)}), but {why}",
            f"remove pythons from {build.table}",
        )


@warning
def missing_python_wheels(context: CheckContext) -> Iterator[Problem]:
    """Find each package that promises Pythons without a wheel, and who cannot install it."""
    for build in _builds(context):
        if build.least == 0 or not build.crate:
            continue
        promised = _promised(build.about.pythons)
        if len(promised) > 1 and _wheels_of(build) == [0]:
            yield _wheel_of_one_python(build, promised)
        elif promised:
            yield from _missing_wheels(build, promised)


@problem
def unrepairable_wheel(context: CheckContext) -> Iterator[Problem]:
    """Find each package whose wheel for Linux must be repaired, where auditwheel is missing.

    PyPI takes no wheel for `linux_x86_64`, which is what other backends than maturin make.
    """
    if sys.platform != "linux" or auditwheel.is_installed():
        return
    for build in _builds(context):
        reason = _compiles(context, build)
        if reason:
            yield Problem(
                f"{build.package.name} has compiled code ({reason}), and its wheel must be "
                "repaired by auditwheel, which is not installed",
                auditwheel.INSTALL,
                build.path,
            )


@note
def one_platform(context: CheckContext) -> Iterator[Problem]:
    """Find each package with compiled code that is built for one machine only."""
    for build in _builds(context):
        package = build.package
        is_compiled = package.maturin or _compiles(context, build)
        if is_compiled and not package.wheels:
            yield Problem(
                f"{package.name} has wheels only for the machine that builds it; "
                f"elsewhere pip {_without_wheel(package)}",
                'set its platforms, e.g. wheels = ["manylinux_2_28_x86_64", "macosx_11_0_arm64"] '
                f"in {build.table}",
            )


@note
def import_name(context: CheckContext) -> Iterator[Problem]:
    """Find each package that is imported by another name than it is installed by."""
    for build in _builds(context):
        name = build.package.name
        module = _module(build)
        packages = build.about.maturin.get("python-packages", ())
        own = re.sub("[-_.]+", "_", name).lower()
        if module and own not in (module, *packages):
            yield Problem(
                f"{name} is installed by that name but imported as {module}, "
                "which another distribution may contain, too",
                "write both names where the installation is described, "
                "or change module-name in [tool.maturin]",
                build.path,
            )


@note
def no_build_system(context: CheckContext) -> Iterator[Problem]:
    """Find each pyproject.toml with what only a page on PyPI shows, and without a build system.

    Without a `[build-system]`, uv takes it for an application, which no registry has.
    """
    root, files = context.project.root, context.project.files
    for name, path in without_build_system(root, files):
        if not path.endswith("pyproject.toml"):
            continue
        text = read(root, path)
        data = toml_values.load(text, path)
        is_said = (
            pyproject.has_backend(data)
            or pyproject.is_application(data)
            or pyproject.read(text, path).is_private
        )
        is_shown = not _ON_PYPI.isdisjoint(
            toml_values.table_at(data, "project")
        )
        if is_shown and not is_said:
            yield Problem(
                f"{name} is not released: {path} has no [build-system]",
                f"write one into {path}, as its build backend documents it, "
                "or why nobody installs it into [checks.ignore]",
                path,
            )


@warning
def no_description(context: CheckContext) -> Iterator[Problem]:
    """Find each package without a readme, whose page on PyPI will be empty.

    `twine check --strict` fails for it, and maturin does not read the readme of Cargo.toml.
    """
    for build in _builds(context):
        if build.about.readme is None:
            yield Problem(
                f"{build.path} has no readme, so its page on PyPI will be empty",
                'write README.md beside it, and readme = "README.md" into [project]',
                build.path,
            )


@problem
def absent_readme(context: CheckContext) -> Iterator[Problem]:
    """Find each package whose readme does not exist, so that it cannot be built."""
    for build in _builds(context):
        readme = build.about.readme
        if readme and not (build.package.folder / readme).exists():
            yield Problem(
                f"{build.path} has the readme {readme}, which does not exist",
                f"write {readme}, or change readme in {build.path}",
                build.path,
            )


@problem
def refused_metadata(context: CheckContext) -> Iterator[Problem]:
    """Find what PyPI refuses in the metadata of a pyproject.toml, of which the build says nothing.

    Sources are in docs/rules.md; the built files are looked at again.
    """
    for build, version in _versions(context):
        root = context.project.root
        files = context.project.files
        written = core_metadata.written_metadata(
            root, build.path, version, files, build.package.name
        )
        for refusal in pypi.metadata(written.raw):
            yield _refused(context, build, written, refusal)
        yield from _refused_scripts(context, build)
        path, text, content_type = core_metadata.readme(root, build.path)
        for reason in pypi.description(text, content_type):
            yield Problem(
                f"{path}: PyPI refuses {build.package.name}: {reason}",
                f"correct {path}: `python -m twine check` of the sdist names the line",
                path,
            )


def _refused_scripts(
    context: CheckContext, build: PackageBuild
) -> Iterator[Problem]:
    for name in core_metadata.scripts(context.project.root, build.path):
        for reason in pypi_files.script_name(name):
            yield Problem(
                f"{build.path}: PyPI refuses {build.package.name}: {reason}",
                "use only letters, digits, `_`, `.` and `-` in the names of scripts",
                build.path,
                _line(context, build.path, name),
            )


@problem
def refused_name(context: CheckContext) -> Iterator[Problem]:
    """Find each package that is new to PyPI, and whose name PyPI gives to nobody."""
    packages = [
        package.name for package in context.shipped("python", PythonPackage)
    ]
    for build in _builds(context):
        name = build.package.name
        others = [other for other in packages if other != name]
        reasons = pypi.new_name(name, others)
        if reasons and _is_new(context, name):
            yield Problem(
                f"{build.path}: PyPI refuses {name}: {reasons[0]}",
                f"choose another name in {build.path}",
                build.path,
                _line(context, build.path, f'"{name}"'),
            )


def _versions(context: CheckContext) -> Iterator[tuple[PackageBuild, str]]:
    """Yield each package with the version that it gets, as PEP 440 writes it."""
    for part in context.release.parts:
        packages = part.component.python
        if isinstance(packages, ReleaseError):
            continue
        for package in packages:
            yield built(context.project, package), pep440(part.version)


def _refused(
    context: CheckContext,
    build: PackageBuild,
    written: WrittenMetadata,
    refusal: pypi.Refusal,
) -> Problem:
    value = refusal.value
    path = written.files.get(value, build.path)
    words = written.written.get(value, value)
    return Problem(
        f"{path}: PyPI refuses {build.package.name}: {refusal.text}",
        FIXES.get(refusal.field, f"correct `{refusal.field}` in {path}"),
        path,
        _line(context, path, words),
    )


def _line(context: CheckContext, path: str, words: str) -> int:
    return line_of(read(context.project.root, path), words)


def _is_new(context: CheckContext, package: str) -> bool:
    """Tell whether PyPI has nothing of a package yet; False where it cannot be asked."""
    for one, statuses in context.states:
        if one.NAME != channel.NAME or isinstance(statuses, ReleaseError):
            continue
        missing: list[Artifact] = [
            status.artifact
            for status in statuses
            if status.state is State.MISSING
            and status.artifact.package == package
        ]
        return bool(missing) and channel.is_new(missing[0])
    return False


def _compiles(context: CheckContext, build: PackageBuild) -> str:
    """Return what compiles code of a package that maturin does not build, "" for nothing."""
    if build.package.maturin:
        return ""
    root = context.project.root
    data = toml_values.load(read(root, build.path), build.path)
    setup = f"{build.path.removesuffix('pyproject.toml')}setup.py"
    text = read(root, setup) if setup in context.project.files else ""
    return compiled.reason(data, text)


def _builds(context: CheckContext) -> Iterator[PackageBuild]:
    for package in context.shipped("python", PythonPackage):
        yield built(context.project, package)


def _promised(specifier: str) -> list[int]:
    """Return the minor versions of Python 3 that a requires-python allows."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if not specifier:
        return []
    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return []  # the build backend says more about it
    return [minor for minor in MINORS if f"3.{minor}.99" in allowed]


def _wheels_of(build: PackageBuild) -> list[int]:
    """Return the minor versions of Python 3 that get a wheel, [0] for that of the machine."""
    if build.least:
        return [build.least]
    named = sorted(
        int(re.sub(r"\D", "", python[2:])) for python in build.package.pythons
    )
    return named or [0]


def _wheel_of_one_python(build: PackageBuild, promised: list[int]) -> Problem:
    first, second = promised[:2]
    return Problem(
        f"{build.path} promises Python {build.about.pythons}, but its wheel is only for the Python "
        f"that builds it: with any other, pip {_without_wheel(build.package)}",
        f'set pythons = ["3.{first}", "3.{second}"] in {build.table}, '
        f"or add the feature abi3-py3{first} to pyo3",
        build.path,
    )


def _missing_wheels(
    build: PackageBuild, promised: list[int]
) -> Iterator[Problem]:
    wheels = _wheels_of(build)
    missing = [
        minor
        for minor in promised
        if minor not in wheels and minor < max(wheels)
    ]
    if not missing:
        return
    covered = _named(wheels)
    fix = (
        f"add the feature abi3-py3{promised[0]} to pyo3, or set requires-python = "
        f'">=3.{wheels[0]}"'
    )
    if build.least:
        covered = f"3.{build.least} and later"
    else:
        fix = f"add {_named(missing)} to pythons in {build.table}, {fix}"
    yield Problem(
        f"{build.path} promises Python {build.about.pythons}, but its wheels are for {covered}: "
        f"pip of {_named(missing)} {_without_wheel(build.package)}",
        fix,
        build.path,
    )


def _without_wheel(package: PythonPackage) -> str:
    """Return what pip does where no wheel fits."""
    if package.sdist:
        return "compiles the sdist"
    return "finds nothing to install"


def _module(build: PackageBuild) -> str:
    """Return the name by which a package with compiled code is imported, empty for others."""
    library = ""
    if build.crate and build.least != 0:
        for target in build.crate["targets"]:
            if "cdylib" in target["kind"]:
                library = target["name"]
                break
    name = str(build.about.maturin.get("module-name") or library)
    return name.partition(".")[0].replace("-", "_")


def _named(minors: list[int]) -> str:
    return ", ".join(f"3.{minor}" for minor in minors)

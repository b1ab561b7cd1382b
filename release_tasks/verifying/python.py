"""Python packages are installed from PyPI into new environments and imported: the wheel, and the sdist."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import endpoints, files, http, shell
from release_tasks.errors import ReleaseError
from release_tasks.project.model import known
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.verifying.programs import NEXT, prove, reason

SIMPLE = "application/vnd.pypi.simple.v1+json"  # the form of PEP 691
INDEX = f"{endpoints.PYPI}/simple/"
# Runs in the new environment: imports what the distribution brought, and says what that was.
LOOK = """
import importlib, importlib.metadata, inspect, json, re, sys
found = importlib.metadata.distribution(sys.argv[1])
files = [file for file in found.files or () if "__pycache__" not in file.parts]
code = [file for file in files if inspect.getmodulename(file.name)]
tops = {file.parts[0] if file.parts[1:] else inspect.getmodulename(file.name) for file in code}
tops = sorted(name for name in tops if name.isidentifier())
own = re.sub("[-_.]+", "_", sys.argv[1]).lower()
modules = [own] if own in tops else tops
for name in modules:
    importlib.import_module(name)
scripts = [file.name for file in files if file.parts[-2:-1] == ("bin",) and ".." in file.parts]
print(json.dumps({"version": found.version, "modules": modules, "scripts": scripts}))
"""


def verify(c: Context, release: Release) -> Iterator[ReleaseError]:
    """Yield an error for each package that does not install or import, from its wheel or its sdist."""
    from release_tasks.project.versions import pep440

    for part in release.parts:
        for package in known(part.component.python):
            yield from _package(c, package.name, pep440(part.version))


def _package(c: Context, name: str, version: str) -> Iterator[ReleaseError]:
    wheels, sdists = _published(name, version)
    if any(_fits(file) for file in wheels):
        yield from _install(c, name, version, "wheel", f"--only-binary={name}")
    elif wheels:
        shell.say(f"no wheel of {name} {version} fits this machine, so none was installed")
    if any(_takes_this_python(file) for file in sdists):
        yield from _install(c, name, version, "sdist", f"--no-binary={name}")
    elif sdists:
        shell.say(f"{name} {version} is for other Pythons than this one, so its sdist was not installed")
    if not wheels and not sdists:
        yield ReleaseError(f"PyPI has no file of {name} {version}", "inv publish-pypi")


def _published(name: str, version: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return PyPI's entries for the wheels and the sdists of a version."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, canonicalize_name
    from packaging.utils import parse_sdist_filename as sdist
    from packaging.utils import parse_wheel_filename as wheel
    from packaging.version import Version

    answer = http.get(f"{INDEX}{canonicalize_name(name)}/", {"Accept": SIMPLE, "Cache-Control": "no-cache"})
    entries = answer.json()["files"] if answer.status == 200 else []
    wheels, sdists = [], []
    for entry in entries:
        file = entry["filename"]
        try:
            if file.endswith(".whl") and wheel(file)[1] == Version(version):
                wheels.append(entry)
            elif not file.endswith(".whl") and sdist(file)[1] == Version(version):
                sdists.append(entry)
        except (InvalidWheelFilename, InvalidSdistFilename):  # some old file
            continue
    return wheels, sdists


def _fits(wheel: dict[str, Any]) -> bool:
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    tags = parse_wheel_filename(wheel["filename"])[3]
    return _takes_this_python(wheel) and any(tag in tags for tag in sys_tags())


def _takes_this_python(file: dict[str, Any]) -> bool:
    from packaging.specifiers import SpecifierSet

    here = ".".join(map(str, sys.version_info[:3]))
    return SpecifierSet(file.get("requires-python") or "").contains(here, prereleases=True)


def _install(c: Context, name: str, version: str, kind: str, how: str) -> Iterator[ReleaseError]:
    what = f"{name} {version} from PyPI ({kind})"
    fix = f"yank it at {endpoints.PYPI}/manage/project/{name}/releases/, then {NEXT}"
    with files.scratch("python") as folder:
        python = folder / "env" / "bin" / "python"
        try:
            _pip_install(c, folder, python, f"{name}=={version}", how)
        except Failed as error:
            yield ReleaseError(f"{what} does not install: {reason(error.output)}", fix)
            return
        try:
            found = json.loads(shell.ask([python, "-I", "-c", LOOK, name], cwd=folder))
        except Failed as error:
            yield ReleaseError(f"{what} does not import: {reason(error.output)}", fix)
            return
        if found["version"] != version:
            yield ReleaseError(f"{what} says it is {found['version']}", fix)
            return
        shell.say(f"{what} installs" + "".join(f", and imports {module}" for module in found["modules"]))
        for script in found["scripts"] if not found["modules"] else ():
            yield from prove([python.parent / script, "--version"], version, f"{script} of {what}")


def _pip_install(c: Context, folder: Path, python: Path, wanted: str, how: str) -> None:
    """Install into a fresh environment at `folder`/env, by this environment's pip where it has one.

    Making an environment takes a tenth of the time when pip is not copied into it.
    """
    have_pip = importlib.util.find_spec("pip") is not None
    # A second index or a folder of files in the caller's settings would prove nothing about PyPI.
    only_pypi = {"PIP_INDEX_URL": INDEX, "PIP_EXTRA_INDEX_URL": INDEX, "PIP_FIND_LINKS": str(folder / "nothing")}
    (folder / "nothing").mkdir()
    shell.do(c, [sys.executable, "-m", "venv", *(["--without-pip"] if have_pip else []), folder / "env"])
    pip = [sys.executable, "-m", "pip", "--python", python] if have_pip else [python, "-m", "pip"]
    quietly = ("--quiet", "--no-input", "--disable-pip-version-check")
    shell.do(c, [*pip, "install", *quietly, how, wanted], cwd=folder, env=only_pypi)

"""Install Python packages from PyPI into new environments, and import them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, files, terminal
from release_tasks.channels import pypi
from release_tasks.checks.smoke.program import (
    NEXT,
    check_version_output,
    reason,
)
from release_tasks.converge import DONE
from release_tasks.errors import Problem
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools import pip

# what pip prints about a version
OTHER_PYTHON = r"require a different python version:.*\b{}[ ;]"
# runs in the new environment: imports the modules of a distribution, and prints what it contains
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


@dataclass(frozen=True)
class _Download:
    """A package on PyPI, as pip gets it: from a wheel or from the sdist."""

    name: str
    version: str
    kind: str  # wheel or sdist
    option: str  # of pip
    env: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.name} {self.version} from PyPI ({self.kind})"

    @property
    def fix(self) -> str:
        return f"yank it at {endpoints.PYPI}/manage/project/{self.name}/releases/, then {NEXT}"


def verify(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each package that does not install or import, from its wheel or its sdist."""
    by_package: dict[tuple[str, str], list[str]] = {}
    for status in pypi.state(release, pypi.expected(release)):
        if status.state in DONE:
            artifact = status.artifact
            by_package.setdefault(
                (artifact.package, artifact.version), []
            ).append(artifact.name)
    env: dict[str, str] = {}
    if release.project.workspace:
        # cargo then compiles only what no gate or earlier attempt has compiled
        env = {"CARGO_TARGET_DIR": str(release.project.workspace.target)}
    for (name, version), file_names in by_package.items():
        wheels = [file for file in file_names if file.endswith(".whl")]
        if any(map(_fits, wheels)):
            option = f"--only-binary={name}"
            yield from _install(c, _Download(name, version, "wheel", option))
        elif wheels:
            terminal.say(
                f"no wheel of {name} {version} fits this machine, so none was installed"
            )
        if len(file_names) > len(wheels):
            option = f"--no-binary={name}"
            yield from _install(
                c, _Download(name, version, "sdist", option, env)
            )


def _fits(wheel: str) -> bool:
    """Tell whether a wheel can be installed here."""
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    tags = parse_wheel_filename(wheel)[3]
    return any(tag in tags for tag in sys_tags())


def _install(c: Context, download: _Download) -> Iterator[Problem]:
    label, version = download.label, download.version
    with files.scratch("python") as folder:
        try:
            python = pip.create_environment(c, folder / "env")
            requirement = f"{download.name}=={version}"
            pip.install(c, python, requirement, download.option, download.env)
        except Failed as error:
            if re.search(OTHER_PYTHON.format(re.escape(version)), error.output):
                terminal.say(
                    f"{label} is for other versions of Python, so it was not installed"
                )
            else:
                fact = f"{label} does not install: {reason(error.output)}"
                yield Problem(fact, download.fix)
            return
        yield from _look(python, download)


def _look(python: Path, download: _Download) -> Iterator[Problem]:
    """Import an installed package, or run its programs where it has no module."""
    label, version = download.label, download.version
    try:
        found = json.loads(pip.run(python, LOOK, download.name))
    except Failed as error:
        yield Problem(
            f"{label} does not import: {reason(error.output)}", download.fix
        )
        return
    if found["version"] != version:
        fact = f"{label} has version {found['version']} in its metadata"
        yield Problem(fact, download.fix)
        return
    terminal.say(
        ", ".join(
            [
                f"{label} installs",
                *(f"and imports {module}" for module in found["modules"]),
            ]
        )
    )
    if not found["modules"]:
        for script in found["scripts"]:
            argv = [python.parent / script, "--version"]
            yield from check_version_output(
                argv, version, f"{script} of {label}"
            )

"""Install Python packages from PyPI into new environments, and import them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from invoke.context import Context

from release_tasks import endpoints, files, terminal
from release_tasks.channels import pypi
from release_tasks.checks.smoke import package
from release_tasks.checks.smoke.program import NEXT
from release_tasks.converge import DONE
from release_tasks.errors import Problem
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools import pip

# what pip prints about a version
OTHER_PYTHON = r"require a different python version:.*\b{}[ ;]"

# the files on PyPI by package and version
Published = dict[tuple[str, str], list[str]]


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
    published = _published(release)
    yield from _wheels(c, published)
    env: dict[str, str] = {}
    if release.project.workspace:
        # cargo then compiles only what no gate or earlier attempt has compiled
        env = {"CARGO_TARGET_DIR": str(release.project.workspace.target)}
    for (name, version), file_names in published.items():
        if not all(file.endswith(".whl") for file in file_names):
            option = f"--no-binary={name}"
            yield from _install(
                c, _Download(name, version, "sdist", option, env)
            )


def verify_wheels(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each package that does not install or import from its wheel for this machine."""
    yield from _wheels(c, _published(release))


def _wheels(c: Context, published: Published) -> Iterator[Problem]:
    for (name, version), file_names in published.items():
        wheels = [file for file in file_names if file.endswith(".whl")]
        if any(map(_fits, wheels)):
            option = f"--only-binary={name}"
            yield from _install(c, _Download(name, version, "wheel", option))
        elif wheels:
            terminal.say(
                f"no wheel of {name} {version} fits this machine, so none was installed"
            )


def _published(release: Release) -> Published:
    found: Published = {}
    for status in pypi.state(release, pypi.expected(release)):
        if status.state in DONE:
            artifact = status.artifact
            key = artifact.package, artifact.version
            found.setdefault(key, []).append(artifact.name)
    return found


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
            other = OTHER_PYTHON.format(re.escape(version))
            yield from package.not_installed(error, other, label, download.fix)
            return
        yield from package.look(
            python, download.name, version, label, download.fix
        )

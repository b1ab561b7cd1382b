"""Python packages are installed from PyPI into new environments and imported: the wheel, and the sdist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from invoke.context import Context

from release_tasks import endpoints, files, terminal
from release_tasks.channels import pypi
from release_tasks.checks.smoke.program import NEXT, check_version_output, reason
from release_tasks.converge import DONE
from release_tasks.errors import ReleaseError
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools import pip

OTHER_PYTHON = r"require a different python version:.*\b{}[ ;]"  # so says pip of a version
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
    public = [
        one.artifact for one in pypi.state(release, pypi.expected(release)) if one.state in DONE
    ]
    # cargo compiles what is new to it: the sdist's own crates, less all third-party ones that a gate or an earlier try has compiled
    target = (
        {"CARGO_TARGET_DIR": str(release.project.workspace.target)}
        if release.project.workspace
        else {}
    )
    for package, version in dict.fromkeys(
        (artifact.package, artifact.version) for artifact in public
    ):
        names = [
            artifact.name
            for artifact in public
            if (artifact.package, artifact.version) == (package, version)
        ]
        wheels = [name for name in names if name.endswith(".whl")]
        if any(_fits(wheel) for wheel in wheels):
            yield from _install(c, package, version, "wheel", f"--only-binary={package}", {})
        elif wheels:
            terminal.say(
                f"no wheel of {package} {version} fits this machine, so none was installed"
            )
        if len(names) > len(wheels):
            yield from _install(c, package, version, "sdist", f"--no-binary={package}", target)


def _fits(wheel: str) -> bool:
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    tags = parse_wheel_filename(wheel)[3]
    return any(tag in tags for tag in sys_tags())


def _install(
    c: Context, name: str, version: str, kind: str, how: str, env: dict[str, str]
) -> Iterator[ReleaseError]:
    what = f"{name} {version} from PyPI ({kind})"
    fix = f"yank it at {endpoints.PYPI}/manage/project/{name}/releases/, then {NEXT}"
    with files.scratch("python") as folder:
        try:
            python = pip.create_environment(c, folder / "env")
            pip.install(c, python, f"{name}=={version}", how, env)
        except Failed as error:
            if re.search(OTHER_PYTHON.format(re.escape(version)), error.output):
                terminal.say(
                    f"{what} is for other versions of Python than this one, so it was not installed"
                )
            else:
                yield ReleaseError(f"{what} does not install: {reason(error.output)}", fix)
            return
        try:
            found = json.loads(pip.run(python, LOOK, name))
        except Failed as error:
            yield ReleaseError(f"{what} does not import: {reason(error.output)}", fix)
            return
        if found["version"] != version:
            yield ReleaseError(f"{what} says it is {found['version']}", fix)
            return
        terminal.say(
            f"{what} installs" + "".join(f", and imports {module}" for module in found["modules"])
        )
        for script in found["scripts"] if not found["modules"] else ():
            yield from check_version_output(
                [python.parent / script, "--version"], version, f"{script} of {what}"
            )

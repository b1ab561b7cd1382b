"""Import what an installed Python package has, or run its programs where it has no module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from release_tasks import terminal
from release_tasks.checks.smoke.program import check_version_output, reason
from release_tasks.errors import Problem
from release_tasks.shell import Failed
from release_tasks.tools import pip

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
outside = [file for file in files if ".." in file.parts]
scripts = [file.name for file in outside if file.parts[-2] in ("bin", "Scripts")]
print(json.dumps({"version": found.version, "modules": modules, "scripts": scripts}))
"""


def not_installed(
    error: Failed, other_python: str, label: str, fix: str
) -> Iterator[Problem]:
    """Yield why pip did not install a file; of one for other versions of Python it is only said.

    `other_python` is what pip then prints (a regular expression), `label` names the file.
    """
    if re.search(other_python, error.output):
        terminal.say(
            f"{label} is for other versions of Python, so it was not installed"
        )
        return
    yield Problem(f"{label} does not install: {reason(error.output)}", fix)


def look(
    python: Path, name: str, version: str, label: str, fix: str
) -> Iterator[Problem]:
    """Yield what is wrong with a package in the environment of `python`.

    `version` is what its metadata has to say, `label` names it in messages.
    """
    try:
        found = json.loads(pip.run(python, LOOK, name))
    except Failed as error:
        yield Problem(f"{label} does not import: {reason(error.output)}", fix)
        return
    if found["version"] != version:
        fact = f"{label} has version {found['version']} in its metadata"
        yield Problem(fact, fix)
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

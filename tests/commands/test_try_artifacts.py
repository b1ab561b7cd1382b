"""`inv try-artifacts`: what was built installs, imports and starts, before it is public."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiny_project import TINY, TinyProject, tiny_project

# a build backend of the project's own, so that nothing has to be downloaded
BACKEND = """
import tomllib, zipfile
from pathlib import Path

def build_wheel(folder, config_settings=None, metadata_directory=None):
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    name = project["name"].replace("-", "_")
    about = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    about += [f"Requires-Dist: {one}" for one in project.get("dependencies", ())]
    if "requires-python" in project:
        about.append(f"Requires-Python: {project['requires-python']}")
    info = f"{name}-{project['version']}.dist-info"
    files = {
        f"{name}/__init__.py": Path(name, "__init__.py").read_text(),
        f"{info}/METADATA": "\\n".join(about) + "\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"])
    wheel = f"{name}-{project['version']}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, wheel), "w") as out:
        for path, text in files.items():
            out.writestr(path, text)
    return wheel
"""


def package(name: str, more: str = "") -> str:
    """Return the pyproject.toml of a package."""
    return (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
        f'backend-path = ["."]\n[project]\nname = "{name}"\nversion = "0.1.0"\n{more}'
    )


# one that needs the other, which is on no index yet
PROJECT = TINY | {
    "pyproject.toml": package(
        "tiny-plain", 'dependencies = ["tiny-beside==0.1.0"]\n'
    ),
    "backend.py": BACKEND,
    "tiny_plain/__init__.py": "import tiny_beside\n",
    "beside/pyproject.toml": package("tiny-beside"),
    "beside/backend.py": BACKEND,
    "beside/tiny_beside/__init__.py": "",
    "release-tasks.toml": "[python.tiny-plain]\nsdist = false\n"
    "[python.tiny-beside]\nsdist = false\n",
}


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, PROJECT) as made:
        yield made


def test_wheels_install_with_each_other_and_import(tiny: TinyProject) -> None:
    """What is for other Pythons is shown, and refuses nothing."""
    only = 'requires-python = ">=3.90"\n'
    tiny.commit("later/pyproject.toml", package("tiny-later", only))
    tiny.commit("later/backend.py", BACKEND)
    tiny.commit("later/tiny_later/__init__.py", "")
    tiny.commit(
        "release-tasks.toml",
        PROJECT["release-tasks.toml"] + "[python.tiny-later]\nsdist = false\n",
    )
    assert tiny.inv("build-wheels").returncode == 0
    done = tiny.inv("try-artifacts", "--python", sys.executable)
    assert done.returncode == 0, done.stderr
    for name in ("tiny_plain", "tiny_beside"):
        file = f"{name}-0.1.0-py3-none-any.whl"
        assert f"{file} installs, and imports {name}" in done.stderr
    assert "is for other versions of Python, so it was not" in done.stderr
    assert "3 files tried, as far as they run here" in done.stderr


@pytest.mark.long
@pytest.mark.statement("B2.19")
def test_a_wheel_that_does_not_import_or_install_is_refused(
    tiny: TinyProject,
) -> None:
    tiny.commit("beside/tiny_beside/__init__.py", "import not_declared\n")
    needs = 'dependencies = ["no-such-thing-at-all>=1"]\n'
    tiny.commit("pyproject.toml", package("tiny-plain", needs))
    assert tiny.inv("build-wheels").returncode == 0
    done = tiny.inv("try-artifacts")
    assert done.returncode == 1
    plain, beside = (
        f"{name}-0.1.0-py3-none-any.whl"
        for name in ("tiny_plain", "tiny_beside")
    )
    assert f"{plain} does not install: ERROR: No matching" in done.stderr
    assert f"{beside} does not import: ModuleNotFoundError" in done.stderr
    # the help works as typed
    [line] = [
        line.partition("help: ")[2].partition(", then ")
        for line in done.stderr.splitlines()
        if f"{beside}, then" in line
    ]
    assert line[2] == "inv build-wheels"
    subprocess.run(line[0], shell=True, cwd=tiny.root, check=True)
    tiny.commit("beside/tiny_beside/__init__.py", "")
    assert tiny.inv("build-wheels").returncode == 0
    again = tiny.inv("try-artifacts")
    assert f"{beside} installs, and imports tiny_beside" in again.stderr


def test_a_python_that_there_is_not_is_refused(tiny: TinyProject) -> None:
    done = tiny.inv("try-artifacts", "--python", "python2.4")
    assert done.returncode == 1
    assert "error: there is no Python python2.4 here" in done.stderr
    assert "help: --python takes the path of one" in done.stderr


def test_nothing_built_is_nothing_to_try(tiny: TinyProject) -> None:
    done = tiny.inv("try-artifacts")
    assert done.returncode == 0, done.stderr
    assert "no wheel and no program of v0.1.0 is in dist/" in done.stderr

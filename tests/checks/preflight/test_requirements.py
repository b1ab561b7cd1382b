"""What a Python package needs in versions that PyPI does not have is found before the release."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.python_projects import wheel
from support.tiny_project import PYPROJECT, TINY, TinyProject, tiny_project

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import dependencies

pytestmark = pytest.mark.tools("git")
INDEX = '[[tool.uv.index]]\nname = "own"\nurl = "https://pypi.example/simple"\n'


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyProject]:
    """A project beside a PyPI with left 0.9.0, 1.2.0rc1 and 1.1.0, which is yanked."""
    folder = tmp_path_factory.mktemp("left")
    with (
        pytest.MonkeyPatch.context() as patch,
        tiny_project(folder, patch, TINY) as tiny,
    ):
        for version in ("0.9.0", "1.1.0", "1.2.0rc1"):
            path = folder / f"left-{version}-py3-none-any.whl"
            path.write_bytes(wheel("left", version=version))
            argv = [sys.executable, "-m", "twine", "upload", str(path)]
            subprocess.run(argv, check=True, capture_output=True)
        tiny.registries.pypi.yank("left", "1.1.0")
        yield tiny


def found(tiny: TinyProject, manifest: str) -> list[tuple[str, int, str]]:
    (tiny.root / "pyproject.toml").write_text(manifest)
    tiny.git("add", "--all")
    tiny.git("commit", "--quiet", "--allow-empty", "--message=A change")
    case = CheckContext(context(), tiny.release("0.2.0"))
    return [
        (one.fact, one.line, one.fix)
        for one in dependencies.unmet_requirement(case)
    ]


def built_with(requirement: str) -> str:
    return PYPROJECT.replace('["hatchling"]', f"['hatchling', '{requirement}']")


def installed_with(requirement: str) -> str:
    return f"{PYPROJECT}dependencies = ['{requirement}']\n"


@pytest.mark.sample(3)
@pytest.mark.parametrize("written", [built_with, installed_with])
@pytest.mark.parametrize(
    ("requirement", "is_met"),
    [
        ("left", True),
        ("left>=0.9", True),
        ("Left[more]>=0.9", True),
        ("left==1.1.0", True),  # pip takes a yanked version that is asked for
        ("left==1.2.0rc1", True),
        ("left>=1.2.0rc1", True),
        ("left>=1.0,<1.2.0rc1", False),  # yanked
        ("left==1.1.*", False),
        ("left>=99", False),
        ("left!=0.9.0,<1", False),
        ("tiny-plain>=99", True),  # its own
        ("right>=99", True),  # perhaps of another index
        ('left>=99; python_version < "3.4"', True),
        ("left @ https://pypi.example/left-1.0.tar.gz", True),
        ("left=>99", True),  # the backend says that this is none
    ],
)
def test_a_requirement_is_met_as_pip_meets_it(
    left: TinyProject, written: object, requirement: str, is_met: bool
) -> None:
    assert callable(written)
    rows = found(left, written(requirement))
    assert (rows == []) is is_met
    for fact, line, fix in rows:
        assert fact == (
            f"pyproject.toml needs {requirement}, and PyPI has no such version: "
            "the newest is 0.9.0"
        )
        text = (left.root / "pyproject.toml").read_text().splitlines()
        assert requirement in text[line - 1]
        assert fix.startswith(
            "require a version that is on PyPI, such as left>="
        )


def test_what_the_fix_names_is_there(left: TinyProject) -> None:
    [(_, _, fix)] = found(left, built_with("left>=99"))
    named = re.search(r"such as (\S+), in pyproject.toml", fix)
    assert named
    assert found(left, built_with(named[1])) == []
    assert dependencies.unmet_requirement.name == "unmet-requirement"


def test_what_indexes_of_the_project_may_have_is_not_judged(
    left: TinyProject,
) -> None:
    assert found(left, installed_with("left>=99") + INDEX) == []
    # what pip builds with comes from its own settings all the same
    assert len(found(left, built_with("left>=99") + INDEX)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_EXTRA_INDEX_URL", "https://pypi.example/simple"),
        ("PIP_INDEX_URL", "https://pypi.example/simple"),
        ("PIP_FIND_LINKS", "wheels"),
        ("UV_DEFAULT_INDEX", "https://pypi.example/simple"),
    ],
)
def test_who_has_set_up_another_index_is_not_stopped(
    left: TinyProject, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert len(found(left, built_with("left>=99"))) == 1
    monkeypatch.setenv(name, value)
    assert found(left, built_with("left>=99")) == []


def test_the_settings_of_pip_count(
    left: TinyProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    settings.write_text("[global]\ntimeout = 60\n")
    assert len(found(left, built_with("left>=99"))) == 1
    settings.write_text(
        "[global]\nextra-index-url = https://pypi.example/simple\n"
    )
    assert found(left, built_with("left>=99")) == []

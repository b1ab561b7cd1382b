"""Python: what a build backend refuses is found before, and the way out makes it go away."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from support.contexts import context
from support.python_projects import release
from support.repositories import commit_files
from support.tiny_project import TINY, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import build_backends, python

SETUPTOOLS = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tiny-plain"
version = "0.1.0"
readme = "README.md"
license = "MIT"
classifiers = ["License :: OSI Approved :: MIT License"]
"""
POETRY = """\
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
name = "tiny-plain"
version = "0.1.0"
description = "Tiny"
authors = ["Ada <ada@example.org>"]
readme = "README.md"
"""


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(folder: Path, text: str, **files: str) -> list[tuple[str, str]]:
    """Return what the checks of backends and of PyPI find in a package."""
    texts = TINY | {"README.md": "Tiny\n"} | files | {"pyproject.toml": text}
    root = commit_files(folder, texts)
    with contextlib.chdir(root):
        case = CheckContext(context(dry=True), release(root))
        return [
            (one.name, one.fact)
            for area in (build_backends, python)
            for one in run_checks(case, area)
        ]


def test_classifiers_of_licenses_beside_an_expression(tmp_path: Path) -> None:
    fact = (
        "pyproject.toml: tiny-plain cannot be built: License classifiers have been superseded "
        "by license expressions. Please remove: License :: OSI Approved :: MIT License"
    )
    assert found(tmp_path / "a", SETUPTOOLS) == [("refused-by-backend", fact)]
    without = SETUPTOOLS.partition("classifiers")[0]
    assert found(tmp_path / "b", without) == []
    other = SETUPTOOLS.replace("setuptools.build_meta", "hatchling.build")
    assert found(tmp_path / "c", other) == []


def test_a_readme_of_no_known_type(tmp_path: Path) -> None:
    text = TINY["pyproject.toml"].replace(
        'readme = {text = "Tiny", content-type = "text/plain"}',
        'readme = "README"',
    )
    fact = (
        "pyproject.toml: tiny-plain cannot be built: "
        "Unable to determine the content-type of the readme README"
    )
    said = found(tmp_path / "a", text, README="Tiny\n")
    assert said == [("refused-by-backend", fact)]
    typed = text.replace(
        '"README"', '{file = "README", content-type = "text/markdown"}'
    )
    assert found(tmp_path / "b", typed, README="Tiny\n") == []


GIT = (
    '[tool.poetry.dependencies]\ntqdm = { git = "https://example.org/tqdm" }\n'
)
LONG = 'description = "' + "x" * 513 + '"'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (POETRY, ""),
        (POETRY + GIT, "Can't have direct dependency"),
        (POETRY.replace('description = "Tiny"', LONG), "512 characters"),
        (POETRY.replace('readme = "README.md"\n', ""), "has no readme"),
    ],
)
def test_a_package_of_poetry_without_a_project_table(
    tmp_path: Path, text: str, words: str
) -> None:
    facts = [fact for _, fact in found(tmp_path / "a", text)]
    assert bool(facts) is bool(words)
    assert all(words in fact for fact in facts)

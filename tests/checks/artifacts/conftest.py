"""A project whose whole declared set is in dist/."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from support.built_project import FILES, add_all_files
from support.tiny_project import TinyProject, tiny_project


@pytest.fixture(scope="module")
def standing(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TinyProject, str]]:
    """Make the project once for all tests of a file: most of a test's time would go there."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tiny_project(tmp_path_factory.mktemp("tiny"), patch, FILES) as made,
    ):
        yield made, made.head()


@pytest.fixture
def tiny(standing: tuple[TinyProject, str]) -> TinyProject:
    made, first = standing
    made.git("reset", "--quiet", "--hard", first)
    shutil.rmtree(made.root / "dist", ignore_errors=True)
    add_all_files(made)
    return made

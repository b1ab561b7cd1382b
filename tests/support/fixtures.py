"""The fixtures that tests of several packages use.

What they need is imported when they are used: a test that needs none of it starts at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from release_tasks.rehearsal.registries import LocalRegistries
    from release_tasks.release import Release
    from support.published_project import Layout, Releasing
    from support.tiny_project import TinyProject


@pytest.fixture
def registries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalRegistries]:
    """Local registries, with this process and its children as their clients."""
    from support.local_registries import local_registries

    with local_registries(tmp_path, monkeypatch) as running:
        yield running


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """A small Python project, with its origin on the local GitHub."""
    from support.tiny_project import TINY, tiny_project

    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


@pytest.fixture
def two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """The same with two packages, each a component."""
    from support.tiny_project import TWO, tiny_project

    with tiny_project(tmp_path, monkeypatch, TWO) as made:
        yield made


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which this process and its children make temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def releasing(
    registries: LocalRegistries,
    temporary_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Releasing:
    """A function that commits, tags and pushes a project, and returns its release."""
    from invoke.context import Context

    from release_tasks.release import Release
    from support.published_project import push_and_tag

    def start(files: dict[str, str], version: str = "0.2.0") -> Release:
        root = push_and_tag(registries, tmp_path / "project", files, version)
        monkeypatch.chdir(root)
        return Release.at(Context(), version)

    return start


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty OCI layout."""
    from support.published_project import Layout

    return Layout(tmp_path / "layout")


@pytest.fixture
def image_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout of a project with an image, which is the current folder."""
    from support.container_projects import write_image_project

    root = write_image_project(tmp_path / "project")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def chart_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout of a project with a chart, which is the current folder."""
    from support.container_projects import write_chart_project

    root = write_chart_project(tmp_path / "project")
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="module")
def daemon() -> Iterator[str]:
    """The address of a docker daemon that only the tests use."""
    from support.docker_daemon import running_daemon

    with running_daemon() as address:
        yield address

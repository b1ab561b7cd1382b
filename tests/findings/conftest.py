"""A world in which the sample projects are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from python_projects import visiting

from release_tasks.rehearsal.world import World


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all of them, on a machine that has what their settings name."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("protoc", "trivy"):
        (folder / name).touch(0o755)
    with pytest.MonkeyPatch.context() as patch, visiting(folder, patch) as running:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("RUSTUP_TOOLCHAIN", "stable")
        patch.setenv("GIT_COMMITTER_DATE", "2026-08-01T12:00:00Z")  # after the last day of every changelog
        patch.delenv("GITHUB_ACTIONS", raising=False)
        yield running

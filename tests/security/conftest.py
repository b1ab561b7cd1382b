"""Local registries that several tests attack, and a neighbour that they must tell from us."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from release_tasks.rehearsal import peers
from release_tasks.rehearsal.registries import LocalRegistries, run_registries

NOBODY = 65534


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    """Local registries with the repository me/project, which nobody changes."""
    folder = tmp_path_factory.mktemp("registries")
    with run_registries(
        folder / "r", offline=True, cache=folder / "cache"
    ) as started:
        started.github.create("me", "project")
        yield started


@pytest.fixture
def another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new connection counts as one of another user."""
    monkeypatch.setattr(peers, "owner", lambda theirs, ours: NOBODY)

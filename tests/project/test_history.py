"""Which versions were released before, and what comes after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.project.history import is_backport
from release_tasks.project.model import Project
from release_tasks.project.settings import Settings

PROJECT = Project(Path(), Settings(), "p", None, ())


@pytest.mark.parametrize(
    ("version", "public"),
    [
        ("0.3.2+a", ("0.3.2",)),
        ("0.3.2+b", ("0.3.2+a",)),
        ("0.3.2", ("0.3.2+a",)),
        ("0.3.2-rc.1+a", ("0.3.2-rc.1",)),
        ("0.3.1+a", ("0.4.0", "0.3.1")),
    ],
)
def test_build_metadata_makes_no_other_version(
    version: str, public: tuple[str, ...]
) -> None:
    assert not is_backport(PROJECT, version, dict.fromkeys(public, "commit"))

"""uv locks the new version of a package in the project of somebody else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.contexts import context
from support.local_registries import local_registries
from support.python_projects import wheel
from support.repositories import commit_all, write_files

from release_tasks.downstream import edits, locks
from release_tasks.downstream.uses import Ours

pytestmark = [pytest.mark.tools("git", "uv"), pytest.mark.slow]
MANIFEST = """\
[project]
name = "site"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["tiny-plain>=0.1"]
"""


def upload(folder: Path, version: str) -> None:
    name = f"tiny_plain-{version}-py3-none-any.whl"
    (folder / name).write_bytes(wheel("tiny-plain", version=version))
    subprocess.run(
        ["twine", "upload", name], cwd=folder, check=True, capture_output=True
    )


def test_uv_locks_the_new_version_although_the_requirement_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_registries(tmp_path, monkeypatch):
        upload(tmp_path, "0.1.0")
        site = write_files(tmp_path / "site", {"pyproject.toml": MANIFEST})
        subprocess.run(
            ["uv", "lock"], cwd=site, check=True, capture_output=True
        )
        subprocess.run(["git", "init", "-q"], cwd=site, check=True)
        commit_all(site)
        upload(tmp_path, "0.2.0")

        ours = Ours("example/tiny", python={"tiny-plain": "0.2.0"})
        found = edits.compute(site, ours, {})
        assert (found.texts, found.python) == ({}, ["pyproject.toml"])
        changed, left = locks.renew(context(), site, found, ours)
        assert left == []
        assert list(changed) == ["uv.lock"]
        assert b'name = "tiny-plain"\nversion = "0.2.0"' in changed["uv.lock"]

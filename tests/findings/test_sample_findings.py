"""The sample projects as they are: `check` finds exactly what a reader of their layouts finds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_projects import visiting
from sample_projects import HISTORIES, golden, inv, sample

from release_tasks.rehearsal.world import World

pytestmark = pytest.mark.tools("git", "cargo", "gh", "docker", "helm")
BOTH = "edgequake-llm=0.6.27,edgequake-litellm=0.6.13"
CASES = {
    "llmtrace": ("llmtrace", "0.2.0"), "llmcc-workspace": ("llmcc", "0.2.66"), "llm-proxy": ("llm-proxy", "0.2.0"),
    "llmcc-runbook": ("llmcc-runbook", "llmcc-core=0.2.0,python=0.2.15"), "caro": ("caro", "1.2.0"), "edgequake-llm": ("edgequake-llm", BOTH),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for all of them, on a machine that has what their settings name."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("protoc", "trivy"):
        (folder / name).touch(0o755)
    with pytest.MonkeyPatch.context() as patch, visiting(folder, patch) as started:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("RUSTUP_TOOLCHAIN", "stable")
        patch.setenv("GIT_COMMITTER_DATE", "2026-08-01T12:00:00Z")  # after the last day of every changelog
        patch.delenv("GITHUB_ACTIONS", raising=False)
        yield started


def found(running: World, root: Path, name: str, version: str) -> dict[str, object]:
    running.github.create(*HISTORIES[name].repository.split("/"), root)
    done = inv(root, "check", "--fast", "--json", "--new", "all", "--version", version)
    rows: dict[str, object] = json.loads(done.stdout)
    return rows


@pytest.mark.parametrize("settings", CASES)
def test_a_project_that_was_released_by_its_own_workflows_has_these_findings(tmp_path: Path, running: World, settings: str) -> None:
    name, version = CASES[settings]
    rows = found(running, sample(name, tmp_path, settings, before=True), name, version)
    assert rows == golden(f"findings/{settings}", rows)


@pytest.mark.parametrize("name", ["llmtrace", "llm-proxy", "caro"])
def test_a_project_that_says_nothing_yet_has_these_findings(tmp_path: Path, running: World, name: str) -> None:
    rows = found(running, sample(name, tmp_path, before=True), name, CASES[name][1])
    assert rows == golden(f"findings/{name}-without-settings", rows)

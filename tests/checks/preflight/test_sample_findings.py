"""The sample projects as they are: `check` finds exactly what a reader of their layouts finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.sample_projects import HISTORIES, NEXT, golden, inv, sample

from release_tasks.rehearsal.registries import LocalRegistries

pytestmark = pytest.mark.tools("git", "cargo", "gh", "docker", "helm")


def found(
    samples: LocalRegistries, root: Path, name: str, version: str
) -> dict[str, object]:
    samples.github.create(*HISTORIES[name].repository.split("/"), root)
    done = inv(
        root,
        "check",
        "--fast",
        "--json",
        "--new",
        "all",
        "--version",
        version,
        DOCKER_HOST="unix:///no/daemon.sock",
        CI="true",  # whatever targets this machine can build
    )
    rows: dict[str, object] = json.loads(done.stdout)
    return rows


@pytest.mark.parametrize("settings", NEXT)
@pytest.mark.sample(2)
def test_a_project_that_was_released_by_its_own_workflows_has_these_findings(
    tmp_path: Path, samples: LocalRegistries, settings: str
) -> None:
    name = settings.removesuffix("-workspace")
    rows = found(
        samples,
        sample(name, tmp_path, settings, before=True),
        name,
        NEXT[settings],
    )
    assert rows == golden(f"findings/{settings}", rows)


@pytest.mark.parametrize("name", ["llmtrace", "llm-proxy", "caro"])
def test_a_project_that_says_nothing_yet_has_these_findings(
    tmp_path: Path, samples: LocalRegistries, name: str
) -> None:
    rows = found(samples, sample(name, tmp_path, before=True), name, NEXT[name])
    assert rows == golden(f"findings/{name}-without-settings", rows)

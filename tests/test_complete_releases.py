"""Each sample project publishes everything it declares; without any one file nothing is pushed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.complete_releases import (
    CARO,
    EDGEQUAKE_LLM,
    LLMCC,
    LLMCC_RUNBOOK,
    LLMTRACE,
)
from support.sample_projects import git
from support.sample_release import release_and_compare, sample_release

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "buildkitd", "runc", "helm"),
]


@pytest.mark.long
@pytest.mark.statement("B4.18", "B4.20", "B4.24")
def test_caro_waits_for_every_machine_and_publishes_thirty_assets(
    tmp_path: Path,
) -> None:
    with sample_release(CARO, tmp_path) as project:
        before = project.refs()

        alone = project.release()

        assert alone.code == 1
        for place in (
            "x86_64-apple-darwin` on a Mac",
            "aarch64-apple-darwin` on a Mac",
            "x86_64-pc-windows-msvc` on Windows",
        ):
            assert (
                f"run `inv build-binaries --target {place}, and `inv collect` its dist/ here; "
                "or let CI build it: `inv generate-ci`" in alone.err
            )
        assert (project.refs(), project.public()) == (before, {})
        release_and_compare(project)
        assert os.access(
            project.root / "dist/v1.2.0/caro-1.2.0-linux-amd64", os.X_OK
        )


@pytest.mark.statement("B1.19", "B1.25", "B1.33", "B1.35")
def test_llmtrace_publishes_five_crates_three_wheels_and_five_assets(
    tmp_path: Path,
) -> None:
    with sample_release(LLMTRACE, tmp_path) as project:
        release_and_compare(project)


@pytest.mark.long
@pytest.mark.statement("B2.12", "B2.17", "B2.18", "B2.20", "B2.22")
def test_llmcc_publishes_five_crates_with_a_tag_each_and_five_wheels(
    tmp_path: Path,
) -> None:
    with sample_release(LLMCC_RUNBOOK, tmp_path) as project:
        done = release_and_compare(project)
        assert (
            "llmcc 0.2.15 from PyPI (sdist) installs, and imports llmcc"
            in done.err
        )


@pytest.mark.statement(
    "B5.1", "B5.17", "B5.19", "B5.25", "B5.27", "B5.28", "B5.31", "B5.33"
)
@pytest.mark.long
def test_edgequake_llm_publishes_a_crate_and_seven_wheels_in_one_commit_and_one_push(
    tmp_path: Path,
) -> None:
    with sample_release(EDGEQUAKE_LLM, tmp_path) as project:
        done = release_and_compare(project)
        pushes = [
            row
            for row in done.err.splitlines()
            if row.startswith("push: $ git push")
        ]
        assert len(pushes) == 2  # the branch, then both tags
        assert (
            git(project.root, "log", "-1", "--format=%s", "v0.6.27")
            == "release: edgequake-llm v0.6.27 + edgequake-litellm v0.6.13\n"
        )
        assert git(project.root, "rev-parse", "v0.6.27^{commit}") == git(
            project.root, "rev-parse", "py-v0.6.13^{commit}"
        )


@pytest.mark.long
def test_llmcc_of_today_publishes_fifteen_crates_and_five_programs(
    tmp_path: Path,
) -> None:
    with sample_release(LLMCC, tmp_path) as project:
        release_and_compare(project)

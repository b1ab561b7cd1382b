"""llm-proxy: a Go program with an image and a chart; its tag is the only version."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.context import Context
from support.complete_releases import LLM_PROXY
from support.sample_projects import (
    added,
    changed,
    git,
    golden,
    inv,
    sample,
    shown,
)
from support.sample_release import release_and_compare, sample_release

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import gates
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git")
CHART = "deploy/helm/llm-proxy/Chart.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sample("llm-proxy", tmp_path, "llm-proxy")


def test_it_shows_an_image_and_a_chart_and_nothing_of_cargo(root: Path) -> None:
    found = shown(root)
    assert found == golden("llm-proxy", found)


def test_without_settings_the_dockerfile_and_the_chart_are_the_defaults(
    tmp_path: Path,
) -> None:
    found = shown(sample("llm-proxy", tmp_path))
    assert found == golden("llm-proxy-without-settings", found)


@pytest.mark.statement("B3.4")
def test_its_first_bump_edits_nothing(root: Path) -> None:
    done = inv(root, "bump", "--version", "0.2.0")
    assert (done.returncode, done.stderr) == (
        0,
        "nothing to do, only the tag has the version\n",
    )
    assert changed(root) == []


@pytest.mark.statement("B3.3", "B3.4")
def test_its_tag_is_annotated_and_on_the_commit_that_is_there(
    root: Path,
) -> None:
    head = git(root, "rev-parse", "HEAD")
    assert [
        inv(root, step, "--version", "0.2.0").returncode
        for step in ("bump", "tag")
    ] == [0, 0]
    assert git(root, "rev-parse", "HEAD") == head
    assert git(root, "rev-parse", "v0.2.0^{commit}") == head
    assert (
        git(
            root,
            "for-each-ref",
            "refs/tags/v0.2.0",
            "--format=%(objecttype) %(subject)",
        )
        == "tag Release v0.2.0\n"
    )


@pytest.mark.statement("B3.2", "B3.35")
@pytest.mark.parametrize(
    "version",
    [
        "v0.2.0",
        "0.2",
        "0.2.0-rc.1",
        "0.2.0-rc1",
        "0.2.0-stable",
        "0.2.0stable",
        "",
        "--help",
    ],
)
@pytest.mark.sample(2)
def test_what_is_no_release_of_it_is_refused(root: Path, version: str) -> None:
    for command in ("bump", "tag"):
        done = inv(root, command, "--version", version)
        assert done.returncode == 1
        assert "help: " in done.stderr
    assert "0.2" not in git(root, "tag")
    assert changed(root) == []


@pytest.mark.statement("B3.11")
def test_without_settings_a_bump_writes_the_charts_own_lines_only(
    tmp_path: Path,
) -> None:
    root = sample("llm-proxy", tmp_path)
    done = inv(root, "bump", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    assert added(root)[CHART] == ["version: 0.2.0", 'appVersion: "0.2.0"']
    assert changed(root) == [CHART]
    assert f"{CHART}:6 had 0.1.0, expected 0.1.3" in done.stderr


@pytest.mark.long
@pytest.mark.tools("go", "make", "helm")
@pytest.mark.statement("B3.1")
def test_its_gates_are_its_own_and_each_that_fails_is_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert (
        gates.failing_gate(
            CheckContext(Context(), Release.at(Context(), "0.2.0"))
        )
        == []
    )
    server = root / "internal/admin/server.go"
    server.write_text(server.read_text().replace("0.1.0", "0.1.3"))
    [failed] = gates.failing_gate(
        CheckContext(Context(), Release.at(Context(), "0.2.0"))
    )
    assert failed.fact.startswith("the gate make-test fails\n")


@pytest.mark.tools("go", "make", "helm")
@pytest.mark.statement("B3.12")
def test_a_chart_that_its_own_script_refuses_is_found_before_it_is_packed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = root / "deploy/helm/llm-proxy/templates/deployment.yaml"
    template.write_text(template.read_text() + "{{ nonsense\n")
    monkeypatch.chdir(root)
    [failed] = gates.failing_gate(
        CheckContext(Context(), Release.at(Context(), "0.2.0"))
    )
    assert "validate-helm-chart" in failed.fact


@pytest.mark.slow
@pytest.mark.tools("gh", "helm", "docker", "buildkitd", "runc", "skopeo")
@pytest.mark.statement(
    "B3.3", "B3.6", "B3.7", "B3.14", "B3.15", "B3.20", "B3.21", "B3.24"
)
def test_it_is_released_whole_with_an_image_a_chart_and_no_github_release(
    tmp_path: Path,
) -> None:
    with sample_release(LLM_PROXY, tmp_path) as project:
        done = release_and_compare(project)
        writes = [
            entry.target
            for entry in project.hosted.registries.log.writes()
            if entry.app == "github"
        ]
        # the tag
        assert writes == ["/sofatutor/llm-proxy.git/git-receive-pack"]
    for fact in (
        (
            "ghcr.io/sofatutor/llm-proxy:0.2.0 is complete on its registry, for linux/amd64, "
            "linux/arm64"
        ),
        "ghcr.io/sofatutor/charts/llm-proxy:0.2.0 has version 0.2.0 and appVersion 0.2.0",
        (
            "ghcr.io/sofatutor/charts/llm-proxy:0.2.0 renders, and "
            "ghcr.io/sofatutor/llm-proxy:0.2.0 exists"
        ),
        "dist/v0.2.0/llm-proxy-0.2.0.tgz oci://ghcr.io/sofatutor/charts",
    ):
        assert fact in done.err

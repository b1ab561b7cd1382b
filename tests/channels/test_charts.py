"""The charts of a release, and their state on a registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from invoke.context import Context
from support.container_projects import (
    CHART,
    IMAGE,
    push_image,
    write_chart_project,
)
from support.repositories import commit_files

from release_tasks.channels import charts
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import State
from release_tasks.release import Release

pytestmark = pytest.mark.usefixtures("registries")


@pytest.fixture
def release(chart_project) -> Release:
    return Release.at(Context(), "1.2.0")


def test_a_chart_is_expected_under_its_reference(release):
    [artifact] = charts.expected(release)
    assert (artifact.name, artifact.version, artifact.digest) == (
        CHART,
        "1.2.0",
        "",
    )


def test_a_chart_is_missing_and_new_until_it_is_there(release):
    [artifact] = charts.expected(release)
    assert charts.state(release, [artifact])[0].state == State.MISSING
    assert charts.is_new(artifact)


def test_an_image_under_the_tag_of_a_chart_is_different(release, registries):
    push_image(registries, "1.2.0")
    [artifact] = charts.expected(release)
    seen = charts.state(release, [replace(artifact, name=IMAGE)])[0]
    assert (seen.state, seen.why) == (State.DIFFERENT, "1.2.0 is not a chart")


def test_an_image_and_a_chart_of_one_reference_are_refused(
    tmp_path: Path, monkeypatch
):
    settings = (
        '[project]\nversion = "tag"\n'
        f'[images."{IMAGE}"]\n[charts."{IMAGE}"]\npath = "deploy/hello"\n'
    )
    folder = write_chart_project(
        tmp_path / "both", **{"release-tasks.toml": settings}
    )
    monkeypatch.chdir(commit_files(folder, {"Dockerfile": "FROM scratch\n"}))
    with pytest.raises(
        ReleaseError, match="is the reference of both an image and a chart"
    ) as caught:
        charts.expected(Release.at(Context(), "1.2.0"))
    _, _, table = caught.value.fix.rpartition(": ")
    renamed = settings.replace(f'[charts."{IMAGE}"]', table)
    commit_files(folder, {"release-tasks.toml": renamed})
    [chart] = charts.expected(Release.at(Context(), "1.2.0"))
    assert chart.name == "ghcr.io/example/charts/hello"


def test_publishing_needs_a_docker_login(release, tmp_path, monkeypatch):
    assert charts.credentials(release) == []
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    assert [error.fix for error in charts.credentials(release)] == [
        "docker login ghcr.io"
    ]

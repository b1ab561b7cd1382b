"""Publishing charts with the real helm, which overwrites without asking."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from invoke.context import Context
from support.container_projects import (
    CHART,
    digests,
    recorded_file,
    tag,
    write_chart_project,
)
from support.contexts import context
from support.repositories import commit_files

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.steps.package_charts import package_charts
from release_tasks.steps.publish_charts import publish_charts

pytestmark = [pytest.mark.tools("helm"), pytest.mark.usefixtures("registries")]


def release(version: str = "1.2.0") -> None:
    tag(version)
    package_charts(Context(), version=version)
    publish_charts(Context(), version=version, new="all")


def helm(*words: str) -> str:
    return subprocess.run(
        ["helm", *words], capture_output=True, text=True, check=True
    ).stdout


def test_a_published_chart_is_shown_and_rendered_by_helm(
    chart_project, registries
):
    release()
    assert "appVersion: 1.2.0" in helm(
        "show", "chart", f"oci://{CHART}", "--version", "1.2.0"
    )
    assert "name: 1.2.0" in helm(
        "template", "note", f"oci://{CHART}", "--version", "1.2.0"
    )
    assert {e.agent.split("/")[0] for e in registries.log.writes()} == {"Helm"}
    assert not registries.log.refused()


def test_publishing_again_does_nothing(chart_project, registries, capfd):
    release()
    before = len(registries.log.writes())
    publish_charts(Context(), version="1.2.0")
    assert len(registries.log.writes()) == before
    assert (
        "nothing to do, every chart is already published"
        in capfd.readouterr().err
    )


def test_a_file_from_a_draft_is_pushed_with_the_same_digest(
    chart_project, registries
):
    release()
    first = digests(CHART)["1.2.0"]
    tgz = chart_project / "dist/v1.2.0/hello-1.2.0.tgz"
    os.utime(tgz, (2_000_000_000, 2_000_000_000))
    registries.faults.add(
        Fault("GET", "/v2/example/charts/hello/manifests/1.2.0", status=404)
    )
    before = len(registries.log.writes())
    publish_charts(Context(), version="1.2.0", new="all")
    assert len(registries.log.writes()) > before
    assert digests(CHART)["1.2.0"] == first


def test_different_bytes_of_our_version_stop_the_release(
    chart_project, registries, monkeypatch
):
    release()
    there = digests(CHART)
    other = shutil.copytree(
        chart_project,
        chart_project.parent / "other",
        ignore=shutil.ignore_patterns("dist"),
    )
    monkeypatch.chdir(
        commit_files(other, {"deploy/hello/values.yaml": "changed: true\n"})
    )
    tag()
    registries.faults.add(
        Fault("GET", r"/v2/example/charts/hello/manifests/1\.2\.0", status=404)
    )  # not yet visible
    package_charts(Context(), version="1.2.0")
    with pytest.raises(ReleaseError, match=r"1\.2\.0 differs"):
        publish_charts(Context(), version="1.2.0", new="all")
    assert digests(CHART) == there


def test_a_published_chart_without_a_record_is_present(
    chart_project, registries, capfd
):
    release()
    shutil.rmtree(chart_project / "dist")
    package_charts(Context(), version="1.2.0")
    assert (
        "nothing to do, every chart is packed or published"
        in capfd.readouterr().err
    )


def test_a_new_chart_name_has_to_be_confirmed(chart_project, registries):
    package_charts(Context(), version="1.2.0")
    with pytest.raises(
        ReleaseError, match="has never been published; confirm the name"
    ):
        publish_charts(Context(), version="1.2.0")
    assert not registries.log.writes()


@pytest.mark.statement("B3.17")
def test_build_metadata_is_in_the_tag_with_an_underscore(chart_project):
    release("1.2.0+build.4")
    assert list(digests(CHART)) == ["1.2.0_build.4"]
    assert (
        recorded_file("chart", "1.2.0+build.4").file
        == "hello-1.2.0+build.4.tgz"
    )


def test_a_chart_is_pushed_to_a_loopback_registry_over_plain_http(
    tmp_path, registries, monkeypatch
):
    host = registries.urls["oci"].removeprefix("http://")
    place = f"{host}/example/charts/hello"
    password = f"--password={registries.tokens.registry}"
    helm("registry", "login", "--plain-http", host, "--username=me", password)
    settings = f'[project]\nversion = "tag"\n[charts."{place}"]\npath = "deploy/hello"\n'
    monkeypatch.chdir(
        write_chart_project(
            tmp_path / "local", **{"release-tasks.toml": settings}
        )
    )
    release()
    assert list(digests(place)) == ["1.2.0"]


def test_a_chart_that_is_not_packed_is_named(chart_project):
    tag()
    with pytest.raises(ReleaseError, match="is not in") as caught:
        publish_charts(Context(), version="1.2.0", new="all")
    assert caught.value.fix == "inv package-charts --version 1.2.0"


def test_a_dry_run_shows_the_push_and_changes_nothing(
    chart_project, registries, capfd
):
    publish_charts(context(dry=True), version="1.2.0", new="all")
    assert (
        "helm push '<hello-1.2.0.tgz>' oci://ghcr.io/example/charts"
        in capfd.readouterr().err
    )
    assert not registries.log.writes()
    assert not (chart_project / "dist").exists()

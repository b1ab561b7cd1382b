"""Packing charts with the real helm, from the commit, into the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from invoke.context import Context
from support.container_projects import (
    CHART,
    chart_repository,
    recorded_file,
    snapshot,
    write_chart_project,
)
from support.contexts import context
from support.python_projects import differences
from support.repositories import commit_all, commit_files, write_files

from release_tasks.errors import ReleaseError
from release_tasks.steps.package_charts import package_charts

pytestmark = [pytest.mark.tools("helm"), pytest.mark.usefixtures("registries")]
PLAIN = "apiVersion: v2\nname: hello\nversion: 0.0.0\n"
REMOTE = (
    PLAIN
    + "dependencies:\n  - name: common\n    version: 1.x\n    repository: {url}\n"
)


@pytest.fixture
def repository(tmp_path):
    with chart_repository(tmp_path / "repository") as url:
        yield url


def packed(project: Path, version: str = "1.2.0") -> dict[str, str]:
    """The files of the packed chart."""
    with tarfile.open(
        project / f"dist/v{version}/hello-{version}.tgz"
    ) as archive:
        return {m.name: archive.extractfile(m).read().decode() for m in archive}


def test_a_chart_gets_its_version_and_the_version_of_its_image(chart_project):
    package_charts(Context(), version="1.2.0")
    said = packed(chart_project)["hello/Chart.yaml"]
    assert "version: 1.2.0\n" in said
    assert "appVersion: 1.2.0\n" in said


def test_a_local_dependency_is_packed_with_its_own_version(chart_project):
    package_charts(Context(), version="1.2.0")
    assert (
        "version: 1.4.0\n"
        in packed(chart_project)["hello/charts/common/Chart.yaml"]
    )


@pytest.mark.statement("B3.8")
def test_the_settings_choose_the_app_version(tmp_path, monkeypatch):
    settings = f'[project]\nversion = "tag"\n[charts."{CHART}"]\napp-version = "v{{version}}"\n'
    monkeypatch.chdir(
        write_chart_project(tmp_path / "v", **{"release-tasks.toml": settings})
    )
    package_charts(Context(), version="1.2.0")
    assert "appVersion: v1.2.0\n" in packed(tmp_path / "v")["hello/Chart.yaml"]


@pytest.mark.statement("B3.18")
def test_the_working_tree_stays_untouched(chart_project):
    before = {
        name: data
        for name, data in snapshot(chart_project).items()
        if not name.startswith(".git/")
    }
    package_charts(Context(), version="1.2.0")
    after = {
        name: data
        for name, data in snapshot(chart_project).items()
        if not name.startswith((".git/", "dist/"))
    }
    assert after == before


def test_the_inventory_has_the_digest_of_the_layer(chart_project):
    package_charts(Context(), version="1.2.0")
    row = recorded_file("chart", "1.2.0")
    assert (row.name, row.file, row.digest) == (
        CHART,
        "hello-1.2.0.tgz",
        f"sha256:{row.sha256}",
    )


def test_a_chart_is_the_same_from_another_folder_home_zone_and_umask(
    chart_project, tmp_path, monkeypatch
):
    package_charts(Context(), version="1.2.0")
    other = write_chart_project(tmp_path / "somewhere/else")
    write_files(
        other,
        {
            "dist/v1.2.0/hello-1.2.0.tgz": "stale",
            "deploy/hello/templates/stray.yaml": "not committed",
        },
    )
    monkeypatch.chdir(other)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = os.umask(0o077)
    try:
        package_charts(Context(), version="1.2.0")
    finally:
        os.umask(before)
    again = other / "dist/v1.2.0/hello-1.2.0.tgz"
    assert differences(chart_project / "dist/v1.2.0", again.parent) == {}
    assert (
        again.stat().st_mtime
        == (chart_project / "dist/v1.2.0/hello-1.2.0.tgz").stat().st_mtime
    )


def test_a_packed_chart_is_not_packed_again(chart_project, capfd):
    package_charts(Context(), version="1.2.0")
    capfd.readouterr()
    package_charts(Context(), version="1.2.0")
    assert (
        "nothing to do, every chart is packed or published"
        in capfd.readouterr().err
    )


def test_a_chart_without_dependencies_asks_for_none(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(
        write_chart_project(
            tmp_path / "plain", **{"deploy/hello/Chart.yaml": PLAIN}
        )
    )
    package_charts(Context(), version="1.2.0")
    assert "dependency build" not in capfd.readouterr().err
    assert sorted(packed(tmp_path / "plain")) == [
        "hello/Chart.yaml",
        "hello/templates/note.yaml",
    ]


def test_a_dependency_from_an_unknown_repository_is_downloaded(
    tmp_path, monkeypatch, repository
):
    folder = write_chart_project(
        tmp_path / "remote",
        **{"deploy/hello/Chart.yaml": REMOTE.format(url=repository)},
    )
    subprocess.run(
        ["helm", "dependency", "update", "deploy/hello"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (folder / "deploy/hello/charts/common-1.4.0.tgz").unlink()
    commit_all(folder)
    monkeypatch.chdir(folder)
    package_charts(Context(), version="1.2.0")
    assert (
        "version: 1.4.0\n" in packed(folder)["hello/charts/common/Chart.yaml"]
    )
    added = subprocess.run(
        ["helm", "repo", "list"], capture_output=True, text=True, check=False
    )
    assert repository not in added.stdout


def test_a_generated_lock_file_has_no_time(tmp_path, monkeypatch, repository):
    monkeypatch.chdir(
        write_chart_project(
            tmp_path / "loose",
            **{"deploy/hello/Chart.yaml": REMOTE.format(url=repository)},
        )
    )
    package_charts(Context(), version="1.2.0")
    assert (
        'generated: "2026-01-02T03:04:05Z"'
        in packed(tmp_path / "loose")["hello/Chart.lock"]
    )


@pytest.mark.statement("B3.13")
def test_a_missing_dependency_stops_the_release(tmp_path, monkeypatch):
    text = REMOTE.format(url="file://../absent")
    monkeypatch.chdir(
        write_chart_project(
            tmp_path / "lacking", **{"deploy/hello/Chart.yaml": text}
        )
    )
    with pytest.raises(ReleaseError, match="absent"):
        package_charts(Context(), version="1.2.0")
    assert not (tmp_path / "lacking/dist/v1.2.0/hello-1.2.0.tgz").exists()


def test_a_reference_that_ends_with_another_name_is_refused(
    tmp_path, monkeypatch
):
    settings = (
        '[project]\nversion = "tag"\n'
        '[charts."ghcr.io/example/charts/other"]\npath = "deploy/hello"\n'
    )
    root = write_chart_project(
        tmp_path / "other", **{"release-tasks.toml": settings}
    )
    monkeypatch.chdir(root)
    with pytest.raises(
        ReleaseError,
        match=r"helm packed hello-1\.2\.0\.tgz, expected other-1\.2\.0\.tgz",
    ) as stopped:
        package_charts(Context(), version="1.2.0")
    assert stopped.value.fix == (
        "end the chart's reference with the name in Chart.yaml"
    )
    corrected = settings.replace("charts/other", "charts/hello")
    commit_files(root, {"release-tasks.toml": corrected})
    package_charts(Context(), version="1.2.0")
    assert "version: 1.2.0\n" in packed(root)["hello/Chart.yaml"]


def test_a_dry_run_shows_the_command_and_changes_nothing(chart_project, capfd):
    before = snapshot(chart_project)
    package_charts(context(dry=True), version="1.2.0")
    assert (
        "helm package --version=1.2.0 --app-version=1.2.0"
        in capfd.readouterr().err
    )
    assert snapshot(chart_project) == before


def test_a_missing_helm_is_named(chart_project, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    git = next(
        Path(folder) / "git"
        for folder in os.environ["PATH"].split(":")
        if (Path(folder) / "git").exists()
    )
    (tmp_path / "bin/git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ReleaseError, match="helm is not installed") as caught:
        package_charts(Context(), version="1.2.0")
    assert "inv doctor" in caught.value.fix

"""The charts that a repository has, and what their appVersion becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files, git

from release_tasks.project import charts, gates
from release_tasks.project.discovery import discover
from release_tasks.project.model import Unresolved, resolved_or_raise

ORIGIN = "https://github.com/acme/lamp"
LAMP = "apiVersion: v2\nname: lamp\nversion: 1.4.0\n"


@pytest.mark.parametrize(
    ("app_version", "template"),
    [
        ("1.4.0", "{version}"),
        ("v1.4.0", "v{version}"),
        ("1.3.0", "{version}"),
        ("latest", "{version}"),
        ("v0.0.0-dev", "{version}"),
        ("16.2", "16.2"),
        ("1.16.0", "1.16.0"),
        ("2026-01-01", "2026-01-01"),
        ("{x}1", "{{x}}1"),
    ],
)
def test_what_becomes_of_app_version(app_version: str, template: str) -> None:
    assert (
        charts.app_version_template(app_version, {"1.4.0", "1.3.0"}, False)
        == template
    )


def test_the_tag_of_our_image_follows() -> None:
    assert charts.app_version_template("1.16.0", {"1.4.0"}, True) == "{version}"


def found(root: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    """Return folder and template of appVersion of each chart of a repository."""
    commit_files(root, files)
    git(root, "remote", "add", "origin", ORIGIN)
    git(root, "tag", "lamp-1.2.0")
    project = discover(root)
    return [
        (chart.folder.relative_to(root).as_posix(), chart.app_version)
        for chart in resolved_or_raise(project.components[0].charts)
    ]


def test_an_app_version_that_a_tag_has_is_ours(tmp_path: Path) -> None:
    files = {"chart/Chart.yaml": f"{LAMP}appVersion: 1.2.0\n"}
    assert found(tmp_path, files) == [("chart", "{version}")]


def test_an_app_version_of_another_product_stays(tmp_path: Path) -> None:
    files = {"chart/Chart.yaml": f"{LAMP}appVersion: 1.2.1\n"}
    assert found(tmp_path, files) == [("chart", "1.2.1")]


def test_an_app_version_beside_our_image_follows(tmp_path: Path) -> None:
    files = {
        "chart/Chart.yaml": f"{LAMP}appVersion: 1.2.1\n",
        "chart/values.yaml": "image: {repository: ghcr.io/acme/lamp}\n",
    }
    assert found(tmp_path, files) == [("chart", "{version}")]


def test_the_settings_say_otherwise(tmp_path: Path) -> None:
    files = {
        "chart/Chart.yaml": f"{LAMP}appVersion: 1.4.0\n",
        "release-tasks.toml": '[charts."ghcr.io/acme/charts/lamp"]\napp-version = "7"\n',
    }
    assert found(tmp_path, files) == [("chart", "7")]


@pytest.mark.parametrize(
    "other",
    [
        "chart/charts/inner/Chart.yaml",
        "tests/Chart.yaml",
        "examples/one/Chart.yaml",
        "pkg/testdata/chart/Chart.yaml",
    ],
)
def test_a_part_or_a_sample_is_no_candidate(tmp_path: Path, other: str) -> None:
    files = {"chart/Chart.yaml": LAMP, other: "name: other\nversion: 1.0.0\n"}
    assert found(tmp_path, files) == [("chart", "{version}")]


def test_a_broken_sample_stops_nothing(tmp_path: Path) -> None:
    files = {
        "chart/Chart.yaml": LAMP,
        "tests/Chart.yaml": "name: {{ nothing }\n",
    }
    assert found(tmp_path, files) == [("chart", "{version}")]


def test_two_charts_are_a_question(tmp_path: Path) -> None:
    with pytest.raises(Unresolved, match="several charts are possible"):
        found(tmp_path, {"a/Chart.yaml": LAMP, "b/Chart.yaml": LAMP})


def test_a_chart_alone_has_the_version_and_the_changelog_beside_it(
    tmp_path: Path,
) -> None:
    files = {"chart/Chart.yaml": LAMP, "chart/CHANGELOG.md": "# Changelog\n"}
    found(tmp_path, files)
    [component] = discover(tmp_path).components
    assert (component.version, component.changelog) == (
        "1.4.0",
        "chart/CHANGELOG.md",
    )


def test_gates_render_a_chart_with_the_values_it_is_tested_with(
    tmp_path: Path,
) -> None:
    files = {
        "chart/Chart.yaml": LAMP,
        "chart/ci/a-values.yaml": "host: a\n",
        "chart/ci/b-values.yaml": "host: b\n",
        "chart/ci/notes.yaml": "",
    }
    found(tmp_path, files)
    lines = [
        gate.line.replace("'", "")
        for gate in gates.defaults(discover(tmp_path))
    ]
    assert lines == [
        "helm lint --values=chart/ci/a-values.yaml chart && "
        "helm lint --values=chart/ci/b-values.yaml chart",
        "helm template --values=chart/ci/a-values.yaml chart && "
        "helm template --values=chart/ci/b-values.yaml chart",
    ]


def test_a_library_is_linted_and_not_rendered(tmp_path: Path) -> None:
    found(tmp_path, {"chart/Chart.yaml": f"{LAMP}type: library\n"})
    gate_names = [gate.name for gate in gates.defaults(discover(tmp_path))]
    assert gate_names == ["helm-lint"]

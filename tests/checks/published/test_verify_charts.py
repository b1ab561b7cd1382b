"""Charts that real helm pushed are shown and rendered by real helm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invoke.context import Context
from support.published_project import (
    HERE,
    Layout,
    Releasing,
    facts,
    layer,
    left_behind,
    run,
)
from support.repositories import write_files

from release_tasks.checks.published import charts
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git", "docker", "helm"), pytest.mark.slow]
CHART, IMAGE = "ghcr.io/example/charts/hello:0.2.0", "ghcr.io/example/hello"
SETTINGS = f"""[project]
version = "tag"
[images."{IMAGE}"]
platforms = ["linux/{HERE}"]
[charts."ghcr.io/example/charts/hello"]
path = "chart"
"""
JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: hello}
spec:
  template:
    spec:
      containers:
        - name: hello
          image: "%s"
        - image: docker.io/library/elsewhere:1
          name: other
"""


def chart(
    version: str = "0.2.0",
    image: str = f"{IMAGE}:{{{{ .Chart.AppVersion }}}}",
    kind: str = "application",
) -> dict[str, str]:
    about = (
        f"apiVersion: v2\nname: hello\nversion: {version}\nappVersion: {version}\n"
        f"type: {kind}\n"
    )
    return {"chart/Chart.yaml": about, "chart/templates/job.yaml": JOB % image}


@pytest.fixture
def push(releasing: Releasing, layout: Layout, tmp_path):
    """Push a chart with helm and an image with buildx; `packed` are the files of the chart."""

    def start(
        packed: dict[str, str] | None = None, *words: str, image: bool = True
    ) -> Release:
        release = releasing(
            {
                "Dockerfile": "FROM scratch\n",
                "release-tasks.toml": SETTINGS,
                **chart(),
            }
        )
        folder = write_files(tmp_path / "packed", packed or chart())
        run(
            "helm",
            "package",
            "--version=0.2.0",
            *words,
            f"--destination={folder}",
            folder / "chart",
        )
        run(
            "helm",
            "push",
            folder / "hello-0.2.0.tgz",
            "oci://ghcr.io/example/charts",
        )
        if image:
            layout.push(
                f"{IMAGE}:0.2.0", layout.image(HERE, [layer(("hello", b"x"))])
            )
        return release

    return start


def verify(release: Release) -> list[str]:
    return facts(charts.verify(Context(), release))


@pytest.mark.statement("B3.20", "B3.21")
def test_a_chart_renders_and_its_image_is_there(push, tmp_path, capsys):
    assert verify(push()) == []
    said = capsys.readouterr().err
    assert f"{CHART} has version 0.2.0 and appVersion 0.2.0" in said
    assert f"{CHART} renders, and {IMAGE}:0.2.0 exists" in said
    assert left_behind(tmp_path) == []


@pytest.mark.statement("B3.21")
def test_a_chart_that_names_an_image_tag_that_does_not_exist_is_found(push):
    assert verify(
        push(chart(image=f"{IMAGE}:v{{{{ .Chart.AppVersion }}}}"))
    ) == [f"{CHART} uses the image {IMAGE}:v0.2.0, which does not exist"]


def test_an_image_may_be_named_by_its_digest(push, layout: Layout):
    row = layout.image(HERE, [layer(("hello", b"x"))])
    assert verify(push(chart(image=f"{IMAGE}@{row['digest']}"))) == []


def test_an_image_of_somebody_else_is_not_asked_for(push, registries):
    assert (
        verify(push(chart(image="docker.io/library/other:1"), image=False))
        == []
    )
    assert "registry-1.docker.io" not in str(registries.log.refused())


def test_a_chart_for_another_app_version_is_found(push):
    assert f"{CHART} has appVersion 0.1.0, expected 0.2.0" in verify(
        push(None, "--app-version=0.1.0")
    )


def test_a_chart_that_does_not_render_is_found(push, tmp_path):
    broken = chart() | {
        "chart/templates/broken.yaml": "a: {{ .Values.nothing.at.all }}\n"
    }
    [problem] = verify(push(broken))
    assert problem.startswith(f"{CHART} cannot be used: Error: ")
    assert left_behind(tmp_path) == []


def test_a_chart_that_demands_values_is_not_rendered_and_that_is_said(
    push, capsys
):
    demanding = chart() | {
        "chart/templates/needed.yaml": 'a: {{ required "say who" .Values.who }}\n'
    }
    assert verify(push(demanding)) == []
    assert "was not rendered: execution error" in capsys.readouterr().err


def test_a_chart_that_demands_values_is_rendered_with_those_of_its_tests(
    push,
):
    demanding = chart(image=f"{IMAGE}:{{{{ .Values.tag }}}}") | {
        "chart/values.schema.json": '{"type": "object", "required": ["tag"]}',
    }
    release = push(demanding)
    values = release.source_tree / "values.yaml"
    values.write_text("tag: 0.3.0\n")
    [part] = release.parts
    [shown] = part.component.charts
    component = replace(
        part.component, charts=(replace(shown, values=("values.yaml",)),)
    )
    changed = replace(release, parts=(replace(part, component=component),))
    assert verify(changed) == [
        f"{CHART} uses the image {IMAGE}:0.3.0, which does not exist"
    ]


def test_a_library_is_not_rendered_and_that_is_said(push, capsys):
    assert (
        verify(push(chart(kind="library") | {"chart/templates/job.yaml": ""}))
        == []
    )
    assert "library charts are not installable" in capsys.readouterr().err


def test_a_chart_that_is_not_there_is_found(releasing: Releasing):
    release = releasing(
        {
            "Dockerfile": "FROM scratch\n",
            "release-tasks.toml": SETTINGS,
            **chart(),
        }
    )
    [problem] = verify(release)
    assert problem.startswith(f"{CHART} cannot be used: Error: ")

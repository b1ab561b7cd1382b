"""A chart that depends on another one of the same release follows it, with its Chart.lock."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files, git

from release_tasks.bumping import bump, chart_pins
from release_tasks.errors import ReleaseError
from release_tasks.manifests import chart_lock, chart_yaml
from release_tasks.release import Release

ACME = """apiVersion: v2
name: acme
version: 1.2.3
dependencies:
  - name: web
    version: {requirement}
    repository: {repository}
  - name: other
    version: 1.2.3
    repository: oci://registry.example/charts
"""
WEB = "apiVersion: v2\nname: web\nversion: 1.2.3\n"
SETTINGS = "\n".join(
    f'[charts."ghcr.io/example/charts/{name}"]\npath = "{name}"'
    for name in ("acme", "web")
)


def texts(root: Path, requirement: str, repository: str) -> dict[str, str]:
    """Bump a project with two charts to 1.3.0, and return its Chart.yaml and Chart.lock."""
    acme = ACME.format(requirement=requirement, repository=repository)
    wanted = chart_yaml.read(acme, "Chart.yaml").dependencies
    rows = [
        {
            "name": row["name"],
            "repository": row["repository"],
            "version": "1.2.3",
        }
        for row in wanted
    ]
    lines = "".join(
        f"- name: {row['name']}\n  repository: {row['repository']}\n  version: 1.2.3\n"
        for row in rows
    )
    lock = f"dependencies:\n{lines}digest: {chart_lock.digest(wanted, rows)}\n"
    files = {
        "acme/Chart.yaml": acme,
        "acme/Chart.lock": lock,
        "web/Chart.yaml": WEB,
        "release-tasks.toml": SETTINGS,
    }
    commit_files(root, files)
    bump.write(context(), Release.at(context(), "1.3.0"))
    return {
        name: (root / "acme" / name).read_text()
        for name in ("Chart.yaml", "Chart.lock")
    }


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("requirement", "repository", "new"),
    [
        ("1.2.3", "file://../web", "1.3.0"),
        ("'^1.2.3'", "file://../web/", "'^1.3.0'"),
        ("~1.2.3 # ours", "oci://ghcr.io/example/charts", "~1.3.0 # ours"),
        ("1.x", "file://../web", "1.x"),
        ('">=1.0.0"', "file://../web", '">=1.0.0"'),
    ],
)
def test_a_requirement_follows_and_its_lock_is_renewed(
    root: Path, requirement: str, repository: str, new: str
) -> None:
    made = texts(root, requirement, repository)
    assert made["Chart.yaml"] == ACME.format(
        requirement=new, repository=repository
    ).replace("name: acme\nversion: 1.2.3", "name: acme\nversion: 1.3.0")
    rows = chart_lock.rows(made["Chart.lock"], "Chart.lock")
    assert [row["version"] for row in rows] == ["1.3.0", "1.2.3"]
    wanted = chart_yaml.read(made["Chart.yaml"], "Chart.yaml").dependencies
    assert chart_lock.is_current(wanted, made["Chart.lock"], "Chart.lock")


@pytest.mark.parametrize(
    "repository",
    ["oci://ghcr.io/elsewhere/charts", "https://example.org/charts", "'@mine'"],
)
def test_a_chart_of_the_same_name_from_elsewhere_is_not_ours(
    root: Path, repository: str
) -> None:
    made = texts(root, "1.2.3", repository)
    assert "name: web\n    version: 1.2.3\n" in made["Chart.yaml"]


def test_a_requirement_that_does_not_fit_is_refused_with_nothing_edited(
    root: Path,
) -> None:
    with pytest.raises(
        ReleaseError, match=r"acme/Chart\.yaml:6: .* does not admit 1\.3\.0"
    ):
        texts(root, "~1.2", "file://../web")
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.tools("helm")
def test_helm_builds_a_chart_of_the_first_form_after_the_bump(
    root: Path,
) -> None:
    needs = "dependencies:\n- name: web\n  version: ~1.2.0\n  repository: file://../web\n"
    wanted = chart_yaml.read(needs, "requirements.yaml").dependencies
    rows = [{"name": "web", "repository": "file://../web", "version": "1.2.3"}]
    digest = chart_lock.digest(wanted, rows)
    commit_files(
        root,
        {
            "acme/Chart.yaml": "apiVersion: v1\nname: acme\nversion: 1.2.3\n",
            "acme/requirements.yaml": needs,
            "acme/requirements.lock": (
                "dependencies:\n- name: web\n  repository: file://../web\n  version: 1.2.3\n"
                f'digest: {digest}\ngenerated: "2024-01-01T00:00:00Z"\n'
            ),
            "web/Chart.yaml": WEB,
            "release-tasks.toml": SETTINGS,
        },
    )
    bump.write(context(), Release.at(context(), "1.3.0"))
    assert "version: ~1.3.0\n" in (root / "acme/requirements.yaml").read_text()
    assert "version: 1.3.0\n" in (root / "acme/requirements.lock").read_text()
    build = ["helm", "dependency", "build", "acme"]
    subprocess.run(build, check=True, capture_output=True)
    assert git(root, "diff", "--stat", "--", "acme/requirements.lock")
    assert not chart_pins.is_outdated(Release.at(context(), "1.3.0"), "acme")


def test_a_lock_of_helm_2_is_current_for_its_requirements() -> None:
    needs = [
        {"name": "web", "version": "~1.2.0", "repository": "file://../web"}
    ]
    text = '{"dependencies":[{"name":"web","version":"~1.2.0","repository":"file://../web"}]}'
    lock = f"digest: sha256:{hashlib.sha256(text.encode()).hexdigest()}\n"
    assert chart_lock.is_current(needs, lock, "requirements.lock")
    assert not chart_lock.is_current(needs, lock, "Chart.lock")

"""The sample projects: what each ships, with its settings and without, is what its layout says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.sample_projects import changed, git, golden, inv, sample, shown

pytestmark = pytest.mark.tools("git", "cargo")

SHOWN = [
    ("llmtrace", "llmtrace"),
    ("llmcc", "llmcc-workspace"),
    ("llmcc-runbook", "llmcc-runbook"),
]


@pytest.mark.parametrize(("name", "settings"), SHOWN)
def test_settings_show_exactly_what_a_project_ships(
    tmp_path: Path, name: str, settings: str
) -> None:
    found = shown(sample(name, tmp_path, settings))
    assert found == golden(settings, found)


def test_the_history_of_a_sample_is_that_of_its_project(tmp_path: Path) -> None:
    root = sample("llmcc", tmp_path)
    assert git(root, "tag", "--list").split() == [
        "0.2.29",
        "v0.2.28",
        "v0.2.30",
        "v0.2.65",
    ]
    assert git(root, "cat-file", "-t", "v0.2.65").strip() == "tag"
    assert git(root, "tag", "--merged", "main") == ""  # main was written anew
    assert [
        line[:6]
        for line in git(root, "ls-files", "--stage", "corpus").splitlines()
    ] == ["160000"] * 3
    assert changed(root) == []
    assert "refs/tags/v0.2.65^{}" in git(root, "ls-remote", "origin")
    assert (
        git(sample("llmtrace", tmp_path), "cat-file", "-t", "v0.1.5").strip()
        == "commit"
    )


def asked(text: str) -> str:
    """Return the lines that a question says to add."""
    return text.partition("release-tasks.toml:\n")[2].rstrip() + "\n"


def test_llmtrace_without_settings_asks_only_which_dockerfile_is_shipped(
    tmp_path: Path,
) -> None:
    root = sample("llmtrace", tmp_path)
    [component] = json.loads(inv(root, "settings", "--json").stdout)[
        "components"
    ]
    assert [crate["name"] for crate in component["crates"]] == [
        "llmtrace",
        "llmtrace-core",
        "llmtrace-sdk",
        "llmtrace-security",
        "llmtrace-storage",
    ]
    assert [one["name"] for one in component["python"]] == ["llmtracing"]
    assert [one["reference"] for one in component["charts"]] == [
        "ghcr.io/epappas/charts/llmtrace"
    ]
    assert component["images"]["question"] == "several Dockerfiles are possible"
    lines = asked(component["images"]["fix"])
    assert lines == (
        '[images."ghcr.io/epappas/llmtrace"]\ndockerfile = "Dockerfile"\n'
        '[images."ghcr.io/epappas/llmtrace-dashboard"]\ndockerfile = "dashboard/Dockerfile"\n'
    )
    # it does not depend on the answer
    assert inv(root, "bump", "--version", "0.2.0").returncode == 0
    git(root, "checkout", "--quiet", ".")
    (root / "release-tasks.toml").write_text(lines)
    git(root, "add", "--all")
    [component] = json.loads(inv(root, "settings", "--json").stdout)[
        "components"
    ]
    assert [one["dockerfile"] for one in component["images"]] == [
        "Dockerfile",
        "dashboard/Dockerfile",
    ]


def test_llmcc_without_settings_asks_because_of_the_one_crate_with_a_version_of_its_own(
    tmp_path: Path,
) -> None:
    root = sample("llmcc", tmp_path)
    ran = inv(root, "settings")
    assert ran.returncode == 1
    assert "the crates have different versions: 0.1.0, 0.2.65" in ran.stderr
    # it has no description and no license, so crates.io has never had it
    assert asked(ran.stderr).startswith(
        '[crates]\nignore = ["llmcc-bench"]  # llmcc-bench has no description'
    )
    (root / "release-tasks.toml").write_text(asked(ran.stderr))
    git(root, "add", "--all")
    [component] = json.loads(inv(root, "settings", "--json").stdout)[
        "components"
    ]
    assert (component["version"], len(component["crates"])) == ("0.2.65", 16)


def test_the_one_crate_of_llmcc_with_a_version_of_its_own_as_a_component(
    tmp_path: Path,
) -> None:
    root = sample("llmcc", tmp_path)
    (root / "release-tasks.toml").write_text(
        '[components.llmcc]\ntag = "v{version}"\ncrates = ["llmcc"]\n'
        '[components.llmcc-bench]\ntag = "llmcc-bench-v{version}"\ncrates = ["llmcc-bench"]\n'
    )
    ran = inv(root, "settings", "--json")
    assert ran.returncode == 0, ran.stderr
    rows = {row["name"]: row for row in json.loads(ran.stdout)["components"]}
    assert {
        name: (row["version"], row["tag"], len(row["crates"]))
        for name, row in rows.items()
    } == {
        "llmcc": ("0.2.65", "v{version}", 1),
        "llmcc-bench": ("0.1.0", "llmcc-bench-v{version}", 1),
    }


def test_the_runbook_of_llmcc_without_settings_asks_which_pyproject_is_the_distribution(
    tmp_path: Path,
) -> None:
    root = sample("llmcc-runbook", tmp_path)
    [component] = json.loads(inv(root, "settings", "--json").stdout)[
        "components"
    ]
    assert (
        component["python"]["question"]
        == "several folders for llmcc are possible"
    )
    lines = asked(component["python"]["fix"])
    assert lines == '[python."llmcc"]\npath = "."  # or crates/llmcc-bindings\n'
    (root / "release-tasks.toml").write_text(lines)
    git(root, "add", "--all")
    # and now it is known that Python has a version of its own
    ran = inv(root, "settings")
    assert (
        "the crates and Python packages have different versions: 0.1.0, 0.2.14"
        in ran.stderr
    )
    (root / "release-tasks.toml").write_text(lines + asked(ran.stderr))
    ran = inv(root, "settings", "--json")
    assert ran.returncode == 0, ran.stderr
    rows = {row["name"]: row for row in json.loads(ran.stdout)["components"]}
    assert [
        (one["name"], one["folder"])
        for row in rows.values()
        for one in row["python"]
    ] == [("llmcc", ".")]

"""Discovery on small repositories: one candidate is used, two are a question about their kind."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.repositories import commit_all

from release_tasks.errors import ReleaseError
from release_tasks.project.discovery import discover
from release_tasks.project.model import Component, Project, resolved_or_raise

CRATE = '[package]\nname = "{0}"\nversion = "{1}"\nedition = "2021"\n'
PYTHON = (
    '[build-system]\nrequires = ["{1}"]\nbuild-backend = "{1}"\n[project]\nname = "{0}"\n'
    'version = "0.3.0"\n'
)
CHART = "apiVersion: v2\nname: {0}\nversion: 0.1.0\n"

pytestmark = pytest.mark.tools("git", "cargo")


def project(
    root: Path,
    files: Mapping[str, str],
    origin: str | None = "git@github.com:Some-Owner/thing.git",
) -> Project:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    commit_all(root, "Begin")
    if origin:
        subprocess.run(
            ["git", "remote", "add", "origin", origin], cwd=root, check=True
        )
    return discover(root)


def only(found: Project) -> Component:
    (component,) = found.components
    return component


def workspace(*crates: str) -> dict[str, str]:
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'
    }
    for crate in crates:
        name, _, version = crate.partition("@")
        files[f"crates/{name}/Cargo.toml"] = CRATE.format(
            name, version or "0.3.0"
        )
        files[f"crates/{name}/src/lib.rs"] = ""
    return files


def test_a_rust_workspace_ships_its_crates_under_one_version(
    tmp_path: Path,
) -> None:
    found = project(tmp_path, workspace("alpha", "beta"))
    assert [crate.name for crate in resolved_or_raise(only(found).crates)] == [
        "alpha",
        "beta",
    ]
    assert only(found).version == "0.3.0"
    assert only(found).tag == "v{version}"
    assert found.repository == "Some-Owner/thing"


def test_crates_of_different_versions_are_a_question_with_the_lines_to_add(
    tmp_path: Path,
) -> None:
    with pytest.raises(ReleaseError, match="different versions") as asked:
        project(tmp_path, workspace("alpha@0.1.0", "beta@0.2.0"))
    assert "[components.alpha]" in asked.value.fix
    assert 'tag = "beta-v{version}"' in asked.value.fix


def test_what_cargo_may_not_publish_is_not_shipped(tmp_path: Path) -> None:
    files = workspace("alpha", "inner")
    files["crates/inner/Cargo.toml"] += "publish = false\n"
    assert [
        crate.name
        for crate in resolved_or_raise(only(project(tmp_path, files)).crates)
    ] == ["alpha"]


def test_an_ignored_crate_is_not_shipped_and_an_unknown_one_is_an_error(
    tmp_path: Path,
) -> None:
    files = workspace("alpha", "bench") | {
        "release-tasks.toml": '[crates]\nignore = ["bench"]\n'
    }
    found = project(tmp_path / "one", files)
    assert [crate.name for crate in resolved_or_raise(only(found).crates)] == [
        "alpha"
    ]
    files["release-tasks.toml"] = '[crates]\nignore = ["bunch"]\n'
    with pytest.raises(ReleaseError, match="there is no crate bunch"):
        project(tmp_path / "two", files)


@pytest.mark.statement("B1.27")
def test_a_crate_that_maturin_builds_is_a_wheel_and_no_crate_unless_it_is_included(
    tmp_path: Path,
) -> None:
    files = workspace("alpha", "wheel") | {
        "crates/wheel/pyproject.toml": PYTHON.format("thing-py", "maturin")
    }
    found = only(project(tmp_path / "one", files))
    assert [crate.name for crate in resolved_or_raise(found.crates)] == [
        "alpha"
    ]
    assert [
        (one.name, one.maturin) for one in resolved_or_raise(found.python)
    ] == [("thing-py", True)]
    files["release-tasks.toml"] = '[crates]\ninclude = ["wheel"]\n'
    found = only(project(tmp_path / "two", files))
    assert [crate.name for crate in resolved_or_raise(found.crates)] == [
        "alpha",
        "wheel",
    ]


def test_a_pyproject_for_development_only_is_no_package(tmp_path: Path) -> None:
    private = 'classifiers = ["Private :: Do Not Upload"]\n'
    files = {
        "pyproject.toml": '[project]\nname = "dev"\n[tool.ruff]\n',
        "tools/pyproject.toml": PYTHON.format("tools", "hatchling") + private,
        "lib/pyproject.toml": PYTHON.format("lib", "hatchling"),
    }
    found = only(project(tmp_path, files))
    assert [
        (one.name, one.maturin) for one in resolved_or_raise(found.python)
    ] == [("lib", False)]
    assert found.version == "0.3.0"


def test_two_packages_are_a_question_that_stops_nothing_else(
    tmp_path: Path,
) -> None:
    files = workspace("alpha") | {
        f"{name}/pyproject.toml": PYTHON.format(name, "hatchling")
        for name in ("one", "two")
    }
    found = only(project(tmp_path, files))
    assert [crate.name for crate in resolved_or_raise(found.crates)] == [
        "alpha"
    ]
    with pytest.raises(ReleaseError, match="several Python packages") as asked:
        resolved_or_raise(found.python)
    assert '[python."one"]' in asked.value.fix


def test_one_dockerfile_is_an_image_named_after_the_repository_and_two_are_a_question(
    tmp_path: Path,
) -> None:
    found = only(
        project(
            tmp_path / "one",
            {
                "Dockerfile": "FROM scratch\n",
                "Dockerfile.dev": "FROM scratch\n",
            },
        )
    )
    assert [
        (one.reference, one.dockerfile)
        for one in resolved_or_raise(found.images)
    ] == [("ghcr.io/some-owner/thing", "Dockerfile")]
    found = only(
        project(
            tmp_path / "two",
            {
                "a/Dockerfile": "FROM scratch\n",
                "b/Dockerfile": "FROM scratch\n",
            },
        )
    )
    with pytest.raises(ReleaseError, match="several Dockerfiles"):
        resolved_or_raise(found.images)


def test_a_chart_goes_below_charts_and_its_local_dependency_is_a_part_of_it(
    tmp_path: Path,
) -> None:
    dependency = (
        "dependencies:\n  - name: common\n    version: 1.0.0\n"
        "    repository: file://../common\n"
    )
    files = {
        "deploy/app/Chart.yaml": CHART.format("app") + dependency,
        "deploy/common/Chart.yaml": CHART.format("common"),
    }
    found = only(project(tmp_path, files))
    assert [one.reference for one in resolved_or_raise(found.charts)] == [
        "ghcr.io/some-owner/charts/app"
    ]


def test_hidden_folders_and_ignored_paths_are_passed_over(
    tmp_path: Path,
) -> None:
    files = {
        ".devcontainer/Dockerfile": "FROM scratch\n",
        "old/Dockerfile": "FROM scratch\n",
        "Dockerfile": "FROM scratch\n",
        "release-tasks.toml": '[project]\nignore = ["old"]\n',
    }
    assert len(resolved_or_raise(only(project(tmp_path, files)).images)) == 1


def test_without_an_origin_the_manifests_name_the_repository(
    tmp_path: Path,
) -> None:
    files = {
        "pyproject.toml": PYTHON.format("lib", "hatchling")
        + '[project.urls]\nRepository = "https://github.com/me/lib"\n'
    }
    assert project(tmp_path, files, origin=None).repository == "me/lib"


def test_components_share_out_what_is_shipped(tmp_path: Path) -> None:
    files = workspace("core@0.5.0", "bind@0.4.0") | {
        "crates/bind/pyproject.toml": PYTHON.format("bind-py", "maturin")
    }
    files["release-tasks.toml"] = (
        '[components.core]\ncrates = ["core"]\nlatest = true\n[components.py]\n'
        'tag = "py-v{version}"\npython = ["bind-py"]\n'
    )
    core, py = project(tmp_path, files).components
    assert (
        [crate.name for crate in resolved_or_raise(core.crates)],
        core.version,
        core.latest,
    ) == (["core"], "0.5.0", True)
    assert (
        [one.name for one in resolved_or_raise(py.python)],
        py.tag,
        py.latest,
    ) == (
        ["bind-py"],
        "py-v{version}",
        False,
    )
    assert resolved_or_raise(core.python) == resolved_or_raise(py.crates) == ()


def test_one_component_for_each_crate_comes_from_one_table(
    tmp_path: Path,
) -> None:
    files = workspace("core@0.5.0", "tool@0.4.0")
    files["release-tasks.toml"] = (
        '[components."{crate}"]\ntag = "{crate}-v{version}"\n'
    )
    found = project(tmp_path, files)
    assert [(one.name, one.tag, one.version) for one in found.components] == [
        ("core", "core-v{version}", "0.5.0"),
        ("tool", "tool-v{version}", "0.4.0"),
    ]


def test_two_components_may_not_ship_the_same_thing(tmp_path: Path) -> None:
    files = workspace("core")
    files["release-tasks.toml"] = (
        '[components.a]\ncrates = ["core"]\n[components.b]\ncrates = ["core"]\n'
    )
    with pytest.raises(ReleaseError, match="both a and b ship core"):
        project(tmp_path, files)


def test_a_binary_that_no_crate_has_is_named_with_the_known_ones(
    tmp_path: Path,
) -> None:
    files = workspace("alpha") | {"crates/alpha/src/main.rs": "fn main() {}\n"}
    files["release-tasks.toml"] = (
        '[binaries.alfa]\nx86_64-unknown-linux-gnu = "alfa"\n'
    )
    with pytest.raises(ReleaseError, match="no crate has that binary") as asked:
        resolved_or_raise(only(project(tmp_path, files)).binaries)
    assert "alpha" in asked.value.fix


@pytest.mark.parametrize(
    ("text", "fact", "fix"),
    [
        (
            "[github]\nasets = []\n",
            "unknown key asets in [github]",
            "did you mean assets?",
        ),
        ("[guthub]\n", "unknown key guthub", "did you mean github?"),
        (
            '[images."ghcr.io/o/r"]\nplatform = []\n',
            "unknown key platform",
            "did you mean platforms?",
        ),
        ("[crates]\nignore = 3\n", "must be a list", 'ignore = ["..."]'),
        ("[crates\n", "is not valid TOML", "fix that in release-tasks.toml"),
    ],
)
def test_wrong_settings_name_the_key_and_the_way_out(
    tmp_path: Path, text: str, fact: str, fix: str
) -> None:
    with pytest.raises(ReleaseError) as refused:
        project(tmp_path, {"release-tasks.toml": text, "README.md": ""})
    assert fact in refused.value.problem
    assert fix in refused.value.fix


def test_a_token_variable_that_every_program_would_see_is_refused(
    tmp_path: Path,
) -> None:
    files = {
        "pyproject.toml": PYTHON.format("lib", "hatchling"),
        "release-tasks.toml": '[python.lib]\ntoken = "SPARE"\n',
    }
    with pytest.raises(
        ReleaseError, match="the variable SPARE would not be kept secret"
    ):
        project(tmp_path, files)

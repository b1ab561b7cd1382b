"""Crates, programs, charts and wheels anywhere in a repository: found, or named with the reason."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.repositories import commit_files, git
from support.sample_projects import inv

from release_tasks.project.discovery import discover
from release_tasks.project.model import Component, Project, resolved_or_raise

CRATE = '[package]\nname = "{0}"\nversion = "{1}"\nedition = "2021"\n'
CDYLIB = '[lib]\ncrate-type = ["cdylib"]\n'
PRIVATE = "publish = false\n"
MATURIN = (
    '[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"\n'
    '[project]\nname = "{0}"\ndynamic = ["version"]\n'
)
CHART = "apiVersion: v2\nname: {0}\nversion: {1}\n"
SETUP = (
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    '[project]\nname = "{0}"\ndynamic = ["version"]\n'
)

pytestmark = pytest.mark.tools("git", "cargo")


def project(root: Path, files: dict[str, str]) -> Project:
    sources = {
        "tasks.py": "from release_tasks import ns\n",
        ".gitignore": "__pycache__/\n",
    }
    for path in files:
        if path.endswith("Cargo.toml"):
            folder = path.removesuffix("Cargo.toml")
            sources[f"{folder}src/lib.rs"] = ""
    return discover(commit_files(root / "lamp", sources | files))


def only(found: Project) -> Component:
    (component,) = found.components
    return component


def names(found: Project) -> list[str]:
    return [crate.name for crate in resolved_or_raise(only(found).crates)]


def test_a_crate_beside_the_workspace_is_named_with_its_manifest(
    tmp_path: Path,
) -> None:
    files = {
        "Cargo.toml": CRATE.format("lamp", "0.1.0")
        + '[workspace]\nexclude = ["gen"]\n',
        "gen/Cargo.toml": CRATE.format("lamp-gen", "0.3.0"),
        "fuzz/Cargo.toml": CRATE.format("lamp-fuzz", "0.0.0")
        + PRIVATE
        + "[workspace]\n",
        "tests/inner/Cargo.toml": CRATE.format("inner", "0.0.0")
        + "[workspace]\n",
    }
    found = project(tmp_path, files)
    assert names(found) == ["lamp"]
    assert found.left_out == (
        "lamp-gen (crates: gen/Cargo.toml is not in the workspace at the root; "
        "cargo publish --manifest-path gen/Cargo.toml releases it)",
    )


def test_a_workspace_below_the_root_is_named(tmp_path: Path) -> None:
    files = {
        "rust/Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.package]\nversion = "1.2.0"\n',
        "rust/a/Cargo.toml": '[package]\nname = "a"\nversion.workspace = true\n',
        "broken/Cargo.toml": "[package\n",
    }
    found = project(tmp_path, files)
    assert [
        (one.name, one.version, one.version_file) for one in found.outside
    ] == [("a", "1.2.0", "rust/Cargo.toml")]
    assert found.left_out == (
        "a (crates: rust/a/Cargo.toml is not in the workspace at the root; "
        "cargo publish --manifest-path rust/a/Cargo.toml releases it)",
    )


def test_a_program_in_a_wheel_is_a_crate_too_and_a_library_is_not(
    tmp_path: Path,
) -> None:
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["tool", "lib"]\nresolver = "2"\n',
        "tool/Cargo.toml": CRATE.format("lamp", "0.1.0"),
        "tool/src/main.rs": "fn main() {}\n",
        "tool/pyproject.toml": MATURIN.format("lamp")
        + '[tool.maturin]\nbindings = "bin"\n',
        "lib/Cargo.toml": CRATE.format("lamp-py", "0.1.0") + CDYLIB,
        "lib/pyproject.toml": MATURIN.format("lamp-py"),
        "release-tasks.toml": "[python.lamp]\n[python.lamp-py]\n",
    }
    found = project(tmp_path, files)
    assert names(found) == ["lamp"]
    assert found.left_out == ("lamp-py (crates: it is built into lamp-py)",)


def test_a_member_behind_a_link_has_the_folder_that_git_tracks(
    tmp_path: Path,
) -> None:
    root = tmp_path / "lamp"
    (root / "real/src").mkdir(parents=True)
    (root / "linked").symlink_to("real")
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["linked"]\nresolver = "2"\n',
        "real/Cargo.toml": CRATE.format("lamp", "0.1.0"),
    }
    found = project(tmp_path, files)
    assert [crate.folder for crate in found.crates] == [root / "real"]
    assert inv(root, "bump", "--version", "0.2.0").returncode == 0
    assert 'version = "0.2.0"' in (root / "real/Cargo.toml").read_text()
    assert (root / "linked").is_symlink()


def test_a_member_that_git_ignores_stops_a_bump_before_anything_is_written(
    tmp_path: Path,
) -> None:
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
        "a/Cargo.toml": CRATE.format("a", "0.1.0"),
        "b/Cargo.toml": CRATE.format("b", "0.1.0"),
        ".gitignore": "__pycache__/\nb/\n",
    }
    project(tmp_path, files)
    root = tmp_path / "lamp"
    done = inv(root, "bump", "--version", "0.2.0")
    assert done.returncode == 1
    assert (
        "git does not track b/Cargo.toml, which is in the workspace"
        in done.stderr
    )
    assert git(root, "status", "--porcelain") == ""
    # the help works as typed
    fix = done.stderr.partition("help: ")[2].partition(", or remove")[0]
    assert fix == "git add --force b/Cargo.toml"
    git(root, *fix.split()[1:])
    git(root, "commit", "--quiet", "--message=Track it")
    again = inv(root, "bump", "--version", "0.2.0")
    assert again.returncode == 0, again.stderr
    assert 'version = "0.2.0"' in (root / "b/Cargo.toml").read_text()


def test_a_wheel_outside_of_the_workspace_is_bumped_with_its_lock(
    tmp_path: Path,
) -> None:
    inner = CRATE.format("lamp-py", "0.1.0") + PRIVATE + CDYLIB
    inner += '[dependencies]\nlamp = { path = "../..", version = "0.1.0" }\n[workspace]\n'
    files = {
        "Cargo.toml": CRATE.format("lamp", "0.1.0")
        + '[workspace]\nexclude = ["py"]\n',
        "bind/py/Cargo.toml": inner,
        "bind/py/pyproject.toml": MATURIN.format("lamp"),
        "bind/py/src/lib.rs": "",
    }
    root = project(tmp_path, files).root
    argv = ["cargo", "generate-lockfile", "--quiet", "--offline"]
    subprocess.run(argv, cwd=root / "bind/py", check=True)
    commit_files(root, {})
    done = inv(root, "bump", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    text = (root / "bind/py/Cargo.toml").read_text()
    assert text == inner.replace("0.1.0", "0.2.0")
    argv = ["cargo", "metadata", "--locked", "--offline", "--format-version=1"]
    subprocess.run(argv, cwd=root / "bind/py", check=True, capture_output=True)


@pytest.mark.parametrize(
    ("files", "version"),
    [
        (
            {
                "chart/Chart.yaml": CHART.format("lamp", "1.3.0"),
                "release-tasks.toml": '[charts."ghcr.io/acme/lamp"]\n',
            },
            "1.3.0",
        ),
        (
            {
                "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
                "a/Cargo.toml": CRATE.format("a", "1.50.0") + PRIVATE,
                "a/src/main.rs": "fn main() {}\n",
                "b/Cargo.toml": CRATE.format("b", "0.28.1") + PRIVATE,
                "release-tasks.toml": '[binaries.a]\nx86_64-unknown-linux-gnu = "a"\n',
            },
            "1.50.0",
        ),
        (
            {
                "pyproject.toml": SETUP.format("lamp"),
                "setup.py": "setup(version=read())\n",
                "about.txt": "this is 2.1.0\n",
                "release-tasks.toml": '[files]\n"about.txt" = "this is {version}"\n',
            },
            "2.1.0",
        ),
        ({"Dockerfile": "FROM scratch\n"}, None),
    ],
)
def test_a_component_has_the_version_of_what_it_ships(
    files: dict[str, str], version: str | None, tmp_path: Path
) -> None:
    component = only(project(tmp_path, files))
    assert (component.version, component.unknown_version) == (version, None)


def test_an_unknown_version_is_named_and_stops_a_bump(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": SETUP.format("lamp"),
        "setup.py": "setup(version=read())\n",
    }
    component = only(project(tmp_path, files))
    assert component.version is None
    root = tmp_path / "lamp"
    fact = (
        "the version of lamp is unknown: pyproject.toml leaves that of lamp to its backend, "
        "and no file that has it was found"
    )
    for words in (
        ("bump", "--version", "0.2.0"),
        ("bump", "--version", "patch"),
    ):
        done = inv(root, *words)
        assert done.returncode == 1
        assert fact in done.stderr
    assert fact in inv(root, "settings").stdout
    assert git(root, "status", "--porcelain") == ""


def test_a_broken_package_of_tests_stops_nothing_and_a_shipped_one_is_named(
    tmp_path: Path,
) -> None:
    good = SETUP.format("lamp").replace(
        'dynamic = ["version"]', 'version = "0.2.0"'
    )
    files = {
        "pyproject.toml": good,
        "tests/packages/bad/pyproject.toml": "[build-system\n",
        "tests/packages/other/pyproject.toml": SETUP.format("other"),
    }
    found = project(tmp_path, files)
    assert [one.name for one in resolved_or_raise(only(found).python)] == [
        "lamp"
    ]
    assert found.left_out == (
        "other (python: below tests/, which is not shipped)",
    )
    root = tmp_path / "lamp"
    commit_files(root, {"more/pyproject.toml": "[build-system\n"})
    assert inv(root, "settings").returncode == 0
    done = inv(root, "bump", "--version", "0.3.0")
    assert done.returncode == 1
    assert "more/pyproject.toml is not valid TOML" in done.stderr
    assert "[project] ignore" in done.stderr

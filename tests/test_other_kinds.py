"""Projects of other kinds, as new users have them: no settings, no origin, few programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.contexts import context
from support.hosted_project import CommandResult
from support.repositories import commit_files, git
from support.tiny_project import run_checks

from release_tasks.bumping import bump
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import gates
from release_tasks.release import Release

TASKS = {"tasks.py": 'from release_tasks import ns\n\n__all__ = ["ns"]\n'}
LIB = 'pub fn hello() -> &\'static str {\n    "hello"\n}\n'
INHERITED = "version.workspace = true\nedition.workspace = true\nlicense.workspace = true\n"
WORKSPACE = TASKS | {
    "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n'
    '[workspace.package]\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n'
    '[workspace.dependencies]\nrehearsed-other-core = { path = "crates/core", version = '
    '"0.1.0" }\n',
    "crates/core/Cargo.toml": (
        f'[package]\nname = "rehearsed-other-core"\ndescription = "Core"\n{INHERITED}'
    ),
    "crates/core/src/lib.rs": LIB,
    "crates/text/Cargo.toml": (
        f'[package]\nname = "rehearsed-other-text"\ndescription = "Text"\n{INHERITED}'
        "[dependencies]\nrehearsed-other-core.workspace = true\n"
    ),
    "crates/text/src/lib.rs": "pub use rehearsed_other_core::hello;\n",
    "crates/tool/Cargo.toml": (
        f'[package]\nname = "rehearsed-other-tool"\npublish = false\n{INHERITED}'
        '[dependencies]\nrehearsed-other-text = { path = "../text" }\n'
    ),
    "crates/tool/src/main.rs": (
        'fn main() {\n    println!("{}", rehearsed_other_text::hello());\n}\n'
    ),
    ".gitignore": "target\nCargo.lock\n",
}
CRATE = TASKS | {
    "Cargo.toml": '[package]\nname = "rehearsed-other-one"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": LIB,
}
MATURIN = CRATE | {
    "pyproject.toml": '[build-system]\nrequires = ["maturin>=1.9,<2"]\nbuild-backend = "maturin"\n'
    '[project]\nname = "rehearsed-other-one"\ndynamic = ["version"]\n',
}
PLAIN = TASKS | {
    "pyproject.toml": '[build-system]\nrequires = ["setuptools>=77"]\n'
    'build-backend = "setuptools.build_meta"\n'
    '[project]\nname = "rehearsed-other-pure"\nversion = "0.1.0"\n'
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src"]\n',
    "src/rehearsed_other_pure/__init__.py": '__version__ = "0.1.0"\n',
    "tests/test_pure.py": (
        "import rehearsed_other_pure as it\n\n\ndef test_it() -> None:\n"
        "    assert 'site-packages' in it.__file__\n"
    ),
    ".gitignore": "__pycache__\n",
}
CHART = "deploy/helm/rehearsed-proxy"
GO = TASKS | {
    "go.mod": "module example.com/rehearsed-proxy\n\ngo 1.22\n",
    "main.go": 'package main\n\nfunc main() { println("hello") }\n',
    "Dockerfile": "FROM scratch\nCOPY go.mod /go.mod\n",
    f"{CHART}/Chart.yaml": "apiVersion: v2\nname: rehearsed-proxy\nversion: 0.1.0\n",
    f"{CHART}/values.yaml": "image: ghcr.io/example/rehearsed-proxy\n",
    f"{CHART}/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: proxy\n"
    "spec:\n  containers:\n"
    '    - name: proxy\n      image: "{{ .Values.image }}:{{ .Chart.AppVersion }}"\n',
    "release-tasks.toml": '[project]\nversion = "tag"\n[images."ghcr.io/example/rehearsed-proxy"]\n'
    '[charts."ghcr.io/example/charts/rehearsed-proxy"]\n',
}


def write(folder: Path, files: Mapping[str, str], origin: str = "") -> Path:
    """Commit a project, which may have an origin on GitHub, and return its root."""
    commit_files(folder, files)
    if origin:
        git(folder, "remote", "add", "origin", f"git@github.com:{origin}.git")
    return folder


def only(folder: Path, *programs: str) -> dict[str, str]:
    """Return the environment of a machine with these programs, and with those that git calls."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    folder.mkdir()
    for name in ("git", "sh", "grep", *programs):
        (folder / name).symlink_to(shutil.which(name, path=path) or name)
    return {"PATH": str(folder)}


def inv(root: Path, *words: str, **env: str) -> CommandResult:
    argv = [sys.executable, "-m", "invoke", *words]
    done = subprocess.run(
        argv,
        cwd=root,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return CommandResult(done.returncode, done.stdout, done.stderr)


def rehearsed(
    root: Path, env: Mapping[str, str]
) -> tuple[dict[str, Any], CommandResult]:
    """Rehearse 0.2.0, which must succeed, and return what was public and the log."""
    ran = inv(root, "rehearse", "--version", "0.2.0", "--json", **env)
    assert ran.code == 0, ran.err[-3000:]
    found = ran.json()
    rows = [*found["artifacts"], *found["pointers"]]
    assert {row["state"] for row in rows} == {"same"}
    assert found["refused"] == []
    assert git(root, "status", "--short") == ""
    return found, ran


def names(found: dict[str, Any]) -> list[str]:
    return [f"{row['channel']} {row['name']}" for row in found["artifacts"]]


@pytest.mark.slow
@pytest.mark.tools("cargo", "cc")
def test_a_rust_workspace_needs_git_and_rust_alone(tmp_path: Path) -> None:
    """It has no origin, no changelog, and a Cargo.lock that is not committed."""
    root = write(tmp_path / "other", WORKSPACE)
    rust = (
        "cargo",
        "rustc",
        "rustdoc",
        "cargo-fmt",
        "rustfmt",
        "cargo-clippy",
        "clippy-driver",
        "cc",
        "ld",
        "as",
        "ar",
    )
    found, _ = rehearsed(root, only(tmp_path / "bin", *rust))
    assert names(found) == [
        "git v0.2.0",
        "crates.io rehearsed-other-core",
        "crates.io rehearsed-other-text",
    ]
    assert {row["client"].split("/")[0] for row in found["requests"]} == {
        "cargo"
    }


@pytest.mark.long
@pytest.mark.slow
def test_a_plain_python_package_needs_git_alone(tmp_path: Path) -> None:
    """It has no description, and its own tests."""
    root = write(tmp_path / "other", PLAIN)
    found, ran = rehearsed(root, only(tmp_path / "bin"))
    made = (
        "rehearsed_other_pure-0.2.0-py3-none-any.whl",
        "rehearsed_other_pure-0.2.0.tar.gz",
    )
    assert names(found) == ["git v0.2.0", *(f"PyPI {name}" for name in made)]
    assert "nox > * pytest: success" in ran.err
    assert "bump: set version 0.2.0 in 2 files" in ran.err


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.tools("gh", "docker", "buildkitd", "runc", "helm")
def test_an_image_and_a_chart_never_call_cargo(tmp_path: Path) -> None:
    """Only the tag carries the version, and the chart has no appVersion."""
    root = write(tmp_path / "proxy", GO, "example/rehearsed-proxy")
    env = only(tmp_path / "bin", "gh", "docker", "buildkitd", "runc", "helm")
    found, ran = rehearsed(root, env)
    assert names(found) == [
        "git v0.2.0",
        "images ghcr.io/example/rehearsed-proxy",
        "charts ghcr.io/example/charts/rehearsed-proxy",
        "GitHub v0.2.0",
    ]
    assert "bump: nothing to do, only the tag has the version" in ran.err
    assert (
        "renders, and ghcr.io/example/rehearsed-proxy:0.2.0 exists" in ran.err
    )


def test_a_repository_without_commits_is_one_fact(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "tasks.py").write_text(TASKS["tasks.py"])
    for words in (
        ["plan", "--version", "0.2.0"],
        ["rehearse", "--version", "0.2.0"],
        ["status"],
        ["check"],
    ):
        ran = inv(tmp_path, *words)
        assert (ran.code, ran.out, ran.err) == (
            1,
            "",
            "error: the repository has no commits\n"
            "  help: commit the project first\n",
        )
    assert "git add" in inv(tmp_path, "settings").out


@pytest.mark.tools("cargo")
def test_a_crate_that_crates_io_would_refuse_is_named(tmp_path: Path) -> None:
    root = write(tmp_path, CRATE)
    said = inv(root, "check", "--version", "0.2.0").err
    assert (
        "Cargo.toml has no description and no license, which crates.io requires\n"
        in said
    )
    assert "the repository has no remote called origin" in said


@pytest.mark.tools("cargo")
def test_doctor_knows_that_maturin_calls_cargo(tmp_path: Path) -> None:
    root = write(tmp_path, MATURIN)
    assert [
        row["name"]
        for row in json.loads(inv(root, "doctor", "--json").out)["programs"]
    ] == [
        "git",
        "cargo",
    ]


def test_what_gates_leave_in_the_tree_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(
        tmp_path,
        PLAIN
        | {
            "release-tasks.toml": '[gates]\nrun = ["touch left.txt", "git no-such-command"]\n'
        },
    )
    monkeypatch.chdir(root)
    failed, left = run_checks(
        CheckContext(context(), Release.at(context(), "0.2.0")), gates
    )
    assert failed.fact.startswith("the gate git-no-such-command fails\n")
    assert "-s git-no-such-command` runs it again" in failed.fix
    assert (left.fact, left.fix) == (
        "the gates left left.txt in the tree",
        "add it to .gitignore, or commit it",
    )


def test_without_settings_an_image_and_a_chart_are_found(
    tmp_path: Path,
) -> None:
    root = write(
        tmp_path,
        {
            name: text
            for name, text in GO.items()
            if name != "release-tasks.toml"
        },
        "example/rehearsed-proxy",
    )
    [component] = json.loads(inv(root, "settings", "--json").out)["components"]
    # that of the chart, as nothing else has one
    assert component["version"] == "0.1.0"
    assert [
        one["reference"]
        for kind in ("images", "charts")
        for one in component[kind]
    ] == [
        "ghcr.io/example/rehearsed-proxy",
        "ghcr.io/example/charts/rehearsed-proxy",
    ]


def test_a_chart_without_app_version_gets_the_version_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[charts."ghcr.io/example/charts/rehearsed-proxy"]\n'
    root = write(tmp_path, GO | {"release-tasks.toml": settings})
    monkeypatch.chdir(root)
    bump.write(context(), Release.at(context(), "0.2.0"))
    assert (root / CHART / "Chart.yaml").read_text() == GO[
        f"{CHART}/Chart.yaml"
    ].replace("0.1.0", "0.2.0")

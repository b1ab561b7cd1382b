"""The verify step: it downloads a whole release from every channel and reports every error."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from invoke.context import Context
from support.container_projects import snapshot
from support.contexts import context
from support.processes import running
from support.published_project import (
    HERE,
    TARGET,
    Layout,
    layer,
    left_behind,
    program,
    run,
)

from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.steps.verify import verify

pytestmark = [
    pytest.mark.tools("git", "gh", "cargo", "docker", "helm", "cc"),
    pytest.mark.slow,
]
SETTINGS = f"""[binaries.fetched-hello]
{TARGET} = "hello-here"
[images."ghcr.io/example/hello"]
platforms = ["linux/{HERE}"]
[charts."ghcr.io/example/charts/hello"]
path = "chart"
"""
CARGO_TOML = """[package]
name = "fetched-hello"
version = "0.2.0"
edition = "2021"
description = "x"
license = "MIT"
"""
FILES = {
    "Cargo.toml": CARGO_TOML,
    "src/main.rs": 'fn main() { println!("hello {}", env!("CARGO_PKG_VERSION")); }\n',
    ".gitignore": "target\nCargo.lock\ndist\n",
    "Dockerfile": "FROM scratch\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: hello\nversion: 0.2.0\nappVersion: 0.2.0\n",
    "chart/templates/pod.yaml": "image: ghcr.io/example/hello:{{ .Chart.AppVersion }}\n",
    "release-tasks.toml": SETTINGS,
}
IMAGE = "ghcr.io/example/hello"


@pytest.fixture
def project(releasing, tmp_path) -> Path:
    releasing(FILES)
    return tmp_path / "project"


@pytest.fixture
def hello(tmp_path) -> Path:
    path = program(tmp_path / "built", "hello 0.2.0").rename(
        tmp_path / "built" / "hello-here"
    )
    path.with_name("hello-here.sha256").write_text(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    )
    return path


@pytest.fixture
def public(project, hello, layout: Layout, tmp_path) -> Path:
    """Every artifact of the project, published by the plain clients."""
    run("cargo", "publish", "--quiet", "--no-verify", cwd=project)
    layout.push(
        f"{IMAGE}:0.2.0",
        layout.image(
            HERE, [layer(("hello", hello.read_bytes()))], Entrypoint=["/hello"]
        ),
    )
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "--tag",
        f"{IMAGE}:latest",
        "--tag",
        f"{IMAGE}:0.2",
        f"{IMAGE}:0.2.0",
    )
    run(
        "helm",
        "package",
        "--version=0.2.0",
        f"--destination={tmp_path}",
        project / "chart",
    )
    run(
        "helm",
        "push",
        tmp_path / "hello-0.2.0.tgz",
        "oci://ghcr.io/example/charts",
    )
    checksum = hello.with_name("hello-here.sha256")
    run(
        "gh",
        "release",
        "create",
        "v0.2.0",
        "--notes=",
        hello,
        checksum,
        "--repo=example/hello",
    )
    return project


def failing(**words: str) -> list[str]:
    """Every problem that the step reports."""
    with pytest.raises(ReleaseError) as raised:
        verify(Context(), version="0.2.0", **words)
    errors = (
        raised.value.errors
        if isinstance(raised.value, MultipleErrors)
        else (raised.value,)
    )
    assert all(error.fix for error in errors)
    return [error.problem for error in errors]


def test_a_whole_release_is_downloaded_and_run(
    public, tmp_path, capsys, registries
):
    verify(Context(), version="0.2.0")
    said = capsys.readouterr().err
    for line in (
        "git has v0.2.0",
        "fetched-hello of fetched-hello 0.2.0 from crates.io runs and prints 0.2.0",
        f"{IMAGE}:0.2.0 is complete",
        f"ghcr.io/example/charts/hello:0.2.0 renders, and {IMAGE}:0.2.0 exists",
        "hello-here from GitHub runs and prints 0.2.0",
        f"{IMAGE}:latest points to 0.2.0",
        "Latest points to v0.2.0",
    ):
        assert line in said
    assert left_behind(tmp_path) == []
    assert not registries.log.refused()


def test_verify_changes_nothing(public, registries):
    before, writes = snapshot(public), len(registries.log.writes())
    verify(Context(), version="0.2.0")
    there = {
        name: data
        for name, data in snapshot(public).items()
        if not name.startswith("dist/")
    }
    assert (there, len(registries.log.writes())) == (before, writes)


def test_every_missing_artifact_is_named(project):
    found = failing()
    assert [problem for problem in found if " is missing" in problem] == [
        "fetched-hello 0.2.0 on crates.io is missing",
        f"{IMAGE} 0.2.0 on images is missing",
        "ghcr.io/example/charts/hello 0.2.0 on charts is missing",
        "v0.2.0 on GitHub is missing",
        "hello-here 0.2.0 on GitHub is missing",
        "hello-here.sha256 0.2.0 on GitHub is missing",
    ]


def test_errors_of_several_channels_are_all_reported(public):
    run("cargo", "yank", "fetched-hello@0.2.0")
    run(
        "gh",
        "release",
        "delete-asset",
        "v0.2.0",
        "hello-here.sha256",
        "--yes",
        "--repo=example/hello",
    )
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "--tag",
        f"{IMAGE}:latest",
        f"{IMAGE}:0.2.0",
    )
    found = " / ".join(failing())
    assert "fetched-hello 0.2.0 on crates.io is yanked" in found
    assert "hello-here.sha256 0.2.0 on GitHub is" in found


def test_a_tag_deleted_from_origin_is_an_error(public):
    run("git", "push", "-q", "origin", ":v0.2.0")
    assert "v0.2.0 on git is missing" in failing()


def test_a_pointer_that_was_not_moved_is_an_error(public, layout):
    old = layout.image(HERE, [layer(("hello", b"old"))])
    layout.push(f"{IMAGE}:0.1.0", old)
    run(
        "docker",
        "buildx",
        "imagetools",
        "create",
        "--tag",
        f"{IMAGE}:latest",
        f"{IMAGE}:0.1.0",
    )
    assert failing() == [
        f"{IMAGE}:latest on images points to 0.1.0, expected 0.2.0"
    ]


def test_an_unreadable_registry_is_reported_with_the_other_errors(
    public, registries
):
    registries.faults.add(
        Fault("GET", "/fe/tc/fetched-hello", status=404, times=99)
    )
    registries.faults.add(
        Fault("(GET|HEAD)", "/v2/example/charts/", status=400, times=99)
    )
    found = failing()
    assert len(found) == 2
    assert "crates.io is missing" in found[0]
    assert "answered 400" in found[1]


def test_a_fresh_clone_without_dist_verifies_the_assets(
    public, tmp_path, monkeypatch, capsys
):
    run(
        "git",
        "clone",
        "-q",
        "https://github.com/example/hello",
        tmp_path / "clone",
    )
    monkeypatch.chdir(tmp_path / "clone")
    verify(Context(), version="0.2.0")
    assert (
        "2 assets of v0.2.0 downloaded, with the right sha256"
        in capsys.readouterr().err
    )


def test_a_dry_run_downloads_nothing(project, registries, tmp_path, capsys):
    before, requests = snapshot(project), len(registries.log.entries())
    verify(context(dry=True), version="0.2.0")
    said = capsys.readouterr().err
    assert "would verify fetched-hello 0.2.0 on crates.io" in said
    assert "would verify ghcr.io/example/charts/hello 0.2.0 on charts" in said
    assert snapshot(project) == before
    # whose tag decides what is built
    assert {e.app for e in registries.log.entries()[requests:]} <= {"github"}
    assert left_behind(tmp_path) == []


def test_ctrl_c_ends_every_child_and_removes_every_file(releasing, tmp_path):
    slow = {
        "build.rs": "fn main() { std::thread::sleep(std::time::Duration::from_secs(600)); }\n"
    }
    releasing(
        {
            **FILES,
            **slow,
            "tasks.py": "from release_tasks import ns  # noqa: F401\n",
            "release-tasks.toml": "",
        }
    )
    run("cargo", "publish", "--quiet", "--no-verify", cwd=tmp_path / "project")
    argv = [sys.executable, "-m", "invoke", "verify", "--version", "0.2.0"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("cargo install" in line for line in process.stderr)
        while not _sleeping(tmp_path):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert _sleeping(tmp_path) == []
    assert left_behind(tmp_path) == []


def _sleeping(tmp_path: Path) -> list[str]:
    """The running build scripts that were compiled below this test's folder."""
    return [
        line
        for line in running(f"{tmp_path}/tmp/")
        if "build-script-build" in line
    ]

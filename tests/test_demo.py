"""The demo, on a machine that lacks programs: what is left out, and in which words."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.python_projects import HOST

from release_tasks.formats import wheels
from release_tasks.project.discovery import discover
from release_tasks.project.model import resolved_or_raise
from release_tasks.tools import rustc, zig

pytestmark = pytest.mark.tools("git", "cargo")

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


@pytest.fixture
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(
        DEMO.parent / "polyglot",
        tmp_path / "polyglot",
        ignore=shutil.ignore_patterns("target", "dist"),
    )
    return tmp_path / "polyglot"


def test_without_docker_and_helm_the_image_and_the_chart_are_skipped(
    demo: ModuleType,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("rustc", "cargo", "git", "env"):
        os.symlink(str(shutil.which(name)), few / name)
    monkeypatch.setenv("PATH", str(few))

    said = demo.reduce(project)
    assert (
        "images  ghcr.io/example/polyglot  skipped: docker buildx is not installed"
        in said
    )
    assert (
        "charts  ghcr.io/example/charts/polyglot  skipped: helm is not installed"
        in said
    )
    assert not (project / "Dockerfile").exists()
    assert "[images" not in (project / "release-tasks.toml").read_text()


def test_with_only_this_machines_rust_and_no_zig_there_is_one_binary_and_a_wheel_for_this_machine(
    demo: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rustc, "_programs", lambda: ["rustc"])
    monkeypatch.setattr(rustc, "_glibc", lambda: "2.39")
    monkeypatch.setattr(zig, "found", lambda: None)
    if (
        rustc.host(project) != HOST
        or not rustc.possible(project, [demo.ARM], "")[1]
    ):
        pytest.skip(f"this machine's rustc is for more than {HOST}")

    said = [
        line
        for line in demo.reduce(project)
        if not line.startswith(("images", "charts"))
    ]
    demo.commit(project)

    absent = (
        f"{demo.ARM} cannot be built on this machine: Rust's standard library for it is "
        f"missing"
    )
    assert said == [
        f"arm64   hello-0.2.0-linux-arm64.tar.gz  skipped: {absent}",
        (
            f"wheels  manylinux2014_x86_64  skipped: {HOST} cannot be built on this machine: "
            f"its glibc 2.39 is newer than 2.17"
        ),
        f"wheels  manylinux2014_aarch64  skipped: {absent}",
    ]
    (part,) = discover(project).components
    assert [binary.target for binary in resolved_or_raise(part.binaries)] == [
        HOST
    ]
    assert [package.wheels for package in resolved_or_raise(part.python)] == [
        ()
    ]
    assert {
        platform
        for image in resolved_or_raise(part.images)
        for platform in image.platforms
    } <= {"linux/amd64"}


def test_zig_alone_links_wheels_for_the_other_machine_and_no_static_program(
    demo: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rustc, "gcc", lambda tree, target: "absent-gcc")
    if demo.unbuildable(demo.ARM):
        pytest.skip(demo.unbuildable(demo.ARM))

    said = demo.reduce(project)

    assert (
        "arm64   hello-0.2.0-linux-arm64.tar.gz  skipped: absent-gcc is not installed"
        in said
    )
    assert not any(line.startswith("wheels") for line in said)


def test_wheels_for_an_old_glibc_are_built_where_the_whole_example_is_asked_for(
    demo: ModuleType, project: Path
) -> None:
    said = [
        line
        for line in demo.reduce(project, is_whole=False)
        if line.startswith("wheels")
    ]
    assert said == [
        "wheels  manylinux2014_*  skipped: nox -s demo -- --whole builds them"
    ]
    demo.commit(project)
    (part,) = discover(project).components
    (package,) = resolved_or_raise(part.python)
    # for this machine and its own libc: `check` has no note about that
    assert list(package.wheels) == demo.own_tags()
    assert len(package.wheels) == (sys.platform == "linux")
    for tag in package.wheels:
        assert not demo.unbuildable(wheels.target_of(tag), wheels.glibc_of(tag))

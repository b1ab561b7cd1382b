"""`inv matrix`: the build jobs as JSON, and why there are so many wheels."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.tiny_project import TINY, TinyProject, tiny_project

LINUX, ARM, MAC = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
)
WINDOWS, UNIVERSAL = "x86_64-pc-windows-msvc", "universal2-apple-darwin"
SETTINGS = (
    f'[binaries.tiny]\n{LINUX} = "tiny-linux"\n{ARM} = "tiny-arm"\n{WINDOWS} = "tiny.exe"\n'
    '[python.tiny-py]\nwheels = ["manylinux_2_17_x86_64", "macosx_10_12_universal2", "win_amd64"]\n'
)
CARGO_TOML = """[package]
name = "tiny"
version = "0.1.0"
edition = "2021"
publish = false
[lib]
crate-type = ["cdylib", "rlib"]
[dependencies]
pyo3 = { version = "0.30", features = ["abi3-py38"] }
"""
PROJECT = {
    name: TINY[name] for name in ("CHANGELOG.md", "tasks.py", ".gitignore")
} | {
    "Cargo.toml": CARGO_TOML,
    "src/lib.rs": "",
    "src/main.rs": "fn main() {}\n",
    "pyproject.toml": '[build-system]\nrequires = ["maturin>=1.9,<2"]\nbuild-backend = "maturin"\n'
    '[project]\nname = "tiny-py"\ndynamic = ["version"]\nrequires-python = ">=3.8"\n',
    "release-tasks.toml": SETTINGS,
}


@contextmanager
def project(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str
) -> Iterator[TinyProject]:
    paths = {"settings": "release-tasks.toml", "cargo": "Cargo.toml"}
    changed = {paths[name]: text for name, text in files.items()}
    with tiny_project(folder, monkeypatch, PROJECT | changed) as made:
        yield made


def matrix(at: TinyProject, *words: str) -> Any:
    argv = [sys.executable, "-m", "invoke", "matrix", *words]
    said = subprocess.run(
        argv, cwd=at.root, capture_output=True, text=True, check=True
    ).stdout
    assert said.count("\n") == 1  # a line of $GITHUB_OUTPUT
    return json.loads(said)


def test_each_target_is_a_job_with_its_own_machine_and_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(tmp_path, monkeypatch) as tiny:
        jobs = {job["target"]: job for job in matrix(tiny)["jobs"]}
    assert {target: job["runner"] for target, job in jobs.items()} == {
        LINUX: "ubuntu-latest",
        ARM: "ubuntu-24.04-arm",
        WINDOWS: "windows-latest",
        UNIVERSAL: "macos-latest",
    }
    assert jobs[LINUX]["commands"] == [
        f"rustup target add {LINUX}",
        f"inv build-binaries --target {LINUX}",
        f"inv build-wheels --target {LINUX}",
    ]
    assert jobs[ARM]["commands"] == [
        f"rustup target add {ARM}",
        f"inv build-binaries --target {ARM}",
    ]
    assert jobs[UNIVERSAL]["commands"] == [
        "rustup target add x86_64-apple-darwin aarch64-apple-darwin",
        f"inv build-wheels --target {UNIVERSAL}",
    ]


def test_the_requested_version_is_in_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(tmp_path, monkeypatch) as tiny:
        jobs = matrix(tiny, "--version", "0.2.0")["jobs"]
    assert (
        jobs[1]["commands"][1]
        == f"inv build-binaries --target {ARM} --version 0.2.0"
    )


def test_the_settings_choose_the_machine_of_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(
        tmp_path,
        monkeypatch,
        settings=f'{SETTINGS}[build.runners]\n{ARM} = "our-arm"\n',
    ) as tiny:
        assert {job["target"]: job["runner"] for job in matrix(tiny)["jobs"]}[
            ARM
        ] == "our-arm"


@pytest.mark.statement("B2.16")
def test_abi3_makes_one_wheel_for_all_pythons_and_the_reason_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(tmp_path, monkeypatch) as tiny:
        why = (
            "abi3: 3 wheels instead of 21, one for each Python from 3.8 to 3.14"
        )
        assert matrix(tiny)["wheels"] == [
            {"package": "tiny-py", "count": 3, "why": why}
        ]


def test_abi3_without_a_version_starts_at_the_python_of_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(
        tmp_path,
        monkeypatch,
        cargo=PROJECT["Cargo.toml"].replace("abi3-py38", "abi3"),
    ) as tiny:
        assert (
            f"from 3.{sys.version_info.minor} to 3.14"
            in matrix(tiny)["wheels"][0]["why"]
        )


def test_without_abi3_each_python_has_its_own_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = PROJECT["Cargo.toml"].replace('"abi3-py38"', "")
    with project(
        tmp_path,
        monkeypatch,
        cargo=own,
        settings=f'{SETTINGS}pythons = ["3.11", "3.12"]\n',
    ) as tiny:
        why = "6 wheels, 3 for each of Python 3.11, 3.12"
        assert matrix(tiny)["wheels"] == [
            {"package": "tiny-py", "count": 6, "why": why}
        ]


def test_a_pure_python_package_is_built_by_any_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, TINY) as tiny:
        assert matrix(tiny) == {
            "version": "0.1.0",
            "tags": ["v0.1.0"],
            "jobs": [
                {
                    "target": "any",
                    "runner": "ubuntu-latest",
                    "commands": ["inv build-wheels"],
                }
            ],
            "images": [],
            "tests": [{"runner": "ubuntu-latest", "python": "3.13"}],
            "systems": [{"runner": "ubuntu-24.04", "here": ""}],
            "wheels": [
                {
                    "package": "tiny-plain",
                    "count": 1,
                    "why": "1 wheel for every Python",
                }
            ],
        }


def test_files_are_tried_on_the_machines_that_they_are_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another one links them: it could not start them."""
    settings = (
        f'{SETTINGS}[build.runners]\n{WINDOWS} = "ubuntu-24.04"\n{ARM} = "our-arm"\n'
        '[ci]\npython = "3.12"\n'
    )
    with project(tmp_path, monkeypatch, settings=settings) as tiny:
        data = matrix(tiny)
    machines = ("ubuntu-latest", "our-arm", "windows-latest", "macos-latest")
    assert data["tests"] == [
        {"runner": label, "python": "3.12"} for label in machines
    ]
    assert data["systems"] == [
        {"runner": "ubuntu-24.04", "here": ""},  # and looks at everything
        {"runner": "our-arm", "here": "yes"},
        {"runner": "windows-latest", "here": "yes"},
        {"runner": "macos-latest", "here": "yes"},
    ]


@pytest.mark.statement("B2.19")
def test_wheels_are_tried_with_the_pythons_that_they_are_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (
        '[python.tiny-py]\nwheels = ["macosx_10_12_x86_64"]\n'
        'pythons = ["3.11", "3.12"]\n'
    )
    with project(tmp_path, monkeypatch, settings=settings) as tiny:
        assert matrix(tiny)["tests"] == [
            {"runner": "macos-15-intel", "python": "3.11"},
            {"runner": "macos-15-intel", "python": "3.12"},
        ]


@pytest.mark.statement("B2.19")
def test_the_settings_choose_where_files_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = '[ci.tests]\n"ubuntu-22.04" = ["3.9", "3.14"]\nmacos-14 = []\n'
    with project(tmp_path, monkeypatch, settings=SETTINGS + chosen) as tiny:
        data = matrix(tiny)
        tiny.commit("release-tasks.toml", f"{SETTINGS}[ci]\ntests = false\n")
        none = matrix(tiny)
    assert data["tests"] == [
        {"runner": "ubuntu-22.04", "python": "3.9"},
        {"runner": "ubuntu-22.04", "python": "3.14"},
        {"runner": "macos-14", "python": "3.13"},
    ]
    assert [row["runner"] for row in data["systems"]] == [
        "ubuntu-24.04",
        "macos-14",
    ]
    assert none["tests"] == []


def test_a_pure_python_package_is_built_with_the_first_target_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = (
        '[python.tiny-py]\nwheels = ["manylinux_2_17_x86_64", "win_amd64"]\n'
        "[python.tiny-plain]\n"
    )
    files = (
        PROJECT
        | {"release-tasks.toml": both}
        | {
            f"plain/{name}": TINY[name]
            for name in ("pyproject.toml", "tiny_plain/__init__.py")
        }
    )
    with tiny_project(tmp_path, monkeypatch, files) as tiny:
        words = ("--dry", "build-wheels", "--version", "0.1.0", "--target")
        linux = tiny.inv(*words, LINUX)
        windows = tiny.inv(*words, WINDOWS)
    assert "-m build" in linux.stderr
    assert "-m build" not in windows.stderr

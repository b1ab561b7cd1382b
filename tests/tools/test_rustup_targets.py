"""What adds a target to the toolchain that builds, typed at the root of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files

from release_tasks.tools import rustup
from release_tasks.tools.cargo import steering

ADD = "rustup target add wasm32-wasip1"
PIN = '[toolchain]\nchannel = "1.90"\npath = "/opt/rust"\n'
pytestmark = pytest.mark.tools("git")


@pytest.mark.parametrize(
    ("files", "folder", "command"),
    [
        ({}, "rust", ADD),
        ({"rust-toolchain.toml": PIN}, "", ADD),
        ({"rust-toolchain.toml": PIN}, "rust", ADD),
        ({"rust/rust-toolchain": "1.90\n"}, "rust", f"(cd rust && {ADD})"),
        ({"a/rust-toolchain": "1.90\n"}, "a/b", f"(cd a/b && {ADD})"),
        ({"rust/rust-toolchain": "1.90\n"}, "", ADD),
    ],
)
def test_the_toolchain_of_the_folder_gets_the_target(
    tmp_path: Path, files: dict[str, str], folder: str, command: str
) -> None:
    root = commit_files(tmp_path / "lamp", {"README.md": "", **files})
    (root / folder).mkdir(parents=True, exist_ok=True)
    found = rustup.add_targets(root / folder, ["wasm32-wasip1"])
    assert found == command


def test_settings_of_cargo_above_a_folder_steer_an_upload_from_it(
    tmp_path: Path,
) -> None:
    provider = '[registry]\ncredential-provider = "./steal"\n'
    files = {
        ".cargo/config.toml": provider,
        "rust/.cargo/config.toml": '[build]\nrustc = "./other"\n',
        "rust/rust-toolchain.toml": PIN,
        "rust-toolchain.toml": PIN,
    }
    root = commit_files(tmp_path / "lamp", files)
    found = [(one.file, one.key) for one in steering.steers(root / "rust")]
    assert sorted(found) == [
        (".cargo/config.toml", "registry.credential-provider"),
        ("rust/.cargo/config.toml", "build.rustc"),
        ("rust/rust-toolchain.toml", "toolchain.path"),
    ]
    found = [(one.file, one.key) for one in steering.steers(root)]
    assert found == [
        (".cargo/config.toml", "registry.credential-provider"),
        ("rust-toolchain.toml", "toolchain.path"),
    ]

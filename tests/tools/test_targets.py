"""What this machine can build for is known before it compiles; paths are not in the bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.context import Context

from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.formats import executables
from release_tasks.tools import cargo, rustc, zig
from release_tasks.tools.cargo import build as cargo_build
from release_tasks.tools.cargo import rustflags

HELLO = (
    "fn main() {\n    assert!(std::env::args().count() < 9);\n"
    '    println!("{}", cfg!(proj));\n}\n'
)


@pytest.fixture
def tree(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    root = tmp_path / (
        "a folder" if "with_a_space" in request.node.name else "folder"
    )
    (root / "src").mkdir(parents=True)
    (root / "src" / "main.rs").write_text(HELLO)
    (root / "Cargo.toml").write_text(
        '[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n'
    )
    return root


@pytest.mark.tools("rustc")
def test_this_machines_own_target_needs_nothing(tree: Path) -> None:
    here = rustc.host(tree)
    assert rustc.environments(tree, [here], "inv build-binaries") == {here: {}}


@pytest.mark.tools("rustc")
def test_every_target_that_cannot_be_built_is_named_with_the_machine_that_can(
    tree: Path,
) -> None:
    with pytest.raises(MultipleErrors) as stopped:
        rustc.environments(
            tree,
            [
                "x86_64-apple-darwin",
                "aarch64-pc-windows-msvc",
                "pdp11-bell-unix",
            ],
            "inv build-binaries",
        )
    said = str(stopped.value.message)
    assert (
        "x86_64-apple-darwin cannot be built on this machine: Rust's standard library "
        "for it is missing"
    ) in said
    assert (
        "fix: run `inv build-binaries --target x86_64-apple-darwin` on a Mac, and `inv "
        "collect` its dist/ here"
    ) in said
    assert (
        "fix: run `inv build-binaries --target aarch64-pc-windows-msvc` on Windows"
        in said
    )
    assert "pdp11-bell-unix is not a target of rustc" in said


@pytest.mark.tools("rustc")
def test_a_missing_linker_is_named_with_its_package(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = "aarch64-unknown-linux-gnu"
    if not can_build(tree, target):
        pytest.skip(f"Rust's standard library for {target} is not installed")
    only_rustc(tmp_path, monkeypatch)
    with pytest.raises(
        ReleaseError, match="its linker aarch64-linux-gnu-gcc is not installed"
    ) as stopped:
        rustc.environments(tree, [target], "inv build-binaries")
    assert (
        "apt-get install gcc-aarch64-linux-gnu, pip install cargo-zigbuild, set "
        "CARGO_TARGET_AARCH64"
    ) in stopped.value.fix


@pytest.mark.tools("rustc")
def test_only_zig_keeps_the_promise_of_an_older_glibc_than_this_machines(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = rustc.host(tree)
    if not rustc.has_glibc(here):
        pytest.skip(f"{here} has no glibc")
    only_rustc(tmp_path, monkeypatch)
    monkeypatch.setattr(rustc, "_glibc", lambda: "2.39")
    # what is linked needs 2.34, and more only where it uses more
    for kept in ("2.99", "2.39", "2.34"):
        assert rustc.possible(
            tree, [here], "inv build-wheels", {here: kept}
        ) == (
            {here: {}},
            {},
        )
    found, errors = rustc.possible(
        tree, [here], "inv build-wheels", {here: "2.5"}
    )
    assert not found
    assert errors[here].problem.endswith("newer than 2.5")
    assert errors[here].fix.startswith(
        f"pip install cargo-zigbuild, or run `inv build-wheels --target {here}` on such a machine"
    )


@pytest.mark.tools("rustc")
def test_no_linker_for_a_mac_can_be_installed_elsewhere(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = "aarch64-apple-darwin"
    if rustc.host(tree).endswith("apple-darwin"):
        pytest.skip("this is a Mac")
    library = tmp_path / "rust" / "lib" / "rustlib" / target / "lib"
    library.mkdir(parents=True)
    (library / "libstd-0.rlib").touch()
    wrapper = tmp_path / "rustc-with-all-libraries"
    wrapper.write_text(
        f'#!/bin/sh\nexec rustc --sysroot {tmp_path / "rust"} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC", str(wrapper))
    with pytest.raises(
        ReleaseError, match="its linker only runs on a Mac"
    ) as stopped:
        rustc.environments(tree, [target], "inv build-binaries")
    assert stopped.value.fix.startswith(
        f"run `inv build-binaries --target {target}` on a Mac"
    )


@pytest.mark.slow
@pytest.mark.tools("cargo", "cargo-zigbuild")
def test_a_program_linked_by_zig_needs_no_newer_glibc_than_promised(
    tree: Path,
) -> None:
    here = rustc.host(tree)
    ways, _ = rustc.possible(tree, [here], "", {here: "2.17"})
    assert zig.MARK in ways[here]
    wanted = cargo_build.ProgramRequest("hello", "hello", here, env=ways[here])
    cargo_build.program(Context(), tree, wanted)
    data = cargo_build.file_of(
        cargo.workspace(tree).target, "hello", here
    ).read_bytes()
    needed = {
        executables.numbers(said.decode())
        for said in re.findall(rb"GLIBC_(2\.\d+(?:\.\d+)?)", data)
    }
    assert max(needed) <= (2, 17)


@pytest.mark.tools("rustc")
def test_the_callers_linker_is_taken(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = "aarch64-unknown-linux-gnu"
    if not can_build(tree, target):
        pytest.skip(f"Rust's standard library for {target} is not installed")
    monkeypatch.setenv(rustc.variable(target, "LINKER"), "my-own-linker")
    assert (
        rustc.variable(target, "LINKER")
        not in rustc.environments(tree, [target], "inv build-binaries")[target]
    )


CONFIGS = {
    "none": "",
    "build_array": '[build]\nrustflags = ["--cfg", "proj"]\n',
    "build_string": '[build]\nrustflags = "--cfg proj"\n',
    "target_array": '[target.{host}]\nrustflags = ["--cfg", "proj"]\n',
    "target_string": '[target.{host}]\nrustflags = "--cfg proj"\n',
    "condition": "[target.'cfg(all(unix, not(windows)))']\nrustflags = ['--cfg', 'proj']\n",
    "other_condition": (
        "[target.'cfg(windows)']\nrustflags = ['--cfg', 'other']\n[build]\n"
        "rustflags = ['--cfg', 'proj']\n"
    ),
    "build_array_in_a_folder_with_a_space": '[build]\nrustflags = ["--cfg", "proj"]\n',
    "target_array_in_a_folder_with_a_space": '[target.{host}]\nrustflags = ["--cfg", "proj"]\n',
}


@pytest.mark.tools("cargo")
@pytest.mark.parametrize("config", CONFIGS)
def test_our_flags_join_those_of_the_projects_own_configuration(
    config: str, tree: Path
) -> None:
    if CONFIGS[config]:
        (tree / ".cargo").mkdir()
        (tree / ".cargo" / "config.toml").write_text(
            CONFIGS[config].format(host=rustc.host(tree))
        )
    has_own, data = compiled(tree)
    assert has_own == (config != "none")
    assert str(tree).encode() not in data


@pytest.mark.tools("cargo")
@pytest.mark.parametrize(
    "name", ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"]
)
def test_our_flags_join_those_of_the_caller(
    name: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        name, "--cfg\x1fproj" if "ENCODED" in name else "--cfg proj"
    )
    has_own, data = compiled(tree)
    assert has_own
    assert str(tree).encode() not in data


def test_a_target_folder_elsewhere_is_kept_out_as_well(
    tree: Path, tmp_path: Path
) -> None:
    _, env = rustflags.reproducible(
        tree,
        "x86_64-unknown-linux-gnu",
        tmp_path / "elsewhere",
        {"CARGO_HOME": str(tree / "home")},
    )
    flags = env["CARGO_BUILD_RUSTFLAGS"].split()
    assert (
        f"--remap-path-prefix={tmp_path / 'elsewhere'}=/source/target" in flags
    )
    # the last one that matches counts, so the inner folder must come after the outer one
    assert flags.index(f"--remap-path-prefix={tree}=/source") < flags.index(
        f"--remap-path-prefix={tree / 'home'}=/cargo"
    )


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("cfg(unix)", True),
        ("cfg(windows)", False),
        ('cfg(target_os = "linux")', True),
        ('cfg(all(unix, target_arch="x86_64"))', True),
        ('cfg(all(unix, not(target_os = "linux")))', False),
        ('cfg(any(windows, all(unix, target_env = "gnu")))', True),
        ("cfg(not(any(unix, windows)))", False),
        ("cfg(all())", True),
        ("cfg(any())", False),
    ],
)
def test_conditions_mean_what_they_mean_to_cargo(
    condition: str, holds: bool
) -> None:
    facts = [
        'target_arch="x86_64"',
        'target_env="gnu"',
        'target_os="linux"',
        "unix",
    ]
    assert rustflags.applies(condition, facts) is holds


def can_build(tree: Path, target: str) -> bool:
    try:
        return bool(rustc.environments(tree, [target], ""))
    except ReleaseError:
        return False


def only_rustc(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no program be found but rustc."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "rustc").symlink_to(str(shutil.which("rustc")))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(sys, "executable", str(programs / "python"))


def compiled(tree: Path) -> tuple[bool, bytes]:
    """Compile the program; return whether the project's own flag reached it, and its bytes."""
    workspace, here = cargo.workspace(tree), rustc.host(tree)
    extra, env = rustflags.reproducible(tree, here, workspace.target, {})
    wanted = cargo_build.ProgramRequest(
        "hello", "hello", here, options=extra, env=env
    )
    cargo_build.program(Context(), tree, wanted)
    program = cargo_build.file_of(workspace.target, "hello", here)
    said = subprocess.run(
        [program], check=True, capture_output=True, text=True
    ).stdout
    return said == "true\n", program.read_bytes()

"""rustup: a toolchain that a project needs and this machine has not is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.shell import Failed
from release_tasks.tools.rustup import missing_toolchain, without_backtrace

HOST = "x86_64-unknown-linux-gnu"
STACK = "\n\nStack backtrace:\n   0: anyhow::error::from\n   1: main\n"


def failed(output: str) -> Failed:
    return Failed(["cargo", "metadata"], 1, output)


@pytest.fixture(autouse=True)
def _no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUSTUP_TOOLCHAIN", raising=False)


@pytest.mark.parametrize(
    ("output", "fact", "fix"),
    [
        (
            f"error: toolchain '1.39.0-{HOST}' is not installed\n"
            f"help: run `rustup toolchain install`{STACK}",
            "the toolchain 1.39.0, which rust-toolchain.toml names, is not installed",
            "rustup toolchain install 1.39.0",
        ),
        (
            "error: toolchain 'nightly-2020-01-01-aarch64-apple-darwin' is not installed",
            "the toolchain nightly-2020-01-01, which rust-toolchain.toml names, is not installed",
            "rustup toolchain install nightly-2020-01-01",
        ),
        (
            f"error: 'cargo' is not installed for the toolchain '1.80.0-{HOST}'.",
            "the toolchain 1.80.0, which rust-toolchain.toml names, has no cargo",
            "rustup component add cargo --toolchain 1.80.0",
        ),
    ],
)
def test_what_is_missing_is_named_with_how_to_install_it(
    output: str, fact: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / "rust-toolchain.toml").write_text("")
    error = missing_toolchain(failed(output), tmp_path)
    assert error is not None
    assert (error.problem, error.fix) == (fact, fix)


def test_another_error_of_cargo_is_none_of_rustup(tmp_path: Path) -> None:
    assert (
        missing_toolchain(failed("error: failed to parse manifest"), tmp_path)
        is None
    )


def test_the_variable_that_names_a_toolchain_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSTUP_TOOLCHAIN", "1.38")
    error = missing_toolchain(
        failed(f"toolchain '1.38-{HOST}' is not installed"), tmp_path
    )
    assert error is not None
    assert (
        error.problem
        == "the toolchain 1.38, which RUSTUP_TOOLCHAIN names, is not installed"
    )


def test_a_stack_of_functions_is_not_shown() -> None:
    assert without_backtrace(f"error: no{STACK}") == "error: no"

"""Crates that real cargo published are fetched and installed by real cargo."""

from __future__ import annotations

import pytest
from invoke.context import Context
from support.published_project import Releasing, facts, left_behind, run

from release_tasks.checks.published import crates
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("cargo", "git"), pytest.mark.slow]
PACKAGE = """[package]
name = "{name}"
version = "0.2.0"
edition = "2021"
description = "Says hello"
license = "MIT"
"""
PROGRAM = 'fn main() { println!("hello {}", env!("CARGO_PKG_VERSION")); }\n'


def workspace(program: str = PROGRAM, manifest: str = "") -> dict[str, str]:
    return {
        "Cargo.toml": '[workspace]\nmembers = ["words", "hello"]\nresolver = "2"\n',
        "words/Cargo.toml": PACKAGE.format(name="fetched-words"),
        "words/src/lib.rs": 'pub const HELLO: &str = "hello";\n',
        "hello/Cargo.toml": PACKAGE.format(name="fetched-hello") + manifest,
        "hello/src/main.rs": program,
        "hello/README.md": "# Hello\n",
        ".gitignore": "target\nCargo.lock\n",
    }


def publish(release: Release, *names: str) -> Release:
    for name in names or ("words", "hello"):
        run(
            "cargo",
            "publish",
            "--quiet",
            "--no-verify",
            cwd=release.checkout / name,
        )
    return release


def verify(release: Release) -> list[str]:
    return facts(crates.verify(Context(), release))


@pytest.mark.statement("B5.32")
def test_published_crates_are_fetched_and_their_programs_run(
    releasing: Releasing, tmp_path, capsys
):
    release = publish(releasing(workspace()))
    assert verify(release) == []
    said = capsys.readouterr().err
    assert "all 2 crates download from crates.io as a dependency" in said
    assert "crates.io shows 1 readme\n" in said
    assert (
        "fetched-hello of fetched-hello 0.2.0 from crates.io runs and prints 0.2.0"
        in said
    )
    assert left_behind(tmp_path) == []


def test_a_program_of_another_version_is_found(releasing: Releasing):
    release = publish(
        releasing(workspace('fn main() { println!("hello 0.1.0"); }')),
        "hello",
        "words",
    )
    [problem] = verify(release)
    assert problem == (
        "fetched-hello of fetched-hello 0.2.0 from crates.io prints 'hello 0.1.0', "
        "expected 0.2.0"
    )


def test_a_crate_that_does_not_compile_is_found(releasing: Releasing):
    release = publish(releasing(workspace("fn main() { nonsense(); }")))
    [problem] = verify(release)
    assert problem.startswith(
        "fetched-hello 0.2.0 from crates.io cannot be installed: error"
    )


def test_exactly_the_crate_that_is_absent_is_named(
    releasing: Releasing, tmp_path
):
    release = publish(releasing(workspace()), "hello")
    [problem] = verify(release)
    assert problem.startswith(
        "fetched-words 0.2.0 from crates.io cannot be downloaded: error: "
    )
    assert left_behind(tmp_path) == []


def test_a_yanked_crate_is_found(releasing: Releasing):
    release = publish(releasing(workspace()))
    run("cargo", "yank", "fetched-words@0.2.0")
    [problem] = verify(release)
    assert "fetched-words 0.2.0 from crates.io cannot be downloaded" in problem


def test_a_file_that_differs_from_the_index_is_found(
    releasing: Releasing, registries
):
    release = publish(releasing(workspace()))
    path = registries.crates.store.file("fetched-words", "0.2.0")
    path.write_bytes(path.read_bytes() + b"more")
    [problem] = verify(release)
    assert "fetched-words 0.2.0 from crates.io cannot be downloaded" in problem


def test_a_crate_whose_programs_need_features_is_only_fetched(
    releasing: Releasing, capsys
):
    needs = (
        '[features]\ncli = []\n[[bin]]\nname = "fetched-hello"\npath = "src/main.rs"\n'
        'required-features = ["cli"]\n'
    )
    assert verify(publish(releasing(workspace(manifest=needs)))) == []
    assert "has no program by default" in capsys.readouterr().err


@pytest.mark.statement("B5.32")
def test_a_readme_that_is_not_rendered_is_said_and_no_problem(
    releasing: Releasing,
    registries: LocalRegistries,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {
        "Cargo.toml": PACKAGE.format(name="fetched-words"),
        "src/lib.rs": "",
        "README.md": "# Words\n",
        ".gitignore": "target\nCargo.lock\n",
    }
    release = publish(releasing(files), ".")
    registries.crates.store.readmes.clear()
    monkeypatch.setattr(crates, "README_WAIT", 0.1)
    assert verify(release) == []
    assert (
        "crates.io has not rendered the readme of fetched-words yet: "
        "https://static.crates.io/readmes/fetched-words/fetched-words-0.2.0.html"
    ) in capsys.readouterr().err


def test_a_project_without_crates_starts_no_cargo(
    releasing: Releasing, monkeypatch
):
    release = releasing(
        {
            "README.md": "hello",
            "release-tasks.toml": '[project]\nversion = "tag"\n',
        }
    )
    monkeypatch.setenv("PATH", "")
    assert verify(release) == []

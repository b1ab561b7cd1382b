"""The crates of the sample projects: which are published, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.local_registries import local_registries
from support.sample_projects import (
    HISTORIES,
    git,
    inv,
    sample,
    shown,
    unpublished,
)

from release_tasks.tools import cargo

pytestmark = pytest.mark.tools("git", "cargo")


def levels(root: Path) -> list[set[str]]:
    """Return the crates in the order of publication; those of a level need none of each other."""
    done: dict[str, int] = {}
    for member in cargo.in_order(cargo.workspace(root).members):
        done[member.name] = max(
            (done[need] + 1 for need in member.needs), default=0
        )
    return [
        {name for name, at in done.items() if at == level}
        for level in range(max(done.values()) + 1)
    ]


@pytest.mark.statement("B1.17", "B1.18", "B1.19")
def test_the_five_crates_of_llmtrace_are_published_from_core_to_the_proxy(
    tmp_path: Path,
) -> None:
    root = sample("llmtrace", tmp_path, "llmtrace")
    private = {
        member.name
        for member in cargo.workspace(root).members
        if not member.publish
    }
    assert private == {
        "llmtrace-python",
        "llmtrace-wasm",
        "llmtrace-benchmarks",
    }
    assert [level - private for level in levels(root)] == [
        {"llmtrace-core"},
        {"llmtrace-storage", "llmtrace-security", "llmtrace-sdk"},
        {"llmtrace"},
    ]
    [component] = shown(root)["components"]
    assert {crate["name"] for crate in component["crates"]} == set().union(
        *levels(root)
    ) - private


def test_the_order_of_llmcc_follows_build_dependencies_and_those_of_one_target(
    tmp_path: Path,
) -> None:
    languages = {
        f"llmcc-{name}"
        for name in (
            "cpp",
            "csharp",
            "go",
            "java",
            "js",
            "python",
            "rust",
            "ts",
        )
    }
    assert levels(sample("llmcc", tmp_path)) == [
        {"llmcc-bumpalo", "llmcc-error", "llmcc-bench"},
        {"llmcc-core", "llmcc-tree"},
        {"llmcc-dot", "llmcc-resolver"},
        languages,
        {"llmcc", "llmcc-test"},
    ]


@pytest.mark.statement("B1.24")
def test_a_dependency_without_a_version_is_refused_before_anything_is_public(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = sample("llmtrace", tmp_path, "llmtrace")
    manifest = root / "crates/llmtrace-sdk/Cargo.toml"
    manifest.write_text(
        manifest.read_text().replace(
            "llmtrace-core.workspace = true",
            'llmtrace-core = { path = "../llmtrace-core" }',
        )
    )
    git(root, "commit", "--quiet", "--all", "--message=Leave out a version")
    with local_registries(tmp_path, monkeypatch) as registries:
        registries.github.create(
            *HISTORIES["llmtrace"].repository.split("/"), root
        )
        found = inv(root, "check", "--version", "0.2.0", "--fast")
        assert found.returncode == 1
        assert (
            "crates/llmtrace-sdk/Cargo.toml depends on llmtrace-core by a path only, "
            "which crates.io refuses"
        ) in found.stderr
        assert inv(root, "bump", "--version", "0.2.0").returncode == 0
        assert inv(root, "tag", "--version", "0.2.0").returncode == 0
        ran = inv(root, "package-crates", "--version", "0.2.0")
        assert registries.log.writes() == ()
    assert ran.returncode == 1
    assert "dependency `llmtrace-core` does not specify a version" in ran.stderr


@pytest.mark.statement("B2.24")
def test_a_word_counts_from_the_version_that_a_crate_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = sample("llmcc-runbook", tmp_path, "llmcc-runbook")
    with (
        unpublished(["llmcc"]),
        local_registries(tmp_path, monkeypatch, offline=False) as registries,
    ):
        registries.github.create(
            *HISTORIES["llmcc-runbook"].repository.split("/"), root
        )
        for word, version in (
            ("minor", "0.2.0"),
            ("patch", "0.1.1"),
            ("major", "1.0.0"),
        ):
            assert (
                inv(
                    root, "bump", "--version", word, "--component", "llmcc"
                ).returncode
                == 0
            )
            assert (
                f'version = "{version}"'
                in (root / "crates/llmcc/Cargo.toml").read_text()
            )
            git(root, "checkout", "--quiet", ".")

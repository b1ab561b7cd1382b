"""caro: a crate with two programs, an image, bundles, and 26 copies of the version in a README."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from support.sample_projects import (
    added,
    changed,
    git,
    golden,
    inv,
    sample,
    shown,
)

pytestmark = pytest.mark.tools("git", "cargo")
PACKAGES = {
    "npm/package.json": '  "version": "1.2.0",',
    "nuget/caro.nuspec": "    <version>1.2.0</version>",
    "nuget/tools/install.ps1": '    [string]$Version = "1.2.0"',
}
LISTED = (
    "CLAUDE.md:3",
    "ROADMAP.md:3",
    "website/src/components/Footer.astro:3",
    "website/public/llm.txt:1",
    "docs-site/public/llm-full.txt:3",
    "tests/evaluation/harness.rs:3",
    "website/package.json:3",
    "demos/terminal/package.json:3",
)
STRANGERS = (
    ".claude-plugin/marketplace.json",
    ".specify/memory/constitution.md",
    "tests/evaluation/target/debug/output",
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")  # 2026-01-02
    return sample("caro", tmp_path, "caro")


def bump(root: Path, version: str = "1.2.0") -> str:
    done = inv(root, "bump", "--version", version)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_it_shows_one_crate_five_binaries_and_an_image(root: Path) -> None:
    found = shown(root)
    assert found == golden("caro", found)


def test_without_settings_only_the_crate_and_the_image_are_shipped(
    tmp_path: Path,
) -> None:
    root = sample("caro", tmp_path)
    found = shown(root)
    assert found == golden("caro-without-settings", found)
    said = bump(root)
    assert changed(root) == ["CHANGELOG.md", "Cargo.lock", "Cargo.toml"]
    assert "demos/terminal/package.json:3" in said


@pytest.mark.statement("B4.3")
def test_the_first_bump_moves_every_copy_that_the_settings_name(
    root: Path,
) -> None:
    bump(root)
    lines = added(root)
    assert (lines["Cargo.toml"], lines["Cargo.lock"]) == (
        ['version = "1.2.0"'],
        ['version = "1.2.0"'],
    )
    assert {
        path: [line] for path, line in PACKAGES.items()
    }.items() <= lines.items()
    readme = (root / "README.md").read_text()
    assert (
        readme.count("1.2.0"),
        len(lines["README.md"]),
        "1.1." in readme,
    ) == (
        26,
        13,
        False,
    )
    assert "Since 1.0.3 the name of a file holds its version" in readme
    assert set(changed(root)) == {
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "README.md",
        *PACKAGES,
    }
    argv = ["cargo", "metadata", "--locked", "--offline", "--format-version=1"]
    packages = json.loads(
        subprocess.run(argv, cwd=root, capture_output=True, check=True).stdout
    )["packages"]
    assert [(one["name"], one["version"]) for one in packages] == [
        ("caro", "1.2.0")
    ]


def test_what_no_settings_name_stays_and_is_listed(root: Path) -> None:
    said = bump(root)
    assert "npm/package.json:3 had 1.1.0, expected 1.1.3\n" in said
    assert [place for place in LISTED if f"  {place}: " not in said] == []
    assert [
        path for path in STRANGERS if "1.1.0" not in (root / path).read_text()
    ] == []


@pytest.mark.statement("B4.2")
def test_the_changelog_keeps_its_odd_headings_and_gets_the_section(
    root: Path,
) -> None:
    log = root / "CHANGELOG.md"
    before = re.findall("^#.*", log.read_text(), re.M)
    bump(root)
    after = log.read_text()
    assert [
        heading
        for heading in re.findall("^#.*", after, re.M)
        if heading != "## [1.2.0] - 2026-01-02"
    ] == before
    assert (
        "## [Unreleased]\n\n## [1.2.0] - 2026-01-02\n\n### ✨ Added\n\n#### Answers\n"
        in after
    )
    assert (
        "[1.2.0]: https://github.com/wildcard/caro/compare/v1.1.3...v1.2.0\n"
        in after
    )


@pytest.mark.statement("B4.8", "B4.10", "B4.11")
def test_its_tag_is_annotated_names_the_bump_and_waits_for_a_clean_tree(
    root: Path,
) -> None:
    bump(root)
    edited = changed(root)
    (root / "scribble.txt").write_text("a stranger\n")
    assert "scribble.txt" in inv(root, "tag", "--version", "1.2.0").stderr
    (root / "scribble.txt").unlink()
    assert inv(root, "tag", "--version", "1.2.0").returncode == 0
    assert (
        git(
            root,
            "for-each-ref",
            "refs/tags/v1.2.0",
            "--format=%(objecttype) %(subject)",
        )
        == "tag Release v1.2.0\n"
    )
    assert git(root, "show", "--name-only", "--format=").split() == edited
    git(root, "push", "--quiet", "origin", "v1.2.0")
    git(root, "commit", "--quiet", "--allow-empty", "--message=Go on")
    again = git(root, "rev-parse", "v1.2.0")
    inv(root, "tag", "--version", "1.2.0")
    assert git(root, "rev-parse", "v1.2.0") == again


def test_its_assets_are_ten_files_and_twenty_of_bundles(root: Path) -> None:
    places = (
        "linux-amd64",
        "linux-arm64",
        "macos-intel",
        "macos-silicon",
        "windows-amd64",
    )
    [component] = shown(root)["components"]
    assert [row["file"] for row in component["binaries"]] == [
        f"caro-{{version}}-{place}{'.exe' * (place == places[4])}"
        for place in places
    ]
    assert component["bundles"] == [
        f"caro-{{version}}-{place}-with-{model}.tar.gz"
        for place in places
        for model in ("qwen-1.5b", "smollm-135m")
    ]

"""`inv --dry release` prints every command and edit, and changes nothing anywhere."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from support.hosted_project import hosted_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "helm"),
]
EXPECTED = (
    "cargo fmt",
    "git commit",
    "git tag",
    "cargo package",
    "cargo rustc",
    "-m build",
    "helm package",
    "docker buildx build",
    "git push",
    "gh release create",
    "gh api --silent -X POST",
    "imagetools create",
    "helm push",
    "twine --no-color upload",
    "cargo publish",
    "gh release edit",
)


def snapshot(folder: Path) -> dict[str, str]:
    files = (
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git/index" not in str(path)
    )
    return {
        str(path.relative_to(folder)): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in files
    }


def test_a_dry_release_prints_every_command_and_changes_nothing(
    tmp_path: Path,
) -> None:
    with hosted_project(tmp_path) as kit:
        clone = kit.clone()
        before, refs = (
            snapshot(clone),
            subprocess.run(
                ["git", "show-ref"], cwd=clone, capture_output=True, check=True
            ),
        )

        ran = kit.inv(
            clone, "--dry", "release", "--version", "0.2.0", "--new", "all"
        )

        assert ran.code == 0, ran.err[-3000:]
        assert [words for words in EXPECTED if words not in ran.err] == []
        assert '+version = "0.2.0"' in ran.err
        assert "## [0.2.0] - 2026-01-02" in ran.err
        assert snapshot(clone) == before
        assert (
            subprocess.run(
                ["git", "show-ref"], cwd=clone, capture_output=True, check=True
            ).stdout
            == refs.stdout
        )
        assert kit.registries.log.writes() == ()


def test_a_plan_names_the_commands_of_each_step_and_why_a_step_is_skipped(
    tmp_path: Path,
) -> None:
    with hosted_project(tmp_path) as kit:
        clone = kit.clone()

        ran = kit.inv(clone, "plan", "--version", "0.2.0", "--json")

        rows = {row["step"]: row for row in ran.json()["steps"]}
        assert ran.code == 0, ran.err
        assert any(
            command.startswith("cargo publish")
            for command in rows["publish-crates"]["commands"]
        )
        assert all(row["commands"] or row["notes"] for row in rows.values())
        assert ran.json()["wait_seconds"] == 0
        assert len(
            [
                entry
                for entry in kit.registries.log.entries()
                if "info/refs?service=git-upload-pack" in entry.target
            ]
        ) < len(rows)
        assert kit.registries.log.writes() == ()

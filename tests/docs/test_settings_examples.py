"""Each settings table has an example in docs/settings.md, and each example takes effect."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.repositories import commit_files, git
from support.sample_projects import inv

from release_tasks.project.settings import FILE, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
EXAMPLE = re.compile(r"^### `\[(\w+)\]`\n\n```toml\n(.*?)^```", re.M | re.S)
EXAMPLES = dict(EXAMPLE.findall(PAGE.read_text().split("\n## Examples\n")[1]))
CRATE = """\
[package]
name = "{name}"
version = "0.1.0"
edition = "2021"
description = "Says how bright it is"
license = "MIT"

[features]
bright = []
"""
LANTERN = {
    "tasks.py": "from release_tasks import ns\n",
    "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
    "crates/lantern/Cargo.toml": CRATE.format(name="lantern"),
    "crates/lantern/src/main.rs": "fn main() {}\n",
    "crates/lantern-core/Cargo.toml": CRATE.format(name="lantern-core"),
    "crates/lantern-core/src/lib.rs": "",
    "python/pyproject.toml": (
        '[build-system]\nrequires = ["maturin>=1.9"]\n'
        'build-backend = "maturin"\n'
        '[project]\nname = "lantern-py"\nversion = "0.1.0"\n'
        '[tool.maturin]\nmanifest-path = "../crates/lantern/Cargo.toml"\n'
    ),
    "Dockerfile": "FROM scratch\nARG COMMIT\n",
    "deploy/lantern/Chart.yaml": (
        "apiVersion: v2\nname: lantern\nversion: 0.1.0\nappVersion: 0.1.0\n"
    ),
    "docs/install.md": "lantern-0.1.0-linux\ncargo install lantern@0.1.0\n",
    "docs/install.sh": "exit 0\n",
    "package.json": '{"version": "0.1.0"}\n',
}


def settings_of(root: Path) -> list[dict[str, Any]]:
    done = inv(root, "settings", "--json")
    assert done.returncode == 0, done.stderr
    assert "question" not in done.stdout, done.stdout
    rows: list[dict[str, Any]] = json.loads(done.stdout)["settings"]
    return rows


def written(table: dict[str, Any]) -> int:
    """Return how many values a table has that are not tables themselves."""
    nested = [value for value in table.values() if isinstance(value, dict)]
    return len(table) - len(nested) + sum(map(written, nested))


def test_every_table_has_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(Settings.__struct_fields__)


@pytest.mark.tools("git", "cargo")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_takes_effect(name: str, tmp_path: Path) -> None:
    text = EXAMPLES[name]
    root = commit_files(tmp_path / "lantern", LANTERN | {FILE: text})
    git(root, "remote", "add", "origin", "https://github.com/example/lantern")
    rows = settings_of(root)
    tables = {row["table"] for row in rows if row["source"] == "settings"}
    assert any(table.split(".")[0] == name for table in tables)
    assert name in tomllib.loads(text)
    assert written(tomllib.loads(text)[name]) >= 1

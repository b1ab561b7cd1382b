"""Bumps of a workspace below the root: manifests, pins, locks, crates outside of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files, git, write_files

from release_tasks.bumping import bump
from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import dependencies
from release_tasks.errors import ReleaseError
from release_tasks.release import Release

pytestmark = pytest.mark.tools("git", "cargo")

CRATE = (
    '[package]\nname = "{0}"\nversion = "0.3.0"\nedition = "2021"\n'
    'description = "Light"\nlicense = "MIT"\n[dependencies]\n'
)
LAMP = 'lamp = {{ path = "{0}", version = "0.3.0" }}\n'
FILES = {
    "rust/Cargo.toml": (
        '[workspace]\nmembers = ["lamp", "cli"]\nexclude = ["fuzz"]\n'
        'resolver = "2"\n[patch.crates-io]\nlamp = { path = "lamp" }\n'
    ),
    "rust/lamp/Cargo.toml": CRATE.format("lamp"),
    "rust/cli/Cargo.toml": CRATE.format("lamp-cli") + 'lamp = "0.3.0"\n',
    "rust/fuzz/Cargo.toml": CRATE.format("fuzz") + LAMP.format("../lamp"),
    "bindings/python/Cargo.toml": (
        CRATE.format("lamp-python").replace("0.3.0", "0.1.0")
        + LAMP.format("../../rust/lamp")
    ),
    "other/Cargo.toml": CRATE.format("other") + 'lamp = "0.3.0"\n',
    ".gitignore": "target/\nfuzz/Cargo.lock\n",
    "tasks.py": "from release_tasks import ns\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sources = {
        path.replace("Cargo.toml", "src/lib.rs"): ""
        for path in FILES
        if path.endswith("Cargo.toml") and path != "rust/Cargo.toml"
    }
    settings = {"release-tasks.toml": "[crates.lamp]\nverify = true\n"}
    found = write_files(tmp_path / "lamp", FILES | sources | settings)
    for folder in ("rust", "bindings/python"):
        lock = ["cargo", "generate-lockfile", "--quiet", "--offline"]
        subprocess.run(lock, cwd=found / folder, check=True)
    commit_files(found, {})
    monkeypatch.chdir(found)
    return found


def bumped(root: Path) -> str:
    """Bump to 0.4.0, and return the lines that were removed or added, below each path."""
    bump.write(context(), Release.at(context(), "0.4.0"))
    text = ""
    diff = git(root, "diff", "--unified=0", "--no-prefix")
    for line in diff.splitlines():
        if line.startswith("+++ "):
            text += f"{line[4:]}\n"
        elif line.startswith("+"):
            text += f"{line}\n"
    return text


def test_everything_that_leads_to_the_crates_of_the_folder_follows(
    root: Path,
) -> None:
    assert bumped(root) == (
        "bindings/python/Cargo.lock\n"
        '+version = "0.4.0"\n'
        "bindings/python/Cargo.toml\n"
        '+lamp = { path = "../../rust/lamp", version = "0.4.0" }\n'
        "rust/Cargo.lock\n"
        '+version = "0.4.0"\n'
        '+version = "0.4.0"\n'
        "rust/cli/Cargo.toml\n"
        '+version = "0.4.0"\n'
        '+lamp = "0.4.0"\n'
        "rust/fuzz/Cargo.toml\n"
        '+lamp = { path = "../lamp", version = "0.4.0" }\n'
        "rust/lamp/Cargo.toml\n"
        '+version = "0.4.0"\n'
    )
    for folder in ("rust", "bindings/python"):
        argv = [
            "cargo",
            "metadata",
            "--locked",
            "--offline",
            "--format-version=1",
        ]
        subprocess.run(argv, cwd=root / folder, check=True, capture_output=True)
    assert bump.unwritten(Release.at(context(), "0.4.0")) == ()


def test_a_lock_that_was_behind_is_told_and_renewed(root: Path) -> None:
    lock = root / "rust/Cargo.lock"
    text = lock.read_text()
    behind = text.replace(
        'name = "lamp-cli"\nversion = "0.3.0"',
        'name = "lamp-cli"\nversion = "0.2.9"',
    )
    assert behind != text
    commit_files(root, {"rust/Cargo.lock": behind})
    case = CheckContext(context(), Release.at(context(), "0.4.0"))
    (found,) = dependencies.stale_lock(case)
    assert found.file == "rust/Cargo.lock"
    assert found.fix == (
        "cargo update --workspace --manifest-path rust/Cargo.toml, "
        "and commit rust/Cargo.lock"
    )
    subprocess.run(found.fix.partition(",")[0].split(), check=True)
    assert lock.read_text() == text

    lock.write_text(behind)
    commit_files(root, {})
    bumped(root)
    assert lock.read_text().count('version = "0.4.0"') == 2


def test_an_interrupted_bump_goes_on_and_other_changes_stop_it(
    root: Path,
) -> None:
    whole = bumped(root)
    git(root, "checkout", "rust/lamp/Cargo.toml", "rust/Cargo.lock")
    assert bumped(root) == whole
    write_files(root, {"rust/lamp/src/lib.rs": "pub fn two() {}\n"})
    with pytest.raises(ReleaseError) as refusal:
        bumped(root)
    assert refusal.value.problem == "uncommitted changes: rust/lamp/src/lib.rs"

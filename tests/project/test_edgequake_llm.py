"""edgequake-llm: a crate and a Python package that pins it, each with its own version."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.local_registries import local_registries
from support.sample_projects import (
    added,
    changed,
    git,
    golden,
    inv,
    sample,
    shown,
)

from release_tasks.rehearsal.registries import LocalRegistries

pytestmark = pytest.mark.tools("git", "cargo")
BOTH = "edgequake-llm=0.6.27,edgequake-litellm=0.6.13"
PIN = 'edgequake-llm = { path = "..", version = "0.6.14", features = ["bedrock"] }'
NO_PYTHON = {"CHANGELOG.md", "Cargo.lock", "Cargo.toml", "README.md"}
NO_CORE = {
    "Cargo.lock",
    "edgequake-litellm/CHANGELOG.md",
    "edgequake-litellm/Cargo.toml",
    "edgequake-litellm/pyproject.toml",
}


@pytest.fixture(scope="module", autouse=True)
def reading(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    """cargo reads the few third-party crates through the local crates.io."""
    with pytest.MonkeyPatch.context() as patch:
        if not is_installed("1.95.0"):  # the one that rust-toolchain.toml wants
            patch.setenv("RUSTUP_TOOLCHAIN", "stable")
        with local_registries(
            tmp_path_factory.mktemp("reading"), patch, offline=False
        ) as started:
            yield started


def is_installed(toolchain: str) -> bool:
    rustup = shutil.which("rustup")
    return (
        rustup is None
        or subprocess.run(
            [rustup, "run", toolchain, "rustc", "-V"],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sample("edgequake-llm", tmp_path, "edgequake-llm")


def bump(root: Path, *words: str) -> str:
    done = inv(root, "bump", "--version", *words)
    assert done.returncode == 0, done.stderr
    git(root, "diff", "--check")
    return done.stderr


def test_it_shows_two_components_with_what_each_ships(root: Path) -> None:
    found = shown(root)
    assert found == golden("edgequake-llm", found)


@pytest.mark.statement("B5.1")
def test_without_settings_two_versions_are_a_question_and_its_lines_are_the_answer(
    tmp_path: Path,
) -> None:
    root = sample("edgequake-llm", tmp_path)
    asked = inv(root, "settings")
    assert asked.returncode == 1
    assert asked.stderr == (
        "error: the crates and Python packages have different versions: 0.6.12, 0.6.26\n"
        "  help: give them one version, leave some out with [crates] ignore, or add "
        "components to release-tasks.toml:\n"
        '[components.edgequake-llm]\ntag = "v{version}"\ncrates = ["edgequake-llm"]\n'
        "latest = true\n"
        '[components.edgequake-litellm]\ntag = "py-v{version}"\npython = ["edgequake-litellm"]\n'
    )
    (root / "release-tasks.toml").write_text(
        asked.stderr.partition("release-tasks.toml:\n")[2]
    )
    git(root, "add", "release-tasks.toml")
    git(root, "commit", "--quiet", "--message=Answer")
    rows = {
        row["name"]: (row["tag"], row["version"], row["changelog"])
        for row in shown(root)["components"]
    }
    assert rows == {
        "edgequake-llm": ("v{version}", "0.6.26", "CHANGELOG.md"),
        "edgequake-litellm": (
            "py-v{version}",
            "0.6.12",
            "edgequake-litellm/CHANGELOG.md",
        ),
    }


@pytest.mark.statement("B5.6", "B5.7", "B5.10", "B5.11", "B5.14", "B5.15")
def test_the_first_bump_of_both_moves_every_copy_and_no_other(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date().isoformat()
    # where it is another day
    monkeypatch.setenv(
        "TZ", "UTC-14" if datetime.now(UTC).hour >= 12 else "UTC+12"
    )
    said = bump(root, BOTH)
    assert set(changed(root)) == NO_PYTHON | NO_CORE
    assert added(root) == {
        "CHANGELOG.md": [f"## [0.6.27] - {today}", ""],
        "Cargo.lock": ['version = "0.6.13"', 'version = "0.6.27"'],
        "Cargo.toml": ['version = "0.6.27"'],
        "README.md": [
            'edgequake-llm = "0.6.27"',
            'edgequake-llm = { version = "0.6.27", features = ["bedrock"] }',
        ],
        "edgequake-litellm/CHANGELOG.md": [f"## [0.6.13] - {today}", ""],
        "edgequake-litellm/Cargo.toml": ['version = "0.6.13"'],
        "edgequake-litellm/pyproject.toml": ['version = "0.6.13"'],
    }
    assert "README.md:30 had 0.6.14, expected 0.6.26" in said
    assert "  README.md:52: | Bedrock | yes | no | 0.6.14 |" in said
    assert "0.6.17" not in said
    log = (root / "CHANGELOG.md").read_text()
    assert f"## [Unreleased]\n\n## [0.6.27] - {today}\n\n### Fixed\n" in log
    assert log.endswith(
        "[0.2.0]: https://github.com/raphaelmansuy/edgequake-llm/releases/tag/v0.2.0\n"
    )
    assert PIN in (root / "edgequake-litellm/Cargo.toml").read_text()
    assert metadata(root) == {
        "edgequake-llm": "0.6.27",
        "edgequake-litellm": "0.6.13",
    }


@pytest.mark.statement("B5.16")
def test_a_bump_names_every_file_that_shows_the_new_version(root: Path) -> None:
    done = inv(root, "bump", "--version", BOTH, "--json")
    assert set(json.loads(done.stdout)["files"]) == NO_PYTHON | NO_CORE
    shown = inv(root, "bump", "--version", BOTH, "--show").stderr
    lines = [line.strip() for line in shown.splitlines()]
    for line in (
        "Cargo.toml:7: [package] version is 0.6.27",
        "edgequake-litellm/Cargo.toml:3: [package] version is 0.6.13",
        "edgequake-litellm/pyproject.toml:7: [project] version is 0.6.13",
    ):
        assert line in lines, shown
    manifest = root / "Cargo.toml"
    manifest.write_text(manifest.read_text().replace("0.6.27", "0.6.28", 1))
    git(root, "commit", "--quiet", "--all", "--message=By hand")
    # what is in the files is shown, whatever the bump would write
    rows = json.loads(
        inv(root, "--dry", "bump", "--version", BOTH, "--show", "--json").stdout
    )["versions"]
    row = next(row for row in rows if row["file"] == "Cargo.toml")
    assert (row["line"], row["version"]) == (7, "0.6.28")


def metadata(root: Path) -> dict[str, str]:
    """Return the versions by `cargo metadata --locked`, which fails where the lock disagrees."""
    argv = ["cargo", "metadata", "--locked", "--format-version=1"]
    done = subprocess.run(
        argv, cwd=root, capture_output=True, text=True, check=True
    )
    return {
        one["name"]: one["version"]
        for one in json.loads(done.stdout)["packages"]
        if one["source"] is None
    }


@pytest.mark.statement("B5.13")
def test_core_alone_leaves_the_python_package_and_its_pin(root: Path) -> None:
    bump(root, "0.6.27", "--component", "edgequake-llm")
    assert set(changed(root)) == NO_PYTHON
    assert metadata(root) == {
        "edgequake-llm": "0.6.27",
        "edgequake-litellm": "0.6.12",
    }


def test_the_python_package_alone_leaves_core(root: Path) -> None:
    bump(root, "edgequake-litellm=0.6.13")
    assert set(changed(root)) == NO_CORE | {"README.md"}
    assert added(root)["README.md"][0] == 'edgequake-llm = "0.6.26"'
    assert metadata(root) == {
        "edgequake-llm": "0.6.26",
        "edgequake-litellm": "0.6.13",
    }


@pytest.mark.statement("B5.13")
def test_a_pin_that_is_kept_and_no_longer_fits_stops_the_bump(
    root: Path,
) -> None:
    done = inv(root, "bump", "--version", "edgequake-llm=0.7.0")
    assert done.returncode == 1
    assert (
        "edgequake-llm in [dependencies] is kept at 0.6.14, which 0.7.0 does not satisfy"
        in done.stderr
    )
    assert changed(root) == []


@pytest.mark.statement("B5.11")
def test_a_pin_that_follows_goes_with_core(root: Path) -> None:
    settings = root / "release-tasks.toml"
    settings.write_text(settings.read_text().replace('"keep"', '"follow"'))
    git(root, "commit", "--quiet", "--all", "--message=Let the pin follow")
    bump(root, "edgequake-llm=0.7.0,edgequake-litellm=0.7.0")
    assert added(root)["edgequake-litellm/Cargo.toml"] == [
        'version = "0.7.0"',
        PIN.replace("0.6.14", "0.7.0"),
    ]
    assert metadata(root) == {
        "edgequake-llm": "0.7.0",
        "edgequake-litellm": "0.7.0",
    }


@pytest.mark.statement("B2.23")
def test_a_setting_keeps_the_versions_of_both_equal(root: Path) -> None:
    settings = root / "release-tasks.toml"
    text = settings.read_text()
    settings.write_text(text.replace("[project]", "[project]\ntogether = true"))
    git(root, "commit", "--quiet", "--all", "--message=Keep them equal")
    warned = inv(root, "check", "--fast", "--version", "0.6.27").stderr
    apart = (
        "the versions differ: edgequake-llm 0.6.26, edgequake-litellm 0.6.12"
    )
    assert apart in warned
    alone = inv(root, "bump", "--version", "edgequake-litellm=0.6.13")
    assert (alone.returncode, changed(root)) == (1, [])
    assert "edgequake-llm 0.6.26, edgequake-litellm 0.6.13" in alone.stderr
    bump(root, "0.6.27")
    assert metadata(root) == dict.fromkeys(metadata(root), "0.6.27")
    assert 'version = "0.6.27"' in (
        (root / "edgequake-litellm/pyproject.toml").read_text()
    )
    git(root, "commit", "--quiet", "--all", "--message=Bump both")
    warned = inv(root, "check", "--fast", "--version", "0.6.28").stderr
    assert "the versions differ" not in warned


@pytest.mark.statement("B5.12")
def test_a_pyproject_that_differs_from_its_crate_is_repaired_and_without_that_there_is_no_tag(
    root: Path,
) -> None:
    project = root / "edgequake-litellm/pyproject.toml"
    project.write_text(project.read_text().replace('"0.6.12"', '"0.6.11"'))
    git(root, "commit", "--quiet", "--all", "--message=Forget one")
    assert (
        "does not have the version of edgequake-litellm 0.6.13"
        in inv(root, "tag", "--version", "edgequake-litellm=0.6.13").stderr
    )
    assert "py-v0.6.13" not in git(root, "tag")
    assert "edgequake-litellm/Cargo.toml:3 had 0.6.12, expected 0.6.11" in bump(
        root, "edgequake-litellm=0.6.13"
    )
    assert (
        added(root)["edgequake-litellm/pyproject.toml"]
        == added(root)["edgequake-litellm/Cargo.toml"]
    )


@pytest.mark.statement("B5.12")
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Cargo.toml", "the crate edgequake-litellm"),
        ("pyproject.toml", "edgequake-litellm"),
    ],
)
def test_a_tag_by_hand_where_a_pyproject_and_its_crate_differ_releases_nothing(
    root: Path, path: str, name: str
) -> None:
    bump(root, "edgequake-litellm=0.6.13")
    behind = root / "edgequake-litellm" / path
    behind.write_text(behind.read_text().replace('"0.6.13"', '"0.6.12"'))
    git(root, "commit", "--quiet", "--all", "--message=Bump by half")
    git(root, "tag", "--annotate", "--message=By hand", "py-v0.6.13")
    done = inv(root, "build-wheels", "--version", "edgequake-litellm=0.6.13")
    assert done.returncode == 1
    assert (
        f"at the tag py-v0.6.13 the manifest of {name} has 0.6.12, expected 0.6.13\n"
        "  help: inv retag" in done.stderr
    )

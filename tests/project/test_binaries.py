"""Which crate has a program, and with which features and profile it is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.project.binaries import binaries
from release_tasks.project.model import Binary, Crate, Unresolved
from release_tasks.project.settings_file import load
from release_tasks.tools.cargo import Workspace

TARGET = "x86_64-unknown-linux-gnu"


def found(
    folder: Path, lines: str = "", *programs: tuple[str, str]
) -> tuple[Binary, ...] | Unresolved:
    """Return the program `tool` of a workspace that has `programs` (crate, program)."""
    table = f'[binaries.tool]\n{TARGET} = "tool-{{version}}"\n{lines}\n'
    (folder / "release-tasks.toml").write_text(table)
    manifest = '[workspace]\n[profile.small]\ninherits = "release"\n'
    (folder / "Cargo.toml").write_text(manifest)
    names = programs or (("one", "tool"),)
    crates = tuple(
        Crate(one, "0.1.0", folder, binaries=(bin,)) for one, bin in names
    )
    packages = {crate: _package(crate, bin) for crate, bin in names}
    workspace = Workspace((), folder / "target", True, packages, folder)
    return binaries(crates, load(folder), workspace)


def _package(name: str, program: str) -> dict[str, Any]:
    target = {"kind": ["bin"], "name": program, "required-features": ["cli"]}
    return {
        "name": name,
        "features": {"cli": [], "tls": []},
        "targets": [target],
    }


def test_the_features_that_a_program_requires_are_always_on(
    tmp_path: Path,
) -> None:
    [binary] = found(tmp_path)  # type: ignore[misc]
    assert (binary.crate, binary.features) == ("one", ("cli",))
    assert binary.profile == "release"


@pytest.mark.parametrize(
    ("lines", "crate", "features", "profile"),
    [
        ('crate = "two"', "two", ("cli",), "release"),
        ('package = "two"', "two", ("cli",), "release"),
        ('crate = "one"\nfeatures = ["tls"]', "one", ("tls", "cli"), "release"),
        (
            'crate = "one"\nfeatures = ["dep/x"]',
            "one",
            ("dep/x", "cli"),
            "release",
        ),
        ('crate = "one"\nprofile = "small"', "one", ("cli",), "small"),
        ('crate = "one"\nprofile = "dev"', "one", ("cli",), "dev"),
    ],
)
def test_the_settings_choose_crate_features_and_profile(
    tmp_path: Path,
    lines: str,
    crate: str,
    features: tuple[str, ...],
    profile: str,
) -> None:
    [binary] = found(tmp_path, lines, ("one", "tool"), ("two", "tool"))  # type: ignore[misc]
    assert (binary.crate, binary.features) == (crate, features)
    assert (binary.profile, binary.file) == (profile, "tool-{version}")


@pytest.mark.parametrize(
    ("lines", "fact", "fix"),
    [
        (
            "",
            "several crates have a binary tool: one, two",
            'add to [binaries.tool]: crate = "one"  # or two',
        ),
        ('crate = "three"', "crate three has no binary tool", 'crate = "one"'),
        (
            'crate = "one"\npackage = "two"',
            "crate and package name two crates, one and two",
            "remove one of them from [binaries.tool]",
        ),
        (
            'crate = "one"\nfeatures = ["gui"]',
            "features: one has no feature gui",
            "available: cli, tls",
        ),
        (
            'crate = "one"\nprofile = "tiny"',
            "profile: there is no profile tiny",
            "available: bench, dev, release, small, test",
        ),
    ],
)
def test_what_cannot_be_decided_or_is_not_there_is_a_question(
    tmp_path: Path, lines: str, fact: str, fix: str
) -> None:
    answer = found(tmp_path, lines, ("one", "tool"), ("two", "tool"))
    assert isinstance(answer, Unresolved)
    assert fact in answer.problem
    assert answer.fix == fix


@pytest.mark.parametrize(
    ("table", "fact", "fix"),
    [
        (
            '[binaries.tool]\nx86_64-apple-darwin = "Tool {version} (mac).zip"\n',
            "GitHub renames it to Tool.1.2.3.mac.zip",
            '"x86_64-apple-darwin" = "Tool.{version}.mac.zip"',
        ),
        (
            '[binaries.tool]\nx86_64-apple-darwin = "bin/tool"\n',
            "GitHub renames it to bin.tool",
            '"x86_64-apple-darwin" = "bin.tool"',
        ),
        (
            '[binaries.tool]\nx86_64-apple-darwin = "tool-{version}.tar.lz"\n',
            "would be a bare program, as .tar.lz is not packed",
            '"x86_64-apple-darwin" = "tool-{version}.tar.gz"',
        ),
        (
            '[binaries.tool]\nx86_64-apple-darwin = "tool-{version}.dmg"\n',
            "would be a bare program, as .dmg is not packed",
            '"x86_64-apple-darwin" = "tool-{version}.tar.gz"',
        ),
        (
            '[bundles."{asset} {variant}.zip"]\nbig = {url = "u", sha256 = "s", license = "l"}\n',
            "GitHub renames it to a.big.zip",
            "use only letters, digits,",
        ),
        (
            '[bundles."{asset}-{variant}"]\nbig = {url = "u", sha256 = "s", license = "l"}\n',
            "is not the name of an archive",
            "let it end with one of: .tar.gz",
        ),
    ],
)
def test_a_file_that_github_renames_or_nobody_can_unpack_is_refused_when_read(
    tmp_path: Path, table: str, fact: str, fix: str
) -> None:
    (tmp_path / "release-tasks.toml").write_text(table)
    with pytest.raises(ReleaseError) as error:
        load(tmp_path)
    assert fact in error.value.problem
    assert error.value.fix.startswith(fix)


def test_an_unknown_key_of_a_binary_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "release-tasks.toml").write_text(
        '[binaries.tool]\nfeature = "x"\n'
    )
    with pytest.raises(ReleaseError, match="unknown key feature") as error:
        load(tmp_path)
    assert error.value.fix == "did you mean features?"

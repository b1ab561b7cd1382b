"""Assets that real gh uploaded are downloaded as everybody does, compared and started."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from invoke.context import Context
from support.executables import AARCH64, elf
from support.published_project import (
    TARGET,
    Releasing,
    facts,
    left_behind,
    program,
    run,
)
from support.repositories import commit_files

from release_tasks import dist
from release_tasks.checks.published import assets
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git", "gh", "cargo", "cc"), pytest.mark.slow]
SETTINGS = f"""[project]
version = "tag"
[crates]
ignore = ["hello"]
[binaries.hello]
{TARGET} = "hello-here"
riscv64gc-unknown-linux-gnu = "hello-there"
"""
FILES = {
    "Cargo.toml": '[package]\nname = "hello"\nversion = "0.2.0"\nedition = "2021"\n',
    "src/main.rs": "fn main() {}\n",
    "release-tasks.toml": SETTINGS,
}
NAMES = ("hello-here", "hello-here.sha256", "hello-there", "hello-there.sha256")


@pytest.fixture
def release(releasing: Releasing) -> Release:
    return releasing(FILES)


@pytest.fixture
def built(tmp_path) -> Path:
    """Two binaries with their checksums, as a build leaves them."""
    folder = tmp_path / "built"
    (program(folder, "hello 0.2.0")).rename(folder / "hello-here")
    (folder / "hello-there").write_bytes(elf(243))  # EM_RISCV
    for name in ("hello-here", "hello-there"):
        checksum(folder / name)
    return folder


def checksum(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")


def publish(folder: Path, *words: str, names: tuple[str, ...] = NAMES) -> None:
    run(
        "gh",
        "release",
        "create",
        "v0.2.0",
        "--notes=",
        *words,
        *(folder / name for name in names),
        "--repo=example/hello",
    )


def verify(release: Release) -> list[str]:
    return facts(assets.verify(Context(), release))


def test_assets_are_downloaded_compared_and_started(
    release, built, tmp_path, capsys, registries
):
    publish(built)
    assert verify(release) == []
    said = capsys.readouterr().err
    assert "the release v0.2.0 is public" in said
    assert "4 assets of v0.2.0 downloaded, with the right sha256" in said
    assert "hello-here from GitHub runs and prints 0.2.0" in said
    assert left_behind(tmp_path) == []


def test_a_draft_is_not_public(release, built):
    publish(built, "--draft")
    assert verify(release) == ["GitHub has no public release of v0.2.0"]


@pytest.mark.statement("B2.37", "B3.33")
def test_a_missing_asset_is_found_and_the_others_are_compared(
    release, built, capsys
):
    publish(built, names=NAMES[:3])
    assert verify(release) == [
        "hello-there.sha256 of v0.2.0 cannot be downloaded from GitHub"
    ]
    assert "hello-here from GitHub runs" in capsys.readouterr().err


def test_an_asset_that_differs_from_its_checksum_is_found(release, built):
    (built / "hello-there.sha256").write_text("0" * 64 + "  hello-there\n")
    publish(built)
    [problem] = verify(release)
    assert problem.endswith("hello-there.sha256 has 000000000000")


def test_an_empty_checksum_is_found(release, built):
    (built / "hello-there.sha256").write_text("\n")
    publish(built)
    [problem] = verify(release)
    assert problem.endswith("but hello-there.sha256 has none")


def test_one_file_of_all_checksums_is_compared_with_each(release, built):
    sums = "".join(path.read_text() for path in sorted(built.glob("*.sha256")))
    (built / "SHA256SUMS").write_text(
        sums.replace("hello-there", "hello-elsewhere")
    )
    settings = SETTINGS.replace(
        "[binaries", '[github]\nassets = ["binaries", "SHA256SUMS"]\n[binaries'
    )
    commit_files(Path.cwd(), {"release-tasks.toml": settings})
    run("git", "tag", "-f", "-m", "0.2.0", "v0.2.0")
    run("git", "push", "-q", "-f", "origin", "v0.2.0")
    publish(built, names=("hello-here", "hello-there", "SHA256SUMS"))
    [problem] = verify(Release.at(Context(), "0.2.0"))
    assert problem.startswith("hello-there from GitHub has sha256 ")
    assert problem.endswith("but SHA256SUMS has none")


def test_an_asset_that_differs_from_what_was_built_is_found(release, built):
    part = release.parts[0]
    path = dist.folder(part) / "hello-there"
    path.write_bytes(b"what was built")
    dist.record(
        part, "build_binaries", [dist.describe(release, part, "binary", path)]
    )
    publish(built)
    [problem] = verify(release)
    assert "hello-there from GitHub has sha256" in problem
    assert (
        f"but the built file has {hashlib.sha256(b'what was built').hexdigest()[:12]}"
        in problem
    )


def test_a_binary_of_another_version_is_found(release, built, tmp_path):
    program(tmp_path / "old", "hello 0.1.0").replace(built / "hello-here")
    checksum(built / "hello-here")
    publish(built)
    assert verify(release) == [
        "hello-here from GitHub prints 'hello 0.1.0', expected 0.2.0"
    ]


def test_a_binary_for_another_machine_than_its_name_says_is_found(
    release, built
):
    (built / "hello-there").write_bytes(elf(AARCH64))
    checksum(built / "hello-there")
    publish(built)
    target = "riscv64gc-unknown-linux-gnu"
    assert verify(release) == [
        f"hello-there from GitHub is ELF for aarch64, but its name says {target}"
    ]


def test_a_project_that_is_not_on_github_has_no_assets(release):
    assert (
        verify(
            replace(release, project=replace(release.project, repository=None))
        )
        == []
    )

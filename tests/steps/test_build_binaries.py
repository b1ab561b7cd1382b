"""Binaries are compiled from the commit, with the same bytes everywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from invoke.context import Context
from support import python_projects as projects
from support.contexts import context
from support.executables import MAC_ARM64, macho
from support.python_projects import HOST, PROGRAM
from support.repositories import commit_files, git

from release_tasks import dist
from release_tasks.building.binaries import ambiguous_files
from release_tasks.errors import ReleaseError
from release_tasks.release import Release
from release_tasks.steps.build_binaries import build_binaries
from release_tasks.tools import rustc

pytestmark = [
    pytest.mark.tools("cargo", "git"),
    pytest.mark.skipif(
        shutil.which("rustc") is None or rustc.host(Path.cwd()) != HOST,
        reason=f"this machine is no {HOST}",
    ),
]
ARM = "aarch64-unknown-linux-gnu"
FILE = "tiny-0.2.0-linux"
WITH_A_MAC = (
    PROGRAM["release-tasks.toml"]
    + 'aarch64-apple-darwin = "tiny-{version}-mac"\n'
)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return project(tmp_path / "tool", monkeypatch)


def project(
    root: Path, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> Path:
    commit_files(
        root,
        PROGRAM
        | {
            name.replace("_", "-") + ".toml": text
            for name, text in settings.items()
        },
    )
    monkeypatch.chdir(root)
    return root


@pytest.mark.statement("B4.21")
def test_a_program_is_built_with_its_checksum(tool: Path) -> None:
    build_binaries(Context())
    rows = projects.recorded_files(tool, "binary", "sha256")
    assert list(rows) == [FILE, f"{FILE}.sha256"]
    assert (rows[FILE].package, rows[FILE].target, rows[FILE].version) == (
        "tiny-tool",
        HOST,
        "0.2.0",
    )
    folder = projects.dist_folder(tool)
    assert (folder / FILE).stat().st_mode & 0o777 == 0o755
    subprocess.run(
        ["sha256sum", "--check", "--strict", f"{FILE}.sha256"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    said = subprocess.run(
        [folder / FILE], check=True, capture_output=True, text=True
    ).stdout
    assert said == "hello src/main.rs\n"


def test_the_bytes_are_the_same_from_another_folder_home_zone_and_umask(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_binaries(Context())
    monkeypatch.setenv(
        "RUSTUP_HOME",
        os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup"),
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "compiled"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = os.umask(0o077)
    try:
        other = project(tmp_path / "a" / "much longer" / "folder", monkeypatch)
        build_binaries(Context())
    finally:
        os.umask(before)
    assert (
        projects.differences(
            projects.dist_folder(tool), projects.dist_folder(other)
        )
        == {}
    )
    assert (
        str(tool).encode()
        not in (projects.dist_folder(tool) / FILE).read_bytes()
    )


def test_building_again_compiles_nothing(
    tool: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    build_binaries(Context())
    capfd.readouterr()
    build_binaries(Context())
    said = capfd.readouterr().err
    assert "nothing to do, every binary is built or published" in said
    assert "cargo" not in said


def test_a_compiler_error_ends_with_its_last_lines_and_the_command(
    tool: Path,
) -> None:
    (tool / "src" / "main.rs").write_text("fn main() { absent_function() }\n")
    git(tool, "commit", "--quiet", "--all", "--message=Break it")
    git(tool, "tag", "--force", "v0.2.0")
    with pytest.raises(ReleaseError, match="absent_function") as reported:
        build_binaries(Context())
    first, *rest = reported.value.problem.splitlines()
    assert re.fullmatch(
        rf"`cargo rustc .*--target {HOST}.*` ended with status 101", first
    )
    assert "could not compile `tiny-tool`" in rest[-1]
    assert projects.recorded_files(tool, "binary") == {}


def test_every_program_is_compiled_before_the_first_error_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = PROGRAM["release-tasks.toml"]
    for name in ("other", "third"):
        settings += f'[binaries.{name}]\n{HOST} = "{name}-{{version}}"\n'
    root = project(tmp_path / "tool", monkeypatch, release_tasks=settings)
    sources = {"other": "fn main() {}\n", "third": "fn main() { gone() }\n"}
    for name, text in sources.items():
        (root / "src" / "bin").mkdir(exist_ok=True)
        (root / "src" / "bin" / f"{name}.rs").write_text(text)
    (root / "src" / "main.rs").write_text("fn main() { absent() }\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=Break two of three")
    git(root, "tag", "--force", "v0.2.0")
    with pytest.raises(ReleaseError, match="absent") as reported:
        build_binaries(Context())
    assert len(reported.value.each) == 2
    assert "gone()" in reported.value.each[1].problem
    files = projects.recorded_files(root, "binary")
    assert list(files) == ["other-0.2.0"]


def test_a_missing_checksum_file_is_written_without_compiling(
    tool: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    build_binaries(Context())
    checksum = projects.dist_folder(tool) / f"{FILE}.sha256"
    text = checksum.read_text()
    checksum.unlink()
    capfd.readouterr()
    build_binaries(Context())
    assert checksum.read_text() == text
    assert "cargo" not in capfd.readouterr().err


def test_no_checksum_file_is_written_for_a_project_that_ships_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (
        PROGRAM["release-tasks.toml"] + '[github]\nassets = ["binaries"]\n'
    )
    root = project(tmp_path / "tool", monkeypatch, release_tasks=settings)
    build_binaries(Context())
    assert list(projects.recorded_files(root, "binary", "sha256")) == [FILE]


def test_an_archive_has_the_program_the_license_and_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f'[binaries.tiny]\n{HOST} = "tiny-{{version}}.tar.gz"\n'
    made = []
    for name in ("one", "two"):
        root = project(tmp_path / name, monkeypatch, release_tasks=settings)
        build_binaries(Context())
        made.append(projects.dist_folder(root) / "tiny-0.2.0.tar.gz")
    assert projects.differences(made[0].parent, made[1].parent) == {}
    with tarfile.open(made[0]) as archive:
        modes = {member.name: member.mode for member in archive}
    assert modes == {"LICENSE": 0o644, "README.md": 0o644, "tiny": 0o755}


def test_a_static_program_includes_its_libc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(
        tmp_path / "tool",
        monkeypatch,
        release_tasks=PROGRAM["release-tasks.toml"]
        + '[build]\nstatic = ["tiny"]\n',
    )
    build_binaries(Context())
    data = (projects.dist_folder(root) / FILE).read_bytes()
    assert b"/lib64/ld-linux" not in data
    assert subprocess.run(
        [projects.dist_folder(root) / FILE], check=True, capture_output=True
    ).stdout.startswith(b"hello")


def test_a_target_that_cannot_be_built_here_is_named_before_and_after_the_others(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    root = project(tmp_path / "tool", monkeypatch, release_tasks=WITH_A_MAC)
    with pytest.raises(
        ReleaseError,
        match="aarch64-apple-darwin cannot be built on this machine",
    ) as stopped:
        build_binaries(Context())
    assert (
        stopped.value.fix
        == "run `inv build-binaries --target aarch64-apple-darwin` on a Mac, "
        "and `inv collect` its dist/ here; or let CI build it: `inv generate-ci`"
    )
    said = capfd.readouterr().err
    assert said.index(
        "left out: aarch64-apple-darwin cannot be built"
    ) < said.index("$ env")
    assert list(projects.recorded_files(root, "binary", "sha256")) == [
        FILE,
        f"{FILE}.sha256",
    ]


def test_a_requested_target_that_cannot_be_built_here_stops_before_anything_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "tool", monkeypatch, release_tasks=WITH_A_MAC)
    with pytest.raises(
        ReleaseError,
        match="aarch64-apple-darwin cannot be built on this machine",
    ):
        build_binaries(Context(), target=f"{HOST},aarch64-apple-darwin")
    assert not (root / "target").exists()
    build_binaries(Context(), target=HOST)
    assert list(projects.recorded_files(root, "binary")) == [FILE]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.tools("cargo-zigbuild", "gcc")
def test_a_static_program_includes_its_libc_when_zig_links_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (
        '[build]\nglibc = "2.17"\nstatic = ["tiny"]\n'
        f'[binaries.tiny]\n{HOST} = "tiny"\n[binaries.other]\n{HOST} = "other"\n'
    )
    both = (
        PROGRAM["Cargo.toml"]
        + '[[bin]]\nname = "other"\npath = "src/main.rs"\n'
    )
    root = commit_files(
        tmp_path / "tool",
        PROGRAM | {"release-tasks.toml": settings, "Cargo.toml": both},
    )
    monkeypatch.chdir(root)
    build_binaries(Context())
    inside = {
        name: b"/lib64/ld-linux"
        not in (projects.dist_folder(root) / name).read_bytes()
        for name in ("tiny", "other")
    }
    assert inside == {"tiny": True, "other": False}
    assert subprocess.run(
        [projects.dist_folder(root) / "tiny"], check=True, capture_output=True
    ).stdout.startswith(b"hello")


def test_a_binary_from_another_machine_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "tool", monkeypatch, release_tasks=WITH_A_MAC)
    release = projects.release(root)
    part = release.parts[0]
    (dist.folder(part) / "tiny-0.2.0-mac").write_bytes(macho(MAC_ARM64))
    row = dist.describe(
        release,
        part,
        "binary",
        part.dist / "tiny-0.2.0-mac",
        target="aarch64-apple-darwin",
        package="tiny-tool",
    )
    dist.record(part, "build_binaries", [row], target="tiny-0.2.0-mac")
    build_binaries(Context())
    assert sorted(projects.recorded_files(root, "binary")) == [
        FILE,
        "tiny-0.2.0-mac",
    ]


def test_an_undeclared_target_names_the_declared_ones(tool: Path) -> None:
    with pytest.raises(
        ReleaseError,
        match="no binary is declared for riscv64gc-unknown-linux-gnu",
    ) as stopped:
        build_binaries(Context(), target=f"{HOST},riscv64gc-unknown-linux-gnu")
    assert stopped.value.fix == f"available: {HOST}"


def test_two_programs_need_an_archive_to_share_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (
        PROGRAM["release-tasks.toml"] + f'{ARM} = "tiny-{{version}}-linux"\n'
    )
    root = project(tmp_path / "tool", monkeypatch, release_tasks=settings)
    with pytest.raises(
        ReleaseError, match=f"would both be the file {FILE}"
    ) as stopped:
        build_binaries(Context())
    assert stopped.value.fix == "give each a different file name in [binaries]"
    other = settings.replace(f'{ARM} = "tiny', f'{ARM} = "tiny-arm')
    commit_files(root, {"release-tasks.toml": other})
    assert ambiguous_files(Release.at(Context())) == []


def test_uncommitted_changes_are_not_compiled(tool: Path) -> None:
    source = tool / "src" / "main.rs"
    source.write_text(source.read_text().replace("hello", "changed"))
    build_binaries(Context())
    said = subprocess.run(
        [projects.dist_folder(tool) / FILE],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said == "hello src/main.rs\n"


def test_a_version_that_only_the_checkout_has_is_refused(tool: Path) -> None:
    for name in ("Cargo.toml", "Cargo.lock"):
        (tool / name).write_text(
            (tool / name).read_text().replace("0.2.0", "0.3.0")
        )
    with pytest.raises(
        ReleaseError, match=r"has version 0\.2\.0, expected 0\.3\.0"
    ) as stopped:
        build_binaries(Context(), version="0.3.0")
    assert stopped.value.fix == "inv bump --version 0.3.0, then inv tag"


def test_a_dry_run_prints_the_command_and_changes_nothing(
    tool: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = projects.all_files(tool)
    build_binaries(context(dry=True))
    assert (
        f"cargo rustc --release --locked --package tiny-tool --bin tiny --target {HOST}"
        in capfd.readouterr().err
    )
    assert projects.all_files(tool) == before

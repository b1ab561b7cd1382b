"""Wheels and sdists are built from the commit, checked, and have the same bytes everywhere."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.context import Context
from support import python_projects as projects
from support.contexts import context
from support.local_registries import local_registries
from support.python_projects import HOST, PLAIN, WHEEL_OF_A_PROGRAM
from support.repositories import commit_files

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.steps.build_binaries import build_binaries
from release_tasks.steps.build_wheels import build_wheels
from release_tasks.tools import rustc

ON_HOST = pytest.mark.skipif(
    shutil.which("rustc") is None or rustc.host(Path.cwd()) != HOST,
    reason=f"this machine is no {HOST}",
)


@pytest.fixture(scope="module")
def reading(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    """Local registries that read third-party packages from the real registries."""
    with (
        pytest.MonkeyPatch.context() as patch,
        local_registries(
            tmp_path_factory.mktemp("reading"), patch, offline=False
        ) as started,
    ):
        yield started


def project(
    root: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> Path:
    commit_files(root, files)
    monkeypatch.chdir(root)
    return root


def in_two_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> tuple[Path, Path]:
    made = []
    for name in ("one", "a/second one"):
        root = project(tmp_path / name, monkeypatch, files)
        build_wheels(Context())
        made.append(root)
        monkeypatch.setenv("TZ", "Asia/Tokyo")
    return made[0], made[1]


def hashes(root: Path) -> dict[str, str]:
    return {
        name: row.sha256
        for name, row in projects.recorded_files(root, "wheel", "sdist").items()
    }


@pytest.mark.slow
def test_a_plain_package_gives_a_wheel_and_an_sdist_with_the_same_bytes_everywhere(
    reading: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = in_two_folders(tmp_path, monkeypatch, PLAIN)
    assert sorted(hashes(one)) == [
        "tiny_plain-0.2.0-py3-none-any.whl",
        "tiny_plain-0.2.0.tar.gz",
    ]
    assert (
        projects.differences(
            projects.dist_folder(one), projects.dist_folder(two)
        )
        == {}
    )
    assert {
        row.package
        for row in projects.recorded_files(one, "wheel", "sdist").values()
    } == {"Tiny.Plain"}


@ON_HOST
@pytest.mark.tools("cargo")
def test_a_wheel_of_maturin_has_the_same_bytes_everywhere_and_a_valid_record(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = in_two_folders(tmp_path, monkeypatch, WHEEL_OF_A_PROGRAM)
    assert (
        projects.differences(
            projects.dist_folder(one), projects.dist_folder(two)
        )
        == {}
    )
    wheel, sdist = (
        sorted(projects.dist_folder(one).glob("*.whl")),
        sorted(projects.dist_folder(one).glob("*.gz")),
    )
    assert [path.name for path in sdist] == ["tiny_tool-0.2.0.tar.gz"]
    assert str(tmp_path).encode() not in unpacked(wheel[0])
    assert records_are_true(wheel[0])
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--target",
            tmp_path / "there",
            wheel[0],
        ],
        check=True,
    )
    said = subprocess.run(
        [tmp_path / "there" / "bin" / "tiny"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said == "hello src/main.rs\n"


@ON_HOST
@pytest.mark.tools("cargo")
def test_building_again_builds_only_a_missing_file(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    root = project(tmp_path / "tool", monkeypatch, WHEEL_OF_A_PROGRAM)
    build_wheels(Context())
    before = hashes(root)
    capfd.readouterr()
    build_wheels(Context())
    assert (
        "nothing to do, every wheel and sdist is built or published"
        in capfd.readouterr().err
    )
    (projects.dist_folder(root) / "tiny_tool-0.2.0.tar.gz").unlink()
    build_wheels(Context())
    said = capfd.readouterr().err
    assert "maturin sdist" in said
    assert "maturin build" not in said
    assert hashes(root) == before


@ON_HOST
@pytest.mark.tools("cargo")
def test_untracked_files_are_not_built(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "tool", monkeypatch, WHEEL_OF_A_PROGRAM)
    (root / "secret.txt").write_text("not for you")
    (root / "README.md").write_text("# Changed\n")
    build_wheels(Context())
    with tarfile.open(
        projects.dist_folder(root) / "tiny_tool-0.2.0.tar.gz"
    ) as sdist:
        assert not any(name.endswith("secret.txt") for name in sdist.getnames())
        readme = sdist.extractfile("tiny_tool-0.2.0/README.md")
        assert readme is not None
        assert readme.read().startswith(b"# Tiny")


@ON_HOST
@pytest.mark.tools("cargo")
def test_a_declared_tag_is_what_the_wheel_gets(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glibc = (
        (os.confstr("CS_GNU_LIBC_VERSION") or "")
        .removeprefix("glibc ")
        .replace(".", "_")
    )
    settings = f'[python.tiny-tool]\nwheels = ["manylinux_{glibc}_x86_64"]\nsdist = false\n'
    root = project(
        tmp_path / "tool",
        monkeypatch,
        WHEEL_OF_A_PROGRAM | {"release-tasks.toml": settings},
    )
    build_wheels(Context())
    assert list(hashes(root)) == [
        f"tiny_tool-0.2.0-py3-none-manylinux_{glibc}_x86_64.whl"
    ]


@ON_HOST
@pytest.mark.tools("cargo")
def test_wheels_for_other_machines_are_named_and_the_others_are_built(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glibc = (
        (os.confstr("CS_GNU_LIBC_VERSION") or "")
        .removeprefix("glibc ")
        .replace(".", "_")
    )
    tags = f'"manylinux_{glibc}_x86_64", "macosx_10_12_universal2", "win_amd64"'
    settings = f"[python.tiny-tool]\nwheels = [{tags}]\n"
    root = project(
        tmp_path / "tool",
        monkeypatch,
        WHEEL_OF_A_PROGRAM | {"release-tasks.toml": settings},
    )
    with pytest.raises(ReleaseError) as stopped:
        build_wheels(Context())
    said = " ".join(f"{one.fact} {one.fix}" for one in stopped.value.problems)
    assert (
        "run `inv build-wheels --target x86_64-pc-windows-msvc` on Windows"
        in said
    )
    assert "universal2-apple-darwin` on a Mac" in said
    assert len(hashes(root)) == 2  # the first target brings the sdist
    with pytest.raises(
        ReleaseError,
        match="x86_64-pc-windows-msvc cannot be built on this machine",
    ):
        build_wheels(Context(), target="x86_64-pc-windows-msvc")


SHARED = projects.ABOUT | {
    "Cargo.toml": '[workspace]\nmembers = ["shared", "tool", "wheel"]\nresolver = "2"\n',
    "shared/Cargo.toml": (
        '[package]\nname = "tiny-shared"\nversion = "0.2.0"\nedition = "2021"\npublish = false\n'
    ),
    "shared/src/lib.rs": 'pub fn hello() -> &\'static str {\n    "hello"\n}\n',
    "wheel/pyproject.toml": projects.MATURIN["pyproject.toml"]
    .replace('readme = "README.md"\n', "")
    .replace("tiny-tool", "tiny-wheel"),
    **{
        f"{name}/Cargo.toml": f'[package]\nname = "tiny-{name}"\nversion = "0.2.0"\n'
        'edition = "2021"\npublish = false\n'
        '[dependencies]\ntiny-shared = { path = "../shared" }\n'
        for name in ("tool", "wheel")
    },
    **{
        f"{name}/src/main.rs": 'fn main() {\n    println!("{}", tiny_shared::hello());\n}\n'
        for name in ("tool", "wheel")
    },
}


@pytest.mark.slow
@ON_HOST
@pytest.mark.tools("cargo")
@pytest.mark.parametrize(
    "glibc",
    ["", pytest.param("2.17", marks=pytest.mark.tools("cargo-zigbuild"))],
)
def test_a_binary_and_a_wheel_of_one_target_share_what_both_need(
    glibc: str,
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = f'[python.tiny-wheel]\nsdist = false\n[binaries.tiny-tool]\n{HOST} = "tiny"\n'
    if glibc:
        settings = settings.replace(
            "sdist",
            f'wheels = ["manylinux_{glibc.replace(".", "_")}_x86_64"]\nsdist',
        )
    project(tmp_path / "lock", monkeypatch, SHARED)
    subprocess.run(["cargo", "generate-lockfile", "--quiet"], check=True)
    files = SHARED | {
        "release-tasks.toml": settings,
        "Cargo.lock": Path("Cargo.lock").read_text(),
    }
    root = project(tmp_path / "tool", monkeypatch, files)
    build_binaries(Context())
    build_wheels(Context())
    compiled = re.findall(r"Compiling (\S+)", capfd.readouterr().err)
    assert sorted(compiled) == ["tiny-shared", "tiny-tool", "tiny-wheel"]
    assert bool(glibc) == any(
        "manylinux_2_17_x86_64" in name for name in hashes(root)
    )


@ON_HOST
@pytest.mark.tools("cargo")
def test_an_undeclared_target_names_the_declared_ones(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path / "tool", monkeypatch, WHEEL_OF_A_PROGRAM)
    with pytest.raises(
        ReleaseError, match="no wheel is declared for s390x-unknown-linux-gnu"
    ) as stopped:
        build_wheels(Context(), target="s390x-unknown-linux-gnu")
    assert stopped.value.fix == f"available: {HOST}"


@ON_HOST
@pytest.mark.tools("cargo")
def test_a_package_of_another_version_is_refused(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "tool", monkeypatch, WHEEL_OF_A_PROGRAM)
    with pytest.raises(
        ReleaseError,
        match=r"the manifest of tiny-tool has 0\.2\.0, expected 0\.3\.0",
    ):
        build_wheels(Context(), version="0.3.0")
    assert not list((root / "dist").rglob("*.whl"))


@pytest.mark.slow
def test_a_backend_that_makes_another_version_than_the_release_is_refused(
    reading: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamic = (
        PLAIN["pyproject.toml"].replace(
            'version = "0.2.0"', 'dynamic = ["version"]'
        )
        + '[tool.hatch.version]\nsource = "code"\npath = "number.py"\n'
    )
    root = project(
        tmp_path / "plain",
        monkeypatch,
        PLAIN
        | {
            "pyproject.toml": dynamic,
            "number.py": '__version__ = "0.2." + "0"\n',
        },
    )
    with pytest.raises(
        ReleaseError, match=r"expected version 0\.3\.0"
    ) as stopped:
        build_wheels(Context(), version="0.3.0")
    # tests/helps/test_built.py follows it
    assert stopped.value.fix.endswith("then inv bump --version 0.3.0")
    assert not list((root / "dist").rglob("*.whl"))


@ON_HOST
@pytest.mark.tools("cargo")
def test_a_description_that_pypi_refuses_is_an_error_and_not_kept(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = WHEEL_OF_A_PROGRAM | {
        "README.rst": "Title\n=====\n\n.. nonsense::\n   text\n"
    }
    broken["pyproject.toml"] = broken["pyproject.toml"].replace(
        "README.md", "README.rst"
    )
    root = project(tmp_path / "tool", monkeypatch, broken)
    with pytest.raises(
        ReleaseError,
        match=r"twine check: tiny_tool-0\.2\.0-py3-none-manylinux\S+\.whl: .*long_description",
    ) as stopped:
        build_wheels(Context())
    assert "readme" in stopped.value.fix
    assert not list((root / "dist").rglob("*.whl"))


@ON_HOST
@pytest.mark.tools("cargo")
def test_a_failed_build_keeps_nothing(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(
        tmp_path / "tool",
        monkeypatch,
        WHEEL_OF_A_PROGRAM | {"src/main.rs": "fn main() { nonsense }\n"},
    )
    with pytest.raises(ReleaseError, match="cannot find value `nonsense`"):
        build_wheels(Context())
    assert not list((root / "dist").rglob("*.whl"))


@ON_HOST
@pytest.mark.tools("cargo")
def test_a_dry_run_prints_the_commands_and_changes_nothing(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    root = project(tmp_path / "tool", monkeypatch, WHEEL_OF_A_PROGRAM)
    before = projects.all_files(root)
    build_wheels(context(dry=True))
    said = capfd.readouterr().err
    assert "-m maturin build --release --locked --out" in said
    assert "-m maturin sdist --out" in said
    assert projects.all_files(root) == before
    assert registries.log.writes() == ()


@ON_HOST
@pytest.mark.tools("cargo")
def test_each_declared_python_is_an_interpreter_for_maturin(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = '[python.tiny-tool]\npythons = ["3.8", "3.9"]\n'
    project(
        tmp_path / "tool",
        monkeypatch,
        WHEEL_OF_A_PROGRAM | {"release-tasks.toml": settings},
    )
    build_wheels(context(dry=True))
    said = capfd.readouterr().err
    assert [word for word in said.split() if word.startswith("python3.")] == [
        "python3.8",
        "python3.9",
    ]


def test_a_project_without_python_has_nothing_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    project(
        tmp_path / "empty",
        monkeypatch,
        {"release-tasks.toml": '[project]\nversion = "tag"\n'},
    )
    build_wheels(Context(), version="0.2.0")
    assert "nothing to do, no wheels to build" in capfd.readouterr().err


def unpacked(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        assert any("/sboms/" in name for name in archive.namelist())
        return b"".join(archive.read(name) for name in archive.namelist())


def records_are_true(wheel: Path) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        record = next(
            name for name in archive.namelist() if name.endswith("/RECORD")
        )
        rows = [
            row
            for row in csv.reader(io.StringIO(archive.read(record).decode()))
            if row[1]
        ]
        return len(rows) == len(archive.namelist()) - 1 and all(
            digest
            == "sha256="
            + urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest())
            .rstrip(b"=")
            .decode()
            and int(size) == len(archive.read(name))
            for name, digest, size in rows
        )

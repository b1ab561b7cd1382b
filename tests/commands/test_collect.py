"""`inv collect`: all files of the other machines are merged into dist/, or none."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.executables import AMD64, MAC_ARM64, macho, pe
from support.tiny_project import LOG, TinyProject, tiny_project

from release_tasks import dist
from release_tasks.commands.collect import collect
from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.steps.check_artifacts import check_artifacts

CARGO_TOML = """[package]
name = "tiny"
version = "0.1.0"
edition = "2021"
publish = false
"""
SETTINGS = """[binaries.tiny]
x86_64-unknown-linux-gnu = "tiny-linux"
aarch64-apple-darwin = "tiny-mac"
x86_64-pc-windows-msvc = "tiny.exe"
[github]
assets = ["binaries"]
"""
PROJECT = {
    "Cargo.toml": CARGO_TOML,
    "Cargo.lock": 'version = 4\n\n[[package]]\nname = "tiny"\nversion = "0.1.0"\n',
    "src/main.rs": "fn main() {}\n",
    "release-tasks.toml": SETTINGS,
    "CHANGELOG.md": LOG,
    ".gitignore": "/target\n__pycache__/\n",
    "tasks.py": "from release_tasks import ns\n",
}


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, PROJECT) as made:
        yield made


def machine(tiny: TinyProject, name: str, **files: str | bytes) -> Path:
    """Return the dist/ of another machine that built these files from HEAD."""
    release = tiny.release("0.1.0")
    part = release.parts[0]
    shutil.rmtree(part.dist, ignore_errors=True)
    for target, text in files.items():
        file = {
            "linux": "tiny-linux",
            "mac": "tiny-mac",
            "windows": "tiny.exe",
        }.get(target, target)
        (dist.folder(part) / file).write_bytes(
            text.encode() if isinstance(text, str) else text
        )
        row = dist.describe(
            release,
            part,
            "binary",
            part.dist / file,
            target=target,
            package="tiny",
        )
        dist.record(part, "build_binaries", [row], target=file)
    away = tiny.folder / name
    shutil.move(part.dist.parent, away)
    return away


def edit_part(folder: Path, old: str, new: str) -> None:
    part = next(folder.rglob("parts/*.json"))
    part.write_text(part.read_text().replace(old, new))


def here(tiny: TinyProject) -> dict[str, str]:
    part = tiny.release("0.1.0").parts[0]
    return {
        row.name: (part.dist / row.file).read_text()
        for row in dist.inventory(part)
        if dist.file_of(part, row)
    }


def refused(*folders: Path) -> str:
    with pytest.raises(ReleaseError) as stopped:
        collect(context(), ",".join(map(str, folders)))
    assert isinstance(stopped.value, MultipleErrors) or stopped.value.fix
    error = stopped.value
    return "\n".join(f"{one.fact} {one.fix}" for one in error.problems)


def test_parts_of_several_machines_are_one_inventory(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str]
) -> None:
    mac, windows = (
        machine(tiny, "mac", mac="Mach-O"),
        machine(tiny, "windows", windows="PE"),
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "invoke",
            "collect",
            "--folders",
            f"{mac},{windows}",
        ],
        cwd=tiny.root,
        check=True,
    )
    assert here(tiny) == {"tiny-mac": "Mach-O", "tiny.exe": "PE"}
    assert f"tiny-mac from {mac / 'v0.1.0'}" in capfd.readouterr().err
    collect(context(), f"{mac},{windows}")
    assert "nothing to do, all 2 files are in dist/" in capfd.readouterr().err


def test_one_folder_can_contain_files_of_several_machines(
    tiny: TinyProject,
) -> None:
    machine(tiny, "artifacts/one", mac="Mach-O", linux="ELF")
    machine(tiny, "artifacts/two", windows="PE", linux="ELF")
    collect(context(), str(tiny.folder / "artifacts"))
    assert here(tiny) == {
        "tiny-linux": "ELF",
        "tiny-mac": "Mach-O",
        "tiny.exe": "PE",
    }


def test_a_release_json_is_read_like_parts(tiny: TinyProject) -> None:
    mac = machine(tiny, "mac", mac="Mach-O")
    rows = json.loads(next(mac.rglob("parts/*.json")).read_text())
    (mac / "v0.1.0" / "release.json").write_text(json.dumps({"files": rows}))
    shutil.rmtree(mac / "v0.1.0" / "parts")
    collect(context(), str(mac))
    assert here(tiny) == {"tiny-mac": "Mach-O"}


def test_files_collected_before_stay(tiny: TinyProject) -> None:
    linux, mac = (
        machine(tiny, "linux", linux="ELF"),
        machine(tiny, "mac", mac="Mach-O"),
    )
    collect(context(), str(linux))
    collect(context(), str(mac))
    assert here(tiny) == {"tiny-linux": "ELF", "tiny-mac": "Mach-O"}


def test_two_machines_whose_files_differ_are_both_named(
    tiny: TinyProject,
) -> None:
    one, two = (
        machine(tiny, "one", mac="Mach-O"),
        machine(tiny, "two", mac="other"),
    )
    said = refused(one, two)
    fact = f"the binary tiny-mac in {two / 'v0.1.0'} differs from the one in {one / 'v0.1.0'}"
    assert f"{fact}, first at byte 0: b'other', not b'Mach-O'" in said
    assert here(tiny) == {}
    assert f"leave {two / 'v0.1.0'} out, or build" in said
    collect(context(), str(one))  # the help works as typed
    assert (
        f"differs from the one in {tiny.root / 'dist' / 'v0.1.0'}, first at byte 0"
        in refused(two)
    )
    assert here(tiny) == {"tiny-mac": "Mach-O"}


def test_every_rejected_file_is_named_and_nothing_is_merged(
    tiny: TinyProject,
) -> None:
    mac = machine(tiny, "mac", mac="Mach-O")
    windows = machine(tiny, "windows", windows="PE", unknown="?")
    linux = machine(tiny, "linux", linux="ELF")
    edit_part(linux, '"version": "0.1.0"', '"version": "0.3.0"')
    edit_part(mac, tiny.head(), "a" * 40)
    said = refused(mac, windows, linux)
    head = tiny.head()[:7]
    assert (
        f"{mac}/v0.1.0/tiny-mac was built from commit aaaaaaa, but v0.1.0 is {head}"
        in said
    )
    assert (
        f"nothing declares the binary unknown in {windows / 'v0.1.0'}" in said
    )
    assert (
        f"{linux / 'v0.1.0' / 'tiny-linux'} belongs to tiny 0.3.0, not to tiny 0.1.0"
        in said
    )
    assert here(tiny) == {}
    # the help works as typed: what is wrong is left out, or built again
    assert f"leave {windows / 'v0.1.0'} out" in said
    assert f"leave {linux / 'v0.1.0'} out, or add --version" in said
    assert "build it again from v0.1.0" in said
    collect(context(), str(machine(tiny, "again", mac="Mach-O")))
    assert here(tiny) == {"tiny-mac": "Mach-O"}


def test_an_inventory_cannot_name_files_outside_its_folder(
    tiny: TinyProject,
) -> None:
    mac = machine(tiny, "mac", mac="Mach-O")
    (mac / "tiny-mac").write_text("Mach-O")
    edit_part(mac, '"file": "tiny-mac"', '"file": "../tiny-mac"')
    assert "has '../tiny-mac', which is not the name of a file" in refused(mac)


def test_missing_and_changed_files_are_refused(tiny: TinyProject) -> None:
    mac, windows = (
        machine(tiny, "mac", mac="Mach-O"),
        machine(tiny, "windows", windows="PE"),
    )
    for folder in (mac, windows):
        shutil.copytree(folder, folder.with_suffix(".whole"))
    (mac / "v0.1.0" / "tiny-mac").unlink()
    (windows / "v0.1.0" / "tiny.exe").write_text("PE and more")
    said = refused(mac, windows)
    assert f"{mac / 'v0.1.0'} lists tiny-mac, but does not contain it" in said
    assert (
        f"{windows / 'v0.1.0' / 'tiny.exe'} was changed after it was built"
        in said
    )
    # the help works as typed
    assert "copy the whole dist/ of that machine" in said
    assert "copy it again, or build it again" in said
    for folder in (mac, windows):
        shutil.rmtree(folder)
        shutil.copytree(folder.with_suffix(".whole"), folder)
    collect(context(), f"{mac},{windows}")
    assert here(tiny) == {"tiny-mac": "Mach-O", "tiny.exe": "PE"}


def test_a_file_that_no_inventory_lists_is_named_and_skipped(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str]
) -> None:
    mac = machine(tiny, "mac", mac="Mach-O")
    (mac / "v0.1.0" / "extra.exe").write_text("who made this")
    collect(context(), str(mac))
    assert (
        f"skipped, not listed in an inventory: {mac / 'v0.1.0' / 'extra.exe'}"
        in capfd.readouterr().err
    )
    assert here(tiny) == {"tiny-mac": "Mach-O"}


def test_a_folder_without_parts_and_a_broken_inventory_are_named(
    tiny: TinyProject, tmp_path: Path
) -> None:
    assert "nowhere contains no dist/ of a release" in refused(
        tmp_path / "nowhere"
    )
    mac = machine(tiny, "mac", mac="Mach-O")
    next(mac.rglob("parts/*.json")).write_text("[{")
    assert "is not an inventory" in refused(mac)


def test_a_dry_run_copies_nothing(
    tiny: TinyProject, capfd: pytest.CaptureFixture[str]
) -> None:
    mac = machine(tiny, "mac", mac="Mach-O")
    collect(context(dry=True), str(mac))
    assert "tiny-mac from" in capfd.readouterr().err
    assert not (tiny.root / "dist").exists()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.tools("cargo", "gh")
def test_a_rehearsal_uses_files_that_other_machines_built_from_its_commit(
    tiny: TinyProject,
) -> None:
    settings = PROJECT["release-tasks.toml"].replace(
        'x86_64-unknown-linux-gnu = "tiny-linux"\n', ""
    )
    tiny.commit("release-tasks.toml", settings + "[gates]\nminor = []\n")
    mac = machine(tiny, "mac", mac=macho(MAC_ARM64))
    windows = machine(tiny, "windows", windows=pe(AMD64))

    half = tiny.inv("rehearse", "--version", "0.1.0", "--collect", str(mac))
    whole = tiny.inv(
        "rehearse",
        "--version",
        "0.1.0",
        "--collect",
        f"../{mac.name}, {windows}",
    )
    other = tiny.inv("rehearse", "--version", "0.2.0", "--collect", str(mac))

    assert half.returncode == 1
    assert (
        "x86_64-pc-windows-msvc cannot be built on this machine" in half.stderr
    )
    assert "aarch64-apple-darwin cannot be built" not in half.stderr
    assert whole.returncode == 0, whole.stderr[-3000:]
    rows = [line.split()[:3] for line in whole.stdout.splitlines()]
    assert ["GitHub", "tiny-mac", "published"] in rows
    assert ["GitHub", "tiny.exe", "published"] in rows
    assert other.returncode == 1
    assert "the manifest of tiny has 0.1.0, expected 0.2.0" in other.stderr
    assert "check: " not in other.stderr


def test_a_byte_that_changed_after_collecting_is_found_before_anything_is_public(
    tiny: TinyProject,
) -> None:
    everything = machine(tiny, "all", mac="Mach-O", windows="PE", linux="ELF")
    collect(context(), str(everything))
    path = tiny.release("0.1.0").parts[0].dist / "tiny-mac"
    assert (
        hashlib.sha256(path.read_bytes()).hexdigest()
        == hashlib.sha256(b"Mach-O").hexdigest()
    )
    path.write_text("Mach-0")
    with pytest.raises(
        ReleaseError, match="tiny-mac was changed in dist/ after it was built"
    ):
        check_artifacts(context())

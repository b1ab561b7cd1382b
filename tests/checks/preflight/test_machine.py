"""`inv doctor` looks at the machine: each finding fires alone, and its way out makes it go away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.python_projects import PROGRAM
from support.repositories import commit_all, commit_files
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.checks.check import Finding
from release_tasks.checks.preflight import machine
from release_tasks.checks.preflight.all import check_machine
from release_tasks.checks.preflight.machine import MachineContext
from release_tasks.order import RELEASE
from release_tasks.project.discovery import discover
from release_tasks.tools import docker, programs, rustc, zig
from release_tasks.tools.programs import PROGRAMS

pytestmark = pytest.mark.tools("cargo", "gh")


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = projects.chain(tmp_path / "shop")
    monkeypatch.chdir(made)
    return made


def reported(root: Path) -> list[tuple[str, str, str, str]]:
    found: list[Finding] = check_machine(
        MachineContext(RELEASE, discover(root))
    )
    areas = ("machine", "programs", "targets")
    assert all(one.fix and one.area in areas for one in found)
    return [(one.name, one.severity, one.fact, one.fix) for one in found]


def test_a_machine_that_has_everything_is_well(
    tiny: TinyProject, shop: Path
) -> None:
    assert reported(tiny.root) == reported(shop) == []


def test_a_program_that_is_too_old_is_named_with_the_least_one(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = PROGRAMS["gh"]
    monkeypatch.setitem(PROGRAMS, "gh", replace(known, minimum="99.1"))
    there = programs.version(known)
    assert reported(tiny.root) == [
        (
            "old-program",
            "problem",
            f"gh {there} is too old, 99.1 is needed",
            programs.command(known),
        )
    ]
    monkeypatch.setitem(PROGRAMS, "gh", known)
    assert reported(tiny.root) == []


@pytest.mark.parametrize(
    ("version", "least", "is_old"),
    [
        ("0.32.1", "0.33", True),
        ("0.33.0", "0.33", False),
        ("1.9", "1.10", True),
        ("2.23.0", "2.23", False),
        ("0.0.0+unknown", "0.33", False),
        ("3", "3.8", True),
        ("28.2.2", "0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(
    version: str, least: str, is_old: bool
) -> None:
    assert programs.is_before(version, least) is is_old


@pytest.mark.tools("docker")
def test_the_step_refuses_the_same_old_buildx(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    docker.require()
    monkeypatch.setitem(
        PROGRAMS,
        "buildx",
        replace(
            PROGRAMS["buildx"], minimum="99.1", probe=("docker", "--version")
        ),
    )
    with pytest.raises(docker.ReleaseError, match=r"99\.1 is needed"):
        docker.require()


def test_an_old_cargo_is_reported_where_crates_io_lets_crates_wait(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "BURST", 2)
    monkeypatch.setattr(machine, "FIXED_IN", "99.0")
    [(name, severity, fact, _)] = reported(shop)
    assert (name, severity) == ("cargo-bug", "warning")
    assert fact.endswith(
        "may report a deadlock when crates.io's rate limit lets more than 2 crates wait, "
        "and there are 3"
    )
    # as after `rustup update stable`
    monkeypatch.setattr(machine, "FIXED_IN", "1.0")
    assert reported(shop) == []
    monkeypatch.setattr(machine, "FIXED_IN", "99.0")
    monkeypatch.setattr(machine, "BURST", 3)
    assert reported(shop) == []


@pytest.mark.tools("rustup")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rust-toolchain.toml", '[toolchain]\nchannel = "1.2.3"\n'),
        ("rust-toolchain", "1.2.3\n"),
    ],
)
def test_a_pinned_toolchain_that_is_absent_is_found_though_cargo_cannot_run(
    shop: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str
) -> None:
    there = subprocess.run(
        ["rustup", "toolchain", "list"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (shop / file).write_text(text)
    (shop / "tasks.py").write_text(TINY["tasks.py"])
    doctor = [sys.executable, "-m", "invoke", "doctor", "--json"]
    monkeypatch.setenv("RUSTUP_AUTO_INSTALL", "0")
    done = subprocess.run(doctor, capture_output=True, text=True, check=False)
    found = {
        row["name"]: row
        for row in json.loads(done.stdout)["findings"]
        if row["severity"] == "problem"
    }
    assert done.returncode == 1
    assert found.keys() == {"absent-toolchain"}
    assert (
        found["absent-toolchain"]["fact"]
        == "the project pins the toolchain 1.2.3, which is not installed"
    )
    assert found["absent-toolchain"]["fix"] == "rustup toolchain install 1.2.3"
    (shop / file).write_text(text.replace("1.2.3", there.split()[0]))
    done = subprocess.run(doctor, capture_output=True, text=True, check=False)
    assert "absent-toolchain" not in done.stdout


def test_a_target_without_compiler_is_found_and_one_with_it_is_not(
    shop: Path,
) -> None:
    (shop / "crates" / "shop-app" / "src" / "main.rs").write_text(
        "fn main() {}\n"
    )
    for target, names in (
        ("x86_64-pc-windows-msvc", ["unbuildable-target"]),
        (host(), []),
    ):
        (shop / "release-tasks.toml").write_text(
            f'[binaries.shop-app]\n{target} = "shop"\n'
        )
        commit_all(shop)
        found = reported(shop)
        assert [name for name, *_ in found] == names
        assert all(
            target in fact and target in fix for _, _, fact, fix in found
        )


@pytest.mark.tools("cargo-zigbuild", "gcc")
def test_a_glibc_older_than_this_linkers_and_a_static_program_without_gcc_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """zig links for the older glibc, and not statically; each machine lacks one of the two."""
    here = host()
    bins = "".join(
        f'[[bin]]\nname = "{name}"\npath = "src/main.rs"\n'
        for name in ("still", "other")
    )
    settings = (
        f'[build]\nglibc = "2.17"\nstatic = ["still"]\n[binaries.still]\n{here} = "still"\n'
        f'[binaries.other]\n{here} = "other"\n'
    )
    root = commit_files(
        tmp_path / "two",
        PROGRAM
        | {
            "Cargo.toml": PROGRAM["Cargo.toml"].partition("[[bin]]")[0] + bins,
            "release-tasks.toml": settings,
        },
    )
    monkeypatch.chdir(root)
    monkeypatch.setattr(rustc, "_glibc", lambda: "2.39")
    assert reported(root) == []
    with monkeypatch.context() as patch:
        patch.setattr(zig, "found", lambda: None)
        [(name, severity, fact, fix)] = reported(root)
        assert (name, severity) == ("unbuildable-target", "warning")
        assert (
            fact
            == f"{here} cannot be built on this machine: its glibc 2.39 is newer than 2.17"
        )
        assert fix.startswith(f"{zig.INSTALL}, or ")
    monkeypatch.setattr(rustc, "gcc", lambda tree, target: "absent-gcc")
    facts = [
        (
            "unbuildable-target",
            "warning",
            f"still for {here} is static, which needs absent-gcc",
            "apt-get install gcc-absent",
        )
    ]
    assert reported(root) == facts


def host() -> str:
    said = subprocess.run(
        ["rustc", "-vV"], capture_output=True, text=True, check=True
    ).stdout
    return said.partition("host: ")[2].split()[0]


@pytest.mark.tools("docker", "buildkitd", "runc")
def test_without_a_builder_and_without_root_no_image_can_be_made(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit("Dockerfile", "FROM scratch\n")
    tiny.commit("release-tasks.toml", '[images."ghcr.io/o/r"]\n')
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert reported(tiny.root) == []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert [
        (name, severity) for name, severity, _, _ in reported(tiny.root)
    ] == [("no-builder", "problem")]


def test_a_disk_without_room_is_found_and_another_one_is_named_instead(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        machine, "LEAST_SPACE", shutil.disk_usage(tiny.root).free * 2
    )
    names = [name for name, *_ in reported(tiny.root)]
    assert names
    assert set(names) == {"low-disk-space"}
    monkeypatch.setattr(machine, "LEAST_SPACE", 1)
    assert reported(tiny.root) == []


@pytest.mark.parametrize("name", machine.CERTIFICATES)
def test_certificates_that_are_not_there_are_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    there = os.environ.get(name, os.environ["SSL_CERT_FILE"])
    monkeypatch.setenv(name, "/no/such/file")
    assert (
        "absent-certificates",
        "problem",
        f"{name} is /no/such/file, which does not exist",
    ) in [row[:3] for row in reported(tiny.root)]
    monkeypatch.setenv(name, there)
    assert reported(tiny.root) == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
        ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
    ],
)
def test_certificates_for_half_of_the_clients_are_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch, name: str, other: str
) -> None:
    there = os.environ[name]
    monkeypatch.delenv(other)
    fact = f"{name} is set and {other} is not, so clients trust different certificates"
    assert reported(tiny.root) == [
        ("inconsistent-ca-settings", "warning", fact, f"export {other}={there}")
    ]
    monkeypatch.setenv(other, there)
    assert reported(tiny.root) == []
    monkeypatch.delenv(name)
    monkeypatch.delenv(other)
    assert reported(tiny.root) == []


def test_a_proxy_for_this_machine_itself_is_found(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(key, "localhost")
    [(name, severity, fact, fix)] = reported(tiny.root)
    assert (name, severity, fact) == (
        "proxied-loopback",
        "warning",
        "requests to 127.0.0.1 would go through the proxy",
    )
    for line in fix.removeprefix("export ").split():
        monkeypatch.setenv(*line.split("="))
    assert reported(tiny.root) == []


def test_a_finding_about_the_machine_is_silenced_with_a_reason(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CERT", "/no/such/file")
    tiny.commit(
        "release-tasks.toml",
        '[checks.ignore]\nabsent-certificates = "pip is not used"\n',
    )
    [one] = check_machine(MachineContext(RELEASE, discover(tiny.root)))
    assert (one.name, one.severity, one.ignored) == (
        "absent-certificates",
        "note",
        "pip is not used",
    )


def test_without_a_project_the_machine_is_looked_at_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CERT", "/no/such/file")
    assert "absent-certificates" in [
        one.name for one in check_machine(MachineContext(RELEASE, None))
    ]

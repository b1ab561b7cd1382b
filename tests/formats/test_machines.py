"""The table of machines: every name belongs to one machine, and every view of the table agrees."""

from __future__ import annotations

import platform

import pytest

from release_tasks.formats import machines
from release_tasks.formats.machines import MACHINES


@pytest.mark.parametrize(
    "field", ["rust", "oci", "linux", "macos", "windows", "qemu"]
)
def test_no_two_machines_have_the_same_name(field: str) -> None:
    names = [
        getattr(machine, field)
        for machine in MACHINES
        if getattr(machine, field)
    ]
    assert sorted(names) == sorted(set(names))


def test_every_header_belongs_to_one_machine() -> None:
    headers = [header for machine in MACHINES for header in machine.headers]
    assert len(headers) == len(set(headers))
    assert all(machine.headers for machine in MACHINES)


@pytest.mark.parametrize(
    ("name", "oci"),
    [
        ("x86_64", "amd64"),
        ("aarch64", "arm64"),
        ("arm64", "arm64"),
        ("armv7l", "arm"),
    ],
)
def test_this_machine_is_found_by_its_name_on_linux_and_macos(
    monkeypatch: pytest.MonkeyPatch, name: str, oci: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: name)
    assert machines.this_platform() == f"linux/{oci}"


def test_an_unknown_machine_keeps_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    assert machines.this_machine() is None
    assert machines.this_platform() == "linux/vax"


@pytest.mark.parametrize(
    ("target", "gnu", "qemu"),
    [
        ("x86_64-unknown-linux-gnu", "x86_64", "x86_64"),
        ("armv7-unknown-linux-gnueabihf", "arm", "arm"),
        ("i686-unknown-linux-gnu", "i686", "i386"),
        ("powerpc64le-unknown-linux-gnu", "powerpc64le", "ppc64le"),
        ("powerpc64-unknown-linux-gnu", "powerpc64", "powerpc64"),
        ("riscv64gc-unknown-linux-gnu", "riscv64", "riscv64"),
        ("mips64el-unknown-linux-gnuabi64", "mips64el", "mips64el"),
    ],
)
def test_a_target_has_a_compiler_and_an_emulator(
    target: str, gnu: str, qemu: str
) -> None:
    assert machines.gnu_name(target) == gnu
    assert machines.qemu_name(target) == qemu

"""Machine code: its format and machine, read from its headers."""

from __future__ import annotations

import pytest
from support.executables import (
    AARCH64,
    AMD64,
    ARM64,
    MAC_ARM64,
    MAC_X86_64,
    X86_64,
    elf,
    macho,
    pe,
)

from release_tasks.formats import executables


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (elf(X86_64), "x86_64-unknown-linux-gnu"),
        (elf(AARCH64), "aarch64-unknown-linux-musl"),
        (macho(MAC_X86_64), "x86_64-apple-darwin"),
        (macho(MAC_ARM64), "aarch64-apple-darwin"),
        (macho(MAC_X86_64, MAC_ARM64), "universal2-apple-darwin"),
        (pe(AMD64), "x86_64-pc-windows-msvc"),
        (pe(ARM64), "aarch64-pc-windows-msvc"),
    ],
)
def test_a_program_is_for_the_targets_of_its_format_and_machine(
    data: bytes, target: str
) -> None:
    code = executables.read(data)
    assert code is not None
    others = {
        "x86_64-unknown-linux-gnu",
        "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc",
        "riscv64gc-unknown-linux-gnu",
    }
    assert executables.is_for(code, target)
    assert not any(
        executables.is_for(code, other) for other in others - {target}
    )
    assert (
        not executables.is_for(code, "mips64el-unknown-linux-gnuabi64")
        or code.format == "ELF"
    )  # not in our table


@pytest.mark.parametrize(
    "data", [b"", b"#!/bin/sh\n", b"MZ", b"\xca\xfe\xba\xbe\0\0\0\x37"]
)
def test_other_files_are_not_machine_code(data: bytes) -> None:
    assert executables.read(data) is None

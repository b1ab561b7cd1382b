"""Programs for tests: compiled ones for this machine, and the headers of those for others."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

X86_64, AARCH64 = 62, 183  # the numbers of machines in ELF
MAC_X86_64, MAC_ARM64 = 0x1000007, 0x100000C  # in Mach-O
AMD64, ARM64 = 0x8664, 0xAA64  # in PE


@lru_cache
def compiled_program(says: str, *flags: str, compiler: str = "cc") -> bytes:
    """Return a program that prints one line."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "main.c"), Path(folder, "main")
        source.write_text(
            f'#include <stdio.h>\nint main(void) {{ puts("{says}"); return 0; }}\n'
        )
        subprocess.run([compiler, *flags, "-o", program, source], check=True)
        return program.read_bytes()


def elf(machine: int) -> bytes:
    """Return the headers of a program for Linux, without any code."""
    identification = b"\x7fELF\2\1\1" + bytes(9)
    rest = struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    return identification + rest + bytes(56)


def macho(*machines: int) -> bytes:
    """Return the headers of a program for macOS; of a universal one for several machines."""
    headers = [
        struct.pack("<8I", 0xFEEDFACF, machine, 0, 2, 0, 0, 0, 0)
        for machine in machines
    ]
    thin = [header + bytes(64) for header in headers]
    if len(thin) == 1:
        return thin[0]
    start = struct.pack(">2I", 0xCAFEBABE, len(thin))
    for number, machine in enumerate(machines, 1):
        start += struct.pack(">5I", machine, 0, 4096 * number, 96, 12)
    return b"".join(part.ljust(4096, b"\0") for part in (start, *thin))


def pe(machine: int) -> bytes:
    """Return the headers of a program for Windows."""
    start = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    header = struct.pack("<HHIIIHH", machine, 0, 0, 0, 0, 240, 0x22)
    sizes = (0x20B, 14, 0, 0, 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200)
    optional = struct.pack("<HBBIIIIIQII", *sizes)
    return start + header + optional.ljust(240, b"\0")

"""A project with a wheel, an sdist and two programs, whose files are put into dist/ by hand."""

from __future__ import annotations

import io
import struct
import subprocess
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files
from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.steps.check_artifacts import check_artifacts
from support import python_projects as projects
from support.python_projects import HOST, PLAIN, PROGRAM
from support.tiny_project import TinyProject

ARM = "aarch64-unknown-linux-gnu"
SETTINGS = f"""[crates]
ignore = ["tiny-tool"]
[binaries.tiny]
{HOST} = "tiny-{{version}}-here"
{ARM} = "tiny-{{version}}-arm.tar.gz"
"""
FILES = PROGRAM | PLAIN | {"release-tasks.toml": SETTINGS, ".gitignore": "/target\n/dist\n"}
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"
X86_64, AARCH64 = 62, 183  # as ELF numbers machines
MAC_X86_64, MAC_ARM64 = 0x1000007, 0x100000C
AMD64, ARM64 = 0x8664, 0xAA64  # as Windows does
HERE, PACKED = "tiny-0.2.0-here", "tiny-0.2.0-arm.tar.gz"


@lru_cache
def compiled(says: str, *flags: str, compiler: str = "cc") -> bytes:
    """Return a program that prints one line."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "main.c"), Path(folder, "main")
        source.write_text(f'#include <stdio.h>\nint main(void) {{ puts("{says}"); return 0; }}\n')
        subprocess.run([compiler, *flags, "-o", program, source], check=True)
        return program.read_bytes()


def elf(machine: int) -> bytes:
    """Return the header of a program for Linux, without any code."""
    start = b"\x7fELF\2\1\1" + bytes(9)
    return (
        start
        + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        + bytes(56)
    )


def macho(*machines: int) -> bytes:
    """Return the headers of a program for macOS, of a universal one for several machines."""
    thin = [struct.pack("<8I", 0xFEEDFACF, one, 0, 2, 0, 0, 0, 0) + bytes(64) for one in machines]
    if len(thin) == 1:
        return thin[0]
    slices = [struct.pack(">5I", one, 0, 4096 * at, 96, 12) for at, one in enumerate(machines, 1)]
    start = struct.pack(">2I", 0xCAFEBABE, len(thin)) + b"".join(slices)
    return b"".join(part.ljust(4096, b"\0") for part in (start, *thin))


def pe(machine: int) -> bytes:
    """Return the headers of a program for Windows."""
    start = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    sizes = struct.pack(
        "<HBBIIIIIQII", 0x20B, 14, 0, 0, 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200
    )
    return start + struct.pack("<HHIIIHH", machine, 0, 0, 0, 0, 240, 0x22) + sizes.ljust(240, b"\0")


def tar_gz(inside: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in inside.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def put(tiny: TinyProject, kind: str, name: str, data: bytes, **more: str) -> Path:
    """Put one file into dist/ as the step that builds it would, a program with its checksum."""
    release = tiny.release("0.2.0")
    part = release.parts[0]
    path = dist.folder(part) / name
    files.write_bytes(path, data)
    dist.record(
        part, "built", [dist.describe(release, part, kind, path, **more)], target=f"{kind}-{name}"
    )
    if kind == "binary":
        text = f"{files.sha256(path)}  {name}\n".encode()
        put(tiny, "sha256", f"{name}.sha256", text)
    return path


def put_all(tiny: TinyProject, here: bytes | None = None, arm: bytes | None = None) -> None:
    """Put every declared file into dist/, with these two programs."""
    here, arm = here or compiled("tiny 0.2.0", "-static"), arm or elf(AARCH64)
    put(tiny, "wheel", WHEEL, projects.wheel("Tiny.Plain"), package="Tiny.Plain")
    put(tiny, "sdist", SDIST, projects.sdist("Tiny.Plain"), package="Tiny.Plain")
    put(tiny, "binary", HERE, here, target=HOST, package="tiny-tool")
    inside = {"tiny": arm, "LICENSE": b"do", "README.md": b"read"}
    put(tiny, "binary", PACKED, tar_gz(inside), target=ARM, package="tiny-tool")


def lay_out(tiny: TinyProject, name: str, data: bytes) -> None:
    """Put a wheel in the place of the one that is there."""
    for path in (tiny.root / "dist" / "v0.2.0").rglob("*.whl*"):
        path.unlink()
    put(tiny, "wheel", name, data, package="Tiny.Plain")


def proved() -> list[ReleaseError]:
    """Return what `inv check-artifacts` finds; each problem has a way out."""
    try:
        check_artifacts(Context(), "0.2.0")
    except MultipleErrors as several:
        found = list(several.errors)
    except ReleaseError as one:
        found = [one]
    else:
        return []
    assert all(error.fix for error in found)
    return found


def facts() -> list[str]:
    return [error.problem for error in proved()]

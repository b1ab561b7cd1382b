"""The one table of machines (CPU architectures), with the name that each ecosystem gives them."""

from __future__ import annotations

import platform
from dataclasses import dataclass

# maturin's target for a wheel with the code of both Macs, and what it is made of
UNIVERSAL = "universal2-apple-darwin"
UNIVERSAL_TARGETS = ("x86_64-apple-darwin", "aarch64-apple-darwin")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One CPU architecture. A name is empty where an ecosystem does not have the machine."""

    rust: str  # the first part of a target: `armv7` in `armv7-unknown-linux-gnueabihf`
    abi: str = ""  # what follows `gnu` or `musl` in a target for Linux
    gnu: str  # the first part of a GNU triple, in the names of Debian's cross compilers
    qemu: str  # `arm` in `qemu-arm-static`
    oci: str  # the architecture of an image; Go has the same names
    linux: str  # wheels for Linux, and `uname -m` there
    macos: str = ""  # wheels for macOS, and `uname -m` there
    windows: str = ""  # wheels for Windows
    headers: tuple[str, ...]  # ELF, Mach-O and PE, as lief names them
    same_header: tuple[str, ...] = ()  # other `rust` names with these headers


MACHINES = (
    Machine(
        rust="x86_64",
        gnu="x86_64",
        qemu="x86_64",
        oci="amd64",
        linux="x86_64",
        macos="x86_64",
        windows="win_amd64",
        headers=("X86_64", "AMD64"),
    ),
    Machine(
        rust="aarch64",
        gnu="aarch64",
        qemu="aarch64",
        oci="arm64",
        linux="aarch64",
        macos="arm64",
        windows="win_arm64",
        headers=("AARCH64", "ARM64"),
    ),
    Machine(
        rust="i686",
        gnu="i686",
        qemu="i386",
        oci="386",
        linux="i686",
        windows="win32",
        headers=("I386", "X86"),
        same_header=("i586",),
    ),
    Machine(
        rust="armv7",
        abi="eabihf",
        gnu="arm",
        qemu="arm",
        oci="arm",
        linux="armv7l",
        headers=("ARM", "ARMNT"),
        same_header=("arm",),
    ),
    Machine(
        rust="powerpc64le",
        gnu="powerpc64le",
        qemu="ppc64le",
        oci="ppc64le",
        linux="ppc64le",
        headers=("PPC64",),
        same_header=("powerpc64",),
    ),
    Machine(
        rust="riscv64gc",
        gnu="riscv64",
        qemu="riscv64",
        oci="riscv64",
        linux="riscv64",
        headers=("RISCV",),
        same_header=("riscv64",),
    ),
    Machine(
        rust="s390x",
        gnu="s390x",
        qemu="s390x",
        oci="s390x",
        linux="s390x",
        headers=("S390",),
    ),
)
_BY_RUST = {machine.rust: machine for machine in MACHINES}
_BY_OCI = {machine.oci: machine for machine in MACHINES}
_BY_LINUX = {machine.linux: machine for machine in MACHINES}
_BY_MACOS = {machine.macos: machine for machine in MACHINES if machine.macos}
_BY_WINDOWS = {
    machine.windows: machine for machine in MACHINES if machine.windows
}
_BY_HEADER = {
    header: machine for machine in MACHINES for header in machine.headers
}


def this_machine() -> Machine | None:
    """Return the machine that this process runs on, or None for one that is not in the table."""
    name = platform.machine()
    return _BY_LINUX.get(name) or _BY_MACOS.get(name)


def this_platform() -> str:
    """Return the platform of images that run here: `linux/amd64`."""
    machine = this_machine()
    if machine is None:
        return f"linux/{platform.machine()}"
    return f"linux/{machine.oci}"


def of_target(target: str) -> Machine | None:
    """Return the machine of a Rust target."""
    return _BY_RUST.get(target.partition("-")[0])


def of_image(architecture: str) -> Machine | None:
    """Return the machine of an image's architecture: `arm64`."""
    return _BY_OCI.get(architecture)


def of_header(name: str) -> Machine | None:
    """Return the machine that the header of a program names, as lief spells it: `AARCH64`."""
    return _BY_HEADER.get(name)


def gnu_name(target: str) -> str:
    """Return the first part of the GNU triple for a Rust target."""
    machine = of_target(target)
    if machine is None:
        return target.partition("-")[0]
    return machine.gnu


def qemu_name(target: str) -> str:
    """Return what `qemu-NAME` is called that runs programs of a Rust target."""
    machine = of_target(target)
    if machine is None:
        return target.partition("-")[0]
    return machine.qemu


def linux_target(wheel_machine: str, libc: str) -> str | None:
    """Return the Rust target of wheels for Linux, with `gnu` or `musl` as `libc`."""
    machine = _BY_LINUX.get(wheel_machine)
    if machine is None:
        return None
    return f"{machine.rust}-unknown-linux-{libc}{machine.abi}"


def macos_target(wheel_machine: str) -> str | None:
    """Return the Rust target of wheels for macOS."""
    if wheel_machine == "universal2":
        return UNIVERSAL
    machine = _BY_MACOS.get(wheel_machine)
    if machine is None:
        return None
    return f"{machine.rust}-apple-darwin"


def windows_target(wheel_tag: str) -> str | None:
    """Return the Rust target of wheels for Windows."""
    machine = _BY_WINDOWS.get(wheel_tag)
    if machine is None:
        return None
    return f"{machine.rust}-pc-windows-msvc"

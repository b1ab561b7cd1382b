"""Machine code in files: for which system and machine it is, and what it needs there, as its headers say."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

MAGIC = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
MACHINES = {  # as the three formats call them -> as Rust targets begin
    "X86_64": "x86_64",
    "AMD64": "x86_64",
    "AARCH64": "aarch64",
    "ARM64": "aarch64",
    "I386": "i686",
    "X86": "i686",
    "ARM": "arm",
    "ARMNT": "arm",
    "PPC64": "powerpc64",
    "S390": "s390x",
    "RISCV": "riscv64",
}
PARTS = {
    "i586": "i686",
    "armv7": "arm",
    "powerpc64le": "powerpc64",
    "riscv64gc": "riscv64",
    "universal2": "aarch64+x86_64",
    "any": "none",
}


@dataclass(frozen=True)
class Code:
    """Format (ELF, MACHO, PE) and machines of a program or library; `glibc` is the newest that its symbols name."""

    format: str
    machines: str
    needs: tuple[str, ...] = ()  # libraries of the machine, the loader of programs among them
    glibc: tuple[int, ...] = ()


def read(data: bytes) -> Code | None:
    """Return what the headers of a file say, None where it is no machine code."""
    import lief

    if not data.startswith(MAGIC):
        return None
    lief.logging.disable()
    if data.startswith(MAGIC[2:]):
        fat = lief.MachO.parse(io.BytesIO(data))
        return (
            Code(
                "MACHO", "+".join(sorted(MACHINES.get(one.header.cpu_type.name, "") for one in fat))
            )
            if fat
            else None
        )
    found = lief.parse(io.BytesIO(data))
    if isinstance(found, lief.PE.Binary):
        return Code("PE", MACHINES.get(found.header.machine.name, ""))
    if not isinstance(found, lief.ELF.Binary):
        return None
    asked = [
        symbol.name
        for needed in found.symbols_version_requirement
        for symbol in needed.get_auxiliary_symbols()
    ]
    versions = [numbers(str(name)) for name in asked if re.fullmatch(r"GLIBC_[\d.]+", str(name))]
    loader = [found.interpreter.rpartition("/")[2]] if found.has_interpreter else []
    needs = tuple(dict.fromkeys([*map(str, found.libraries), *loader]))
    return Code(
        "ELF", MACHINES.get(found.header.machine_type.name, ""), needs, max(versions, default=())
    )


def is_for(code: Code, target: str) -> bool:
    """Tell whether machine code has the format of a Rust target, and its machines where they have a name here."""
    system = "MACHO" if "-apple-" in target else "PE" if "-windows-" in target else "ELF"
    machine = target.partition("-")[0]
    wanted = PARTS.get(machine, machine)
    return code.format == system and (
        code.machines == wanted or wanted not in {*MACHINES.values(), *PARTS.values()}
    )


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare it (2.17 is before 2.4, as text)."""
    return tuple(int(number) for number in re.findall(r"\d+", text))

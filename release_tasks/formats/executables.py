"""Machine code in files: for which system and machine it is, and what it needs there."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

from release_tasks.formats import machines

_MACHO = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_MAGIC = (b"\x7fELF", b"MZ", *_MACHO)
_GLIBC = re.compile(r"GLIBC_[\d.]+")


@dataclass(frozen=True)
class Code:
    """What the headers of a program or library say."""

    format: str  # ELF, MACHO or PE
    machines: str  # GNU names, joined by `+`; "" for a machine that is not in our table
    # shared libraries of the system, and its loader of programs
    needs: tuple[str, ...] = ()
    glibc: tuple[int, ...] = ()  # the newest one that its symbols name


def read(data: bytes) -> Code | None:
    """Return what the headers of a file say, or None where it is not machine code."""
    import lief

    if not data.startswith(_MAGIC):
        return None
    lief.logging.disable()
    if data.startswith(_MACHO):
        slices = lief.MachO.parse(io.BytesIO(data))
        if not slices:
            return None
        return Code("MACHO", _machines(one.header.cpu_type for one in slices))
    found = lief.parse(io.BytesIO(data))
    if isinstance(found, lief.PE.Binary):
        return Code("PE", _machines([found.header.machine]))
    if isinstance(found, lief.ELF.Binary):
        return _elf(found)
    return None


def is_for(code: Code, target: str) -> bool:
    """Return whether machine code has the format and machines of a Rust target.

    A machine that is not in our table is not compared. Nothing is for the target `any`.
    """
    if target == "any" or code.format != _format(target):
        return False
    wanted = _target_machines(target)
    return not wanted or code.machines == wanted


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparisons: 2.4 is lower than 2.17."""
    return tuple(map(int, re.findall(r"\d+", text)))


def _elf(found: Any) -> Code:
    symbols: list[str] = []
    for library in found.symbols_version_requirement:
        symbols += [
            str(symbol.name) for symbol in library.get_auxiliary_symbols()
        ]
    glibcs = [numbers(name) for name in symbols if _GLIBC.fullmatch(name)]
    needs = [str(library) for library in found.libraries]
    if found.has_interpreter:
        needs.append(found.interpreter.rpartition("/")[2])
    return Code(
        "ELF",
        _machines([found.header.machine_type]),
        tuple(dict.fromkeys(needs)),
        max(glibcs, default=()),
    )


def _machines(headers: Any) -> str:
    # lief shows a machine that it does not know as a number
    names = [str(getattr(header, "name", header)) for header in headers]
    found = [machines.of_header(name) for name in names]
    return "+".join(sorted(machine.gnu for machine in found if machine))


def _format(target: str) -> str:
    if "-apple-" in target:
        return "MACHO"
    if "-windows-" in target:
        return "PE"
    return "ELF"


def _target_machines(target: str) -> str:
    """Return the machines of a target as `Code` has them, "" for one not in our table."""
    if target == machines.UNIVERSAL:
        return "+".join(
            sorted(map(_target_machines, machines.UNIVERSAL_TARGETS))
        )
    name = target.partition("-")[0]
    for machine in machines.MACHINES:
        if name == machine.rust or name in machine.same_header:
            return machine.gnu
    return ""

"""rustc: which targets this machine can build for, and what cargo needs to be told for each."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from release_tasks import shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats.executables import numbers
from release_tasks.formats.machines import UNIVERSAL, UNIVERSAL_TARGETS, gnu_name
from release_tasks.shell import Failed, ask
from release_tasks.tools import zig
from release_tasks.tools.cargo import rustflags

DEBIAN = "/usr/bin/rustc"  # where apt's standard libraries for other machines belong to
MERGED = (
    2,
    34,
)  # whatever is linked against this glibc or a later one needs it (its release notes: libpthread is in libc)


@lru_cache(maxsize=8)
def host(tree: Path) -> str:
    """Return the target of this machine, as the tree's own toolchain names it."""
    said = re.search(r"^host: (\S+)$", ask(["rustc", "-vV"], cwd=tree), re.M)
    if said is None:
        raise ReleaseError("`rustc -vV` names no host", "install Rust from https://rustup.rs")
    return said[1]


def environments(tree: Path, targets: Iterable[str], command: str) -> Mapping[str, dict[str, str]]:
    """Do what `possible` does, and raise one `ReleaseError` for every target that cannot be built here."""
    found, errors = possible(tree, targets, command)
    raise_all(errors.values())
    return found


def possible(
    tree: Path, targets: Iterable[str], command: str, glibc: Mapping[str, str] | None = None
) -> tuple[dict[str, dict[str, str]], dict[str, ReleaseError]]:
    """Return the variables that cargo needs for each target: another rustc, a linker; and the errors of the others.

    An error says what is missing and what brings it, or the machine on which `command` can build it. `glibc` is
    the oldest one (`2.17`) that a target's programs must run with.
    """
    found: dict[str, dict[str, str]] = {}
    errors: dict[str, ReleaseError] = {}
    for target in dict.fromkeys(targets):
        try:
            way: dict[str, str] = {}
            for part in UNIVERSAL_TARGETS if target == UNIVERSAL else (target,):
                way |= _compiler(tree, part, command)
                way |= _linker(
                    tree, part, command, (glibc or {}).get(target, ""), way.get("RUSTC", "")
                )
            found[target] = way
        except Failed:
            raise
        except ReleaseError as error:
            errors[target] = _universal(command) if target == UNIVERSAL else error
    return found, errors


def has_glibc(target: str) -> bool:
    """Tell whether programs of a target use the glibc of the machine that they run on."""
    return "-linux-gnu" in target


def gcc(tree: Path, target: str) -> str:
    """Return the name of the C compiler that links for a target, installed or not."""
    return "cc" if host(tree) == target else f"{_gnu_name(target)}-gcc"


def variable(target: str, what: str) -> str:
    """Return the name of cargo's variable for a setting of one target."""
    return f"CARGO_TARGET_{target.upper().replace('-', '_').replace('.', '_')}_{what}"


def gcc_fix(name: str) -> str:
    """Return the command that installs a compiler of `gcc`."""
    return (
        f"apt-get install gcc-{name.removesuffix('-gcc').replace('_', '-')}"
        if name != "cc"
        else "apt-get install gcc"
    )


def elsewhere(target: str, command: str, place: str = "on such a machine") -> str:
    """Return the way out for what another machine has to build."""
    return f"run `{command} --target {target}` {place}, and `inv collect` its dist/ here"


def _compiler(tree: Path, target: str, command: str) -> dict[str, str]:
    unknown = True
    for program in _programs():
        folder = _library(tree, program, target)
        unknown = unknown and folder is None
        if folder and any(folder.glob("libstd-*.rlib")):
            return {} if program == _programs()[0] else {"RUSTC": program}
    if unknown:
        raise ReleaseError(
            f"rustc knows no target {target}", "`rustc --print target-list` shows the known ones"
        )
    raise ReleaseError(
        f"{target} cannot be built on this machine: Rust's standard library for it is missing",
        _library_fix(target, command),
    )


def _universal(command: str) -> ReleaseError:
    return ReleaseError(
        f"{UNIVERSAL} cannot be built on this machine",
        elsewhere(UNIVERSAL, command, "on a Mac with both targets"),
    )


def _programs() -> list[str]:
    first = os.environ.get("RUSTC") or "rustc"
    on_path = [
        str(Path(folder) / "rustc")
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if folder
    ]
    return [first, *dict.fromkeys(path for path in [*on_path, DEBIAN] if os.access(path, os.X_OK))]


@lru_cache(maxsize=64)
def _library(tree: Path, program: str, target: str) -> Path | None:
    try:
        return Path(ask([program, "--print=target-libdir", "--target", target], cwd=tree).strip())
    except Failed:
        return None


def _library_fix(target: str, command: str) -> str:
    if place := _home(target):
        return elsewhere(target, command, place)
    return f"rustup target add {target}, or {elsewhere(target, command)}"


def _home(target: str) -> str:
    """Return where the targets of a vendor are built, nothing for one that any Linux can build."""
    places = {"apple-darwin": "on a Mac", "windows-msvc": "on Windows"}
    return next((place for ending, place in places.items() if target.endswith(ending)), "")


def _linker(tree: Path, target: str, command: str, glibc: str, program: str) -> dict[str, str]:
    own = variable(target, "LINKER") in os.environ or any(
        "linker" in table.get(target, {}) for table in rustflags.target_tables(tree)
    )
    is_too_new = bool(glibc) and numbers(glibc) < MERGED <= numbers(_glibc() or "0")
    if own or (not is_too_new and _links_natively(host(tree), target)):
        return {}
    if not is_too_new and shell.found(gcc(tree, target)):
        return {variable(target, "LINKER"): gcc(tree, target)}
    if "-linux-" in target and zig.found():
        return zig.environment(tree, target, glibc, program)
    start = f"{target} cannot be built on this machine"
    if place := _home(target):
        raise ReleaseError(f"{start}: it has no linker for it", elsewhere(target, command, place))
    if is_too_new:
        raise ReleaseError(
            f"{start}: its glibc is {_glibc()}, and {glibc} is promised",
            f"{zig.INSTALL}, or {elsewhere(target, command)}",
        )
    name = gcc(tree, target)
    fix = f"{gcc_fix(name)}, {zig.INSTALL}, set {variable(target, 'LINKER')}, or {elsewhere(target, command)}"
    raise ReleaseError(f"{start}: it has no linker {name}", fix)


def _glibc() -> str:
    """Return the version of this machine's glibc, nothing where it has none."""
    said = os.confstr("CS_GNU_LIBC_VERSION") if "linux" in sys.platform else ""
    return (said or "").removeprefix("glibc ")


def _links_natively(here: str, target: str) -> bool:
    if here == target:
        return True
    arch, _, system = target.partition("-")
    if any(
        here.endswith(family) and target.endswith(family)
        for family in ("apple-darwin", "windows-msvc")
    ):
        return True
    # rustc brings its own start files for musl
    return system == "unknown-linux-musl" and here == f"{arch}-unknown-linux-gnu"


def _gnu_name(target: str) -> str:
    arch, *_, system = target.split("-")
    if target.endswith("windows-gnu"):
        return f"{arch}-w64-mingw32"
    return f"{gnu_name(target)}-linux-{system}"

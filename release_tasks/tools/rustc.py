"""rustc: which targets this machine can build for, and the variables that cargo needs for each."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from release_tasks import shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats.executables import numbers
from release_tasks.formats.machines import (
    UNIVERSAL,
    UNIVERSAL_TARGETS,
    gnu_name,
)
from release_tasks.shell import Failed, ask
from release_tasks.tools import rustup, zig
from release_tasks.tools.cargo import rustflags

DEBIAN = "/usr/bin/rustc"  # the compiler of apt's standard libraries for other machines
# Whatever is linked against this glibc or a later one needs it: libpthread is in libc since then
# (its release notes).
NEEDED_BY_ALL = (2, 34)
# where their linkers run
ONLY_ON = {"apple-darwin": "on a Mac", "windows-msvc": "on Windows"}

Variables = dict[str, str]


@dataclass(frozen=True)
class _Target:
    """A target to build for; `command` is what another machine runs for it.

    `glibc` (`2.17`) is the oldest one that programs must run with, empty for any.
    """

    tree: Path
    name: str
    command: str
    glibc: str = ""


@lru_cache(maxsize=8)
def host(tree: Path) -> str:
    """Return the target of this machine, according to the toolchain of a folder."""
    found = re.search(r"^host: (\S+)$", ask(["rustc", "-vV"], cwd=tree), re.M)
    if found is None:
        raise ReleaseError(
            "`rustc -vV` shows no host", "install Rust: https://rustup.rs"
        )
    return found[1]


@lru_cache(maxsize=8)
def targets(tree: Path) -> tuple[str, ...]:
    """Return the targets that the toolchain of a folder knows."""
    return tuple(ask(["rustc", "--print", "target-list"], cwd=tree).split())


def environments(
    tree: Path, targets: Iterable[str], command: str
) -> Mapping[str, Variables]:
    """Do what `possible` does, and raise the errors of targets that cannot be built here."""
    found, errors = possible(tree, targets, command)
    raise_all(errors.values())
    return found


def possible(
    tree: Path,
    targets: Iterable[str],
    command: str,
    glibc: Mapping[str, str] | None = None,
) -> tuple[dict[str, Variables], dict[str, ReleaseError]]:
    """Return what cargo needs for each target, and an error for each that cannot be built here.

    The variables name another rustc or a linker. `glibc` has the oldest one (`2.17`) that a
    target's programs must run with. The fix of an error installs what is missing, or is `command`
    on another machine.
    """
    found: dict[str, Variables] = {}
    errors: dict[str, ReleaseError] = {}
    for name in dict.fromkeys(targets):
        target = _Target(tree, name, command, (glibc or {}).get(name, ""))
        try:
            found[name] = _variables(target)
        except Failed:
            raise
        except ReleaseError as error:
            errors[name] = error
    return found, errors


def has_glibc(target: str) -> bool:
    """Tell whether programs of a target use the glibc of the machine that they run on."""
    return "-linux-gnu" in target


def gcc(tree: Path, target: str) -> str:
    """Return the name of the C compiler that links for a target, installed or not."""
    if host(tree) == target:
        return "cc"
    return f"{_gnu_triple(target)}-gcc"


def gcc_fix(compiler: str) -> str:
    """Return the command that installs a compiler which `gcc` names."""
    if compiler == "cc":
        return "apt-get install gcc"
    machine = compiler.removesuffix("-gcc").replace("_", "-")
    return f"apt-get install gcc-{machine}"


def variable(target: str, setting: str) -> str:
    """Return the name of cargo's variable for a setting of one target."""
    name = target.upper().replace("-", "_").replace(".", "_")
    return f"CARGO_TARGET_{name}_{setting}"


def elsewhere(
    target: str, command: str, where: str = "on such a machine"
) -> str:
    """Return the fix for what has to be built on another machine."""
    return (
        f"run `{command} --target {target}` {where}, and `inv collect` its dist/ here; "
        "or let CI build it: `inv generate-ci`"
    )


def _variables(target: _Target) -> Variables:
    if target.name != UNIVERSAL:
        return _of_one(target)
    found: Variables = {}
    try:
        for name in UNIVERSAL_TARGETS:
            found |= _of_one(_Target(target.tree, name, target.command))
    except Failed:
        raise
    except ReleaseError as error:
        fact = f"{UNIVERSAL} cannot be built on this machine"
        fix = elsewhere(UNIVERSAL, target.command, "on a Mac with both targets")
        raise ReleaseError(fact, fix) from error
    return found


def _of_one(target: _Target) -> Variables:
    compiler = _compiler(target)
    return compiler | _linker(target, compiler.get("RUSTC", ""))


def _compiler(target: _Target) -> Variables:
    """Return RUSTC where another one than the first has the target's standard library."""
    programs = _programs()
    is_known = False
    for program in programs:
        library = _library(target.tree, program, target.name)
        if library is None:
            continue
        is_known = True
        if any(library.glob("libstd-*.rlib")):
            return {} if program == programs[0] else {"RUSTC": program}
    if not is_known:
        fact = f"{target.name} is not a target of rustc"
        raise ReleaseError(fact, "choose one of `rustc --print target-list`")
    fact = f"{_not_here(target)}: Rust's standard library for it is missing"
    where = _only_on(target.name)
    if where:
        raise ReleaseError(fact, elsewhere(target.name, target.command, where))
    other = elsewhere(target.name, target.command)
    raise ReleaseError(
        fact, f"{rustup.add_targets(target.tree, [target.name])}, or {other}"
    )


def _programs() -> list[str]:
    """Return the rustc that cargo runs, and the others on this machine."""
    first = os.environ.get("RUSTC") or "rustc"
    folders = [
        folder
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if folder
    ]
    paths = [*(str(Path(folder) / "rustc") for folder in folders), DEBIAN]
    return [
        first,
        *dict.fromkeys(path for path in paths if os.access(path, os.X_OK)),
    ]


@lru_cache(maxsize=64)
def _library(tree: Path, program: str, target: str) -> Path | None:
    """Return where a rustc has the standard library of a target, None for one it does not know."""
    try:
        return Path(
            ask(
                [program, "--print=target-libdir", "--target", target], cwd=tree
            ).strip()
        )
    except Failed:
        return None


def _linker(target: _Target, rustc: str) -> Variables:
    """Return the variables for the linker of a target; raise `ReleaseError` where there is none.

    A linker that the caller or the project has configured is used as it is.
    """
    name = target.name
    if _is_configured(target):
        return {}
    is_too_new = _is_too_new(target.glibc)
    if not is_too_new:
        if _links_natively(host(target.tree), name):
            return {}
        compiler = gcc(target.tree, name)
        if shell.found(compiler):
            return {variable(name, "LINKER"): compiler}
    if "-linux-" in name and zig.found():
        return zig.environment(target.tree, name, target.glibc, rustc)
    raise _no_linker(target, is_too_new)


def _is_configured(target: _Target) -> bool:
    if variable(target.name, "LINKER") in os.environ:
        return True
    tables = rustflags.target_tables(target.tree)
    return any("linker" in table.get(target.name, {}) for table in tables)


def _is_too_new(glibc: str) -> bool:
    """Tell whether what this machine links needs a newer glibc than the given one."""
    if not glibc:
        return False
    return numbers(glibc) < NEEDED_BY_ALL <= numbers(_glibc() or "0")


def _no_linker(target: _Target, is_too_new: bool) -> ReleaseError:
    start = _not_here(target)
    where = _only_on(target.name)
    if where:
        fix = elsewhere(target.name, target.command, where)
        return ReleaseError(f"{start}: its linker only runs {where}", fix)
    other = elsewhere(target.name, target.command)
    if is_too_new:
        fact = f"{start}: its glibc {_glibc()} is newer than {target.glibc}"
        return ReleaseError(fact, f"{zig.INSTALL}, or {other}")
    compiler = gcc(target.tree, target.name)
    setting = variable(target.name, "LINKER")
    return ReleaseError(
        f"{start}: its linker {compiler} is not installed",
        f"{gcc_fix(compiler)}, {zig.INSTALL}, set {setting}, or {other}",
    )


def _not_here(target: _Target) -> str:
    return f"{target.name} cannot be built on this machine"


def _only_on(target: str) -> str:
    """Return where the targets of a vendor are built, "" for those that any Linux can build."""
    for ending, where in ONLY_ON.items():
        if target.endswith(ending):
            return where
    return ""


def _glibc() -> str:
    """Return the version of this machine's glibc, "" where it has none."""
    if sys.platform != "linux":
        return ""
    return (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")


def _links_natively(here: str, target: str) -> bool:
    """Tell whether the linker of the target `here` links for `target`, too."""
    if here == target:
        return True
    for vendor in ONLY_ON:
        if here.endswith(vendor) and target.endswith(vendor):
            return True
    arch, _, system = target.partition("-")
    # rustc has its own start files for musl
    return (
        system == "unknown-linux-musl" and here == f"{arch}-unknown-linux-gnu"
    )


def _gnu_triple(target: str) -> str:
    arch, *_, system = target.split("-")
    if target.endswith("windows-gnu"):
        return f"{arch}-w64-mingw32"
    return f"{gnu_name(target)}-linux-{system}"

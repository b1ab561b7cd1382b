"""rustc: which targets this machine can build for, and what cargo needs to be told for each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from release_tasks import shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.shell import Failed, ask
from release_tasks.tools import rustflags

DEBIAN = "/usr/bin/rustc"  # where apt's standard libraries for other machines belong to
UNIVERSAL, HALVES = "universal2-apple-darwin", ("x86_64-apple-darwin", "aarch64-apple-darwin")  # maturin's name for both


@lru_cache(maxsize=8)
def host(tree: Path) -> str:
    """Return the target of this machine, as the tree's own toolchain names it."""
    said = re.search(r"^host: (\S+)$", ask(["rustc", "-vV"], cwd=tree), re.M)
    if said is None:
        raise ReleaseError("`rustc -vV` names no host", "install Rust from https://rustup.rs")
    return said[1]


def environments(tree: Path, targets: Iterable[str], command: str, linked_by_zig: bool = False) -> Mapping[str, dict[str, str]]:
    """Return the variables that cargo needs for each target: another rustc, a linker.

    Raises one `ReleaseError` for every target that cannot be built here, with what is missing and what
    brings it, or the machine on which `command` can; so nothing is compiled in vain.
    """
    found: dict[str, dict[str, str]] = {}
    errors = []
    for target in dict.fromkeys(targets):
        try:
            for part in HALVES if target == UNIVERSAL else (target,):
                found[target] = _compiler(tree, part, command) | ({} if linked_by_zig else _linker(tree, part, command))
        except Failed:
            raise
        except ReleaseError as error:
            errors.append(_universal(command) if target == UNIVERSAL else error)
    raise_all(errors)
    return found


def variable(target: str, what: str) -> str:
    """Return the name of cargo's variable for a setting of one target."""
    return f"CARGO_TARGET_{target.upper().replace('-', '_').replace('.', '_')}_{what}"


def _compiler(tree: Path, target: str, command: str) -> dict[str, str]:
    unknown = True
    for program in _programs():
        folder = _library(tree, program, target)
        unknown = unknown and folder is None
        if folder and any(folder.glob("libstd-*.rlib")):
            return {} if program == _programs()[0] else {"RUSTC": program}
    if unknown:
        raise ReleaseError(f"rustc knows no target {target}", "`rustc --print target-list` shows the known ones")
    raise ReleaseError(f"{target} cannot be built on this machine: Rust's standard library for it is missing", _library_fix(target, command))


def _universal(command: str) -> ReleaseError:
    return ReleaseError(f"{UNIVERSAL} cannot be built on this machine", f"run `{command} --target {UNIVERSAL}` on a Mac with both targets")


def _programs() -> list[str]:
    first = os.environ.get("RUSTC") or "rustc"
    on_path = [str(Path(folder) / "rustc") for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [first, *dict.fromkeys(path for path in [*on_path, DEBIAN] if os.access(path, os.X_OK))]


@lru_cache(maxsize=64)
def _library(tree: Path, program: str, target: str) -> Path | None:
    try:
        return Path(ask([program, "--print=target-libdir", "--target", target], cwd=tree).strip())
    except Failed:
        return None


def _library_fix(target: str, command: str) -> str:
    for ending, place in (("apple-darwin", "on a Mac"), ("windows-msvc", "on Windows")):
        if target.endswith(ending):
            return f"run `{command} --target {target}` {place}"
    return f"rustup target add {target}, or run `{command} --target {target}` on such a machine"


def _linker(tree: Path, target: str, command: str) -> dict[str, str]:
    if _links_natively(host(tree), target) or variable(target, "LINKER") in os.environ:
        return {}
    if any("linker" in table.get(target, {}) for table in rustflags.target_tables(tree)):
        return {}
    prefix = _gnu_name(target)
    if shell.found(f"{prefix}-gcc"):
        return {variable(target, "LINKER"): f"{prefix}-gcc"}
    raise ReleaseError(
        f"{target} cannot be built on this machine: it has no linker {prefix}-gcc",
        f"apt-get install gcc-{prefix.replace('_', '-')}, set {variable(target, 'LINKER')}, or run `{command} --target {target}` on such a machine",
    )


def _links_natively(here: str, target: str) -> bool:
    if here == target:
        return True
    arch, _, system = target.partition("-")
    if any(here.endswith(family) and target.endswith(family) for family in ("apple-darwin", "windows-msvc")):
        return True
    # rustc brings its own start files for musl
    return system == "unknown-linux-musl" and here == f"{arch}-unknown-linux-gnu"


def _gnu_name(target: str) -> str:
    arch, *_, system = target.split("-")
    if target.endswith("windows-gnu"):
        return f"{arch}-w64-mingw32"
    names = {"armv7": "arm", "riscv64gc": "riscv64"}
    return f"{names.get(arch, arch)}-linux-{system}"

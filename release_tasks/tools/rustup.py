"""rustup: which toolchains are installed, and which of them the project needs and has not."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.printable import word
from release_tasks.shell import Failed, ask

FILES = ("rust-toolchain.toml", "rust-toolchain")  # rustup book, Overrides
_BACKTRACE = re.compile(r"\n\s*Stack backtrace:.*", re.S)
_ABSENT = re.compile(r"toolchain '([^']+)' is not installed")
_INCOMPLETE = re.compile(
    r"'([\w-]+)' is not installed for the (?:custom )?toolchain '([^']+)'"
)
_HOST = re.compile(
    r"-(?:x86_64|aarch64|arm\w*|i686|powerpc\w*|riscv\w*|s390x|loongarch64)-.*"
)


def toolchains() -> list[str]:
    """Return the names of the installed toolchains, with their host (`1.90.0-x86_64-...`)."""
    lines = ask(["rustup", "toolchain", "list"]).splitlines()
    return [line.split()[0] for line in lines if line.strip()]


def add_targets(folder: Path, targets: Sequence[str]) -> str:
    """Return the command, from the repository's root, that adds targets to a folder's toolchain.

    rustup takes the toolchain that is pinned in the folder where it runs, or above.
    """
    command = f"rustup target add {' '.join(map(word, targets))}"
    root = files.repository(folder)
    for place in (folder, *folder.parents):
        if place == root:
            break
        if any((place / name).is_file() for name in FILES):
            path = word(folder.relative_to(root).as_posix())
            return f"(cd {path} && {command})"
    return command


def missing_toolchain(error: Failed, folder: Path) -> ReleaseError | None:
    """Return what to install if rustup could not start a program in `folder`, else None."""
    if found := _INCOMPLETE.search(error.output):
        program, toolchain = found.groups()
        name = _HOST.sub("", toolchain)
        fact = f"the toolchain {name}{_pinned_by(folder)} has no {program}"
        return ReleaseError(
            fact, f"rustup component add {program} --toolchain {name}"
        )
    if found := _ABSENT.search(error.output):
        name = _HOST.sub("", found[1])
        fact = f"the toolchain {name}{_pinned_by(folder)} is not installed"
        return ReleaseError(fact, f"rustup toolchain install {word(name)}")
    return None


def without_backtrace(output: str) -> str:
    """Return what rustup or cargo says, without the stack of its own functions."""
    return _BACKTRACE.sub("", output)


def _pinned_by(folder: Path) -> str:
    """Return where a toolchain is named: the variable, or the nearest file."""
    if "RUSTUP_TOOLCHAIN" in os.environ:
        return ", which RUSTUP_TOOLCHAIN names,"
    for parent in (folder, *folder.parents):
        for name in FILES:
            if (parent / name).is_file():
                return f", which {name} names,"
    return ""

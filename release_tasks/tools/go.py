"""go: the compiler for programs that no package of the system has."""

from __future__ import annotations

import os
import platform
import re
import zipfile
from pathlib import Path

from release_tasks import endpoints, files, http, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines

# the first version that downloads the toolchain a module asks for
OLDEST = (1, 21)
VERSION = "1.26.8"
SHA256 = {  # of the zip that Go's module proxy serves, by machine
    "amd64": "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7",
    "arm64": "02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99",
}


def compiler(folder: Path) -> str:
    """Return the path of a Go compiler: the installed one, else one downloaded into `folder`.

    Raises `ReleaseError` where none is installed (or an old one), and none can be downloaded.
    """
    installed = shell.found("go")
    if installed and _version(installed) >= OLDEST:
        return installed
    toolchain = folder / f"go-{VERSION}"
    downloaded = toolchain / "bin" / "go"
    if not downloaded.exists():
        _download(_machine(), toolchain)
    return str(downloaded)


def build(
    package: str, version: str, program: Path | str, version_in: str = ""
) -> tuple[tuple[str, ...], ...]:
    """Return the commands that build a main package of the module proxy into the file `program`.

    They run in an empty folder, and the program has no path and no debug information in it.
    `version_in` is a variable of its code that gets the version.
    """
    flags = "-s -w"
    if version_in:
        flags += f" -X {version_in}={version}"
    return (
        ("go", "mod", "init", "tools"),
        ("go", "get", f"{package}@{version}"),
        (
            "go",
            "build",
            "-trimpath",
            f"-ldflags={flags}",
            "-o",
            str(program),
            package,
        ),
    )


def _version(go: str) -> tuple[int, ...]:
    found = re.search(r"go(\d+)\.(\d+)", shell.ask([go, "version"]))
    return (int(found[1]), int(found[2])) if found else (0,)


def _machine() -> str:
    machine = machines.this_machine()
    if (
        platform.system() != "Linux"
        or machine is None
        or machine.oci not in SHA256
    ):
        raise ReleaseError(
            "Go is missing, or older than 1.21", f"see {endpoints.GO}"
        )
    return machine.oci


def _download(machine: str, target: Path) -> None:
    name = f"v0.0.1-go{VERSION}.linux-{machine}"
    unfinished = target.with_name(f".{target.name}-{os.getpid()}")
    packed = unfinished / "go.zip"
    url = f"{endpoints.GO_PROXY}/golang.org/toolchain/@v/{name}.zip"
    terminal.say(
        f"downloading Go {VERSION} to build programs that no package has"
    )
    try:
        files.write_bytes(
            packed, http.get(url, expect=(200,), remember=False).body
        )
        if files.sha256(packed) != SHA256[machine]:
            fact = f"the Go toolchain {name} has another sha256 than expected"
            raise ReleaseError(fact, f"install Go: {endpoints.GO}")
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(unfinished)
        unpacked = unfinished / f"golang.org/toolchain@{name}"
        for program in (
            *unpacked.glob("bin/*"),
            *unpacked.glob("pkg/tool/*/*"),
        ):
            program.chmod(0o755)  # the zip has no permissions
        files.move(unpacked, target)
    finally:
        files.remove(unfinished)

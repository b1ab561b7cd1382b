"""go: the compiler for programs that no package of the system brings."""

from __future__ import annotations

import os
import platform
import re
import zipfile
from pathlib import Path

from release_tasks import endpoints, files, http, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines

LEAST = (1, 21)  # older ones cannot fetch the toolchain that a module asks for
VERSION = "1.26.8"
SHA256 = {  # of the zip that Go's module proxy serves, by machine
    "amd64": "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7",
    "arm64": "02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99",
}


def compiler(folder: Path) -> str:
    """Return the path of a Go compiler: the machine's own, or one that is downloaded into `folder` once.

    Raises `ReleaseError` where the machine's is missing or too old and none can be downloaded for it.
    """
    if (own := shell.found("go")) and _version(own) >= LEAST:
        return own
    if (kept := folder / f"go-{VERSION}" / "bin" / "go").exists():
        return str(kept)
    machine = machines.this_machine()
    if platform.system() != "Linux" or machine is None or machine.oci not in SHA256:
        raise ReleaseError("Go is missing, or older than 1.21", f"see {endpoints.GO}")
    _download(machine.oci, SHA256[machine.oci], kept.parent.parent)
    return str(kept)


def _version(go: str) -> tuple[int, ...]:
    found = re.search(r"go(\d+)\.(\d+)", shell.ask([go, "version"]))
    return (int(found[1]), int(found[2])) if found else (0,)


def _download(machine: str, sha256: str, target: Path) -> None:
    name = f"v0.0.1-go{VERSION}.linux-{machine}"
    half = target.with_name(f".{target.name}-{os.getpid()}")
    terminal.say(f"Go {VERSION} is downloaded, to build what no package brings")
    try:
        packed = http.get(
            f"{endpoints.GO_PROXY}/golang.org/toolchain/@v/{name}.zip", expect=(200,)
        ).body
        files.write_bytes(half / "go.zip", packed)
        if files.sha256(half / "go.zip") != sha256:
            raise ReleaseError(
                f"the Go toolchain {name} has another sha256 than expected", "install Go by hand"
            )
        with zipfile.ZipFile(half / "go.zip") as archive:
            archive.extractall(half)
        made = half / f"golang.org/toolchain@{name}"
        for program in (*made.glob("bin/*"), *made.glob("pkg/tool/*/*")):
            program.chmod(0o755)  # which such a zip does not say
        files.move(made, target)
    finally:
        files.remove(half)

"""An image is started from its blobs, for each platform that runs here: with qemu also for others than this one."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from release_tasks import files, terminal
from release_tasks.checks.smoke.program import NEXT, check_version_output, runner
from release_tasks.checks.smoke.rootfs import Refused, inside, unpack
from release_tasks.errors import ReleaseError
from release_tasks.formats import executables, machines, oci_layout
from release_tasks.project.model import Image
from release_tasks.shell import Failed
from release_tasks.tools import chroot
from release_tasks.tools.docker import daemon
from release_tasks.tools.docker.daemon import Blob

SHELLS = ("sh", "bash", "ash", "dash")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # what docker gives an image that sets none


def platform() -> str:
    """Return the platform of images that run here, as an index names it."""
    return machines.this_platform()


def lacking(image: Image, there: Container[str]) -> Iterator[str]:
    """Yield each platform that an image is declared for and is not; an index names no variants of amd64 and arm64."""
    yield from (
        platform for platform in image.platforms if "/".join(platform.split("/")[:2]) not in there
    )


def run(
    blob: Blob, where: str, name: str, manifest: dict[str, Any], version: str
) -> Iterator[ReleaseError]:
    """Start an image of the platform `where` with `--version`: by docker where a daemon answers, else below a new root.

    The layers are fetched here, each compared with its digest, and not by the daemon, which
    would not see the settings of this process: in a rehearsal it would ask the real registry.
    """
    about = oci_layout.config(blob, manifest).get("config") or {}
    words = list(about.get("Entrypoint") or (about.get("Cmd") or ())[:1])
    if not words or posixpath.basename(words[0]) in SHELLS:
        terminal.say(f"{name} starts no program of its own, so it was not run")
        return
    with files.scratch("image") as folder:
        if where == daemon.platform():
            yield from _in_docker(blob, name, manifest, words, version)
        elif sys.platform != "linux" or os.geteuid() != 0:
            terminal.say(f"{name} was not run: no docker daemon answers here")
        elif (start := runner(_target(where))) is None:
            terminal.say(f"{name} was not run: this machine has no qemu for {where}")
        else:
            yield from _below_root(
                folder, blob, name, manifest, about, words, version, start[:1], _target(where)
            )


def _target(where: str) -> str:
    machine = machines.of_image(where.split("/")[1])
    name = machine.rust if machine else "unknown"
    return f"{name}-unknown-linux-gnu"


def _in_docker(
    blob: Blob, name: str, manifest: dict[str, Any], words: list[str], version: str
) -> Iterator[ReleaseError]:
    try:
        with daemon.loaded(blob, manifest) as image:
            argv = daemon.run_command(image, [*words, "--version"])
            yield from check_version_output(argv, version, name)
    except Failed as error:
        yield ReleaseError(f"{name} cannot be loaded into docker: {error.problem}", NEXT)


def _below_root(
    folder: Path,
    blob: Blob,
    name: str,
    manifest: dict[str, Any],
    about: dict[str, Any],
    words: list[str],
    version: str,
    qemu: list[str],
    target: str,
) -> Iterator[ReleaseError]:
    root = folder / "root"
    try:
        unpack((blob(layer["digest"]) for layer in manifest["layers"]), root)
    except Refused as error:
        terminal.say(f"{name} was not run: {error}")
        return
    user = about.get("User", "")
    number = user if user.replace(":", "").isdigit() else ""
    if "/" in words[0]:
        words[0] = posixpath.join(about.get("WorkingDir") or "/", words[0])
    env = {
        "PATH": PATH,
        **dict(line.split("=", 1) for line in about.get("Env") or ()),
        "LC_ALL": "C",
    }
    places = ("",) if "/" in words[0] else [f"{place}/" for place in env["PATH"].split(":")]
    if (
        program := next(
            (one for place in places if (one := inside(root, place + words[0])).is_file()), None
        )
    ) is None:
        yield ReleaseError(f"{name} starts {words[0]}, which is not in it", NEXT)
        return
    if (code := executables.read(program.read_bytes())) and not executables.is_for(code, target):
        yield ReleaseError(
            f"{name} starts {words[0]}, which is {code.format} for {code.machines}", NEXT
        )
        return
    if qemu:
        files.copy(Path(qemu[0]), root / ".qemu")
        (root / ".qemu").chmod(0o755)
        words[0] = f"/{program.relative_to(root.resolve()).as_posix()}"
        words = ["/.qemu", *words]
    argv = chroot.command(root, [*words, "--version"], number)
    yield from check_version_output(argv, version, name, env)

"""Start an image from its blobs, for each platform that runs here, with qemu for others."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release_tasks import files, terminal
from release_tasks.checks.smoke.command import Started, started
from release_tasks.checks.smoke.program import (
    NEXT,
    check_version_output,
    runner,
)
from release_tasks.checks.smoke.rootfs import Refused, inside, unpack
from release_tasks.errors import Problem
from release_tasks.formats import executables, machines, oci_layout
from release_tasks.project.model import Image, resolved_or_empty
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools import chroot
from release_tasks.tools.docker import daemon
from release_tasks.tools.docker.daemon import Blob

# what docker gives an image that sets none
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class PlatformImage:
    """An image for one platform; `blob` reads what has a digest, `label` is for messages."""

    label: str
    platform: str  # linux/amd64
    manifest: dict[str, Any] = field(repr=False)
    blob: Blob = field(repr=False)

    @property
    def target(self) -> str:
        """Return the Rust target of its programs."""
        machine = machines.of_image(self.platform.split("/")[1])
        if machine is None:
            return "unknown-unknown-linux-gnu"
        return f"{machine.rust}-unknown-linux-gnu"


@dataclass(frozen=True)
class _Config:
    """What an image starts, and in which environment; `command` is empty if that is not known."""

    command: tuple[str, ...]
    is_ours: bool
    user: str
    folder: str
    env: dict[str, str]

    @classmethod
    def of(cls, image: PlatformImage, ours: Collection[str]) -> _Config:
        """Return what the image's configuration says."""
        data = oci_layout.config(image.blob, image.manifest).get("config") or {}
        words = data.get("Entrypoint") or (), data.get("Cmd") or ()
        found = started(*words, ours) or Started((), is_ours=False)
        variables = dict(line.split("=", 1) for line in data.get("Env") or ())
        return cls(
            found.argv,
            found.is_ours,
            data.get("User", ""),
            data.get("WorkingDir") or "/",
            {"PATH": PATH, **variables, "LC_ALL": "C"},
        )

    @property
    def program(self) -> str:
        """Return the program, absolute unless it is looked for in PATH."""
        if "/" in self.command[0]:
            return posixpath.join(self.folder, self.command[0])
        return self.command[0]

    def find(self, root: Path) -> Path | None:
        """Return the file of the program below a root folder, None where there is none."""
        places = [self.program]
        if "/" not in self.program:
            places = [
                f"{folder}/{self.program}"
                for folder in self.env["PATH"].split(":")
            ]
        for place in places:
            path = inside(root, place)
            if path.is_file():
                return path
        return None


def missing_platforms(image: Image, found: Container[str]) -> Iterator[str]:
    """Yield each declared platform that was not found."""
    for wanted in image.platforms:
        if wanted not in found:
            yield wanted


def own_programs(release: Release, image: Image) -> frozenset[str]:
    """Return the names that a program of the project may have in an image."""
    project = release.project
    names = {
        project.name,
        image.reference.rpartition("/")[2],
    }
    for component in project.components:
        names.add(component.name)
        for package in resolved_or_empty(component.python):
            names.add(package.name)
        for binary in resolved_or_empty(component.binaries):
            names.add(binary.name)
    for crate in project.crates:
        names |= {crate.name, *crate.binaries}
    return frozenset(names)


def run(
    image: PlatformImage, version: str, ours: Collection[str]
) -> Iterator[Problem]:
    """Start an image with `--version`, and yield a problem where that is not this version.

    `ours` are the names of the project's programs: what another program prints is not compared.
    It is started by docker where a daemon answers, otherwise in a chroot. The layers are
    downloaded here, each compared with its digest, and not by the daemon, which would not see
    the settings of this process: in a rehearsal it would ask the real registry.
    """
    config = _Config.of(image, ours)
    if not config.command:
        terminal.say(
            f"{image.label} names no program to start, so it was not run"
        )
        return
    if image.platform == daemon.platform():
        yield from _in_docker(image, config, version)
        return
    if sys.platform != "linux" or os.geteuid() != 0:
        terminal.say(
            f"{image.label} was not run: no docker daemon answers here"
        )
        return
    start = runner(image.target)
    if start is None:
        terminal.say(
            f"{image.label} was not run: this machine has no qemu for {image.platform}"
        )
        return
    with files.scratch("image") as folder:
        yield from _in_chroot(
            folder / "root", image, config, version, start[:1]
        )


def _in_docker(
    image: PlatformImage, config: _Config, version: str
) -> Iterator[Problem]:
    try:
        with daemon.loaded(image.blob, image.manifest) as name:
            argv = daemon.run_command(name, [*config.command, "--version"])
            yield from check_version_output(
                argv, version, image.label, is_ours=config.is_ours
            )
    except Failed as error:
        yield Problem(
            f"{image.label} cannot be loaded into docker: {error.problem}", NEXT
        )


def _in_chroot(
    root: Path,
    image: PlatformImage,
    config: _Config,
    version: str,
    qemu: list[str],
) -> Iterator[Problem]:
    """Start an image below the new folder `root`; `qemu` is the emulator, or nothing."""
    try:
        unpack(
            (image.blob(layer["digest"]) for layer in image.manifest["layers"]),
            root,
        )
        path = config.find(root)
    except Refused as error:
        terminal.say(f"{image.label} was not run: {error}")
        return
    if path is None:
        yield Problem(
            f"{image.label} starts {config.program}, which is not in it", NEXT
        )
        return
    code = executables.read(path.read_bytes())
    if code and not executables.is_for(code, image.target):
        yield Problem(
            f"{image.label} starts {config.program}, which is {code.format} for {code.machines}",
            NEXT,
        )
        return
    command = [config.program]
    if qemu:
        command = ["/.qemu", f"/{path.relative_to(root.resolve()).as_posix()}"]
        files.copy(Path(qemu[0]), root / ".qemu")
        (root / ".qemu").chmod(0o755)
    user = ""
    # a name would be looked up on this machine
    if config.user.replace(":", "").isdigit():
        user = config.user
    argv = chroot.command(
        root, [*command, *config.command[1:], "--version"], user
    )
    yield from check_version_output(
        argv, version, image.label, config.env, config.is_ours
    )

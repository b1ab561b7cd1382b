"""The image of this machine's platform is started from the bytes that its registry has."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform as machine
import posixpath
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from release_tasks import shell
from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed
from release_tasks.tools import oci
from release_tasks.verifying.programs import NEXT, prove
from release_tasks.verifying.rootfs import Refused, unpack

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # as Linux and as images call them
SHELLS = ("sh", "bash", "ash", "dash")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # what docker gives an image that sets none


def platform() -> str:
    """Return the platform of images that run here, as an index names it."""
    name = machine.machine()
    return f"linux/{ARCHITECTURES.get(name, name)}"


def config(reference: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration that an image's manifest names."""
    found: dict[str, Any] = json.loads(oci.blob(reference, manifest["config"]["digest"]))
    return found


def run(folder: Path, reference: str, name: str, manifest: dict[str, Any], version: str) -> Iterator[ReleaseError]:
    """Start an image with `--version`: by docker where a daemon answers, else below a new root.

    The layers are fetched here, each compared with its digest, and not by the daemon, which
    would not see the settings of this process: in a rehearsal it would ask the real registry.
    """
    about = config(reference, manifest).get("config", {})
    words = list(about.get("Entrypoint") or (about.get("Cmd") or ())[:1])
    if not words or posixpath.basename(words[0]) in SHELLS:
        shell.say(f"{name} starts no program of its own, so it was not run")
    elif _docker_answers():
        yield from _in_docker(folder, reference, name, manifest, words, version)
    elif sys.platform == "linux" and os.geteuid() == 0:
        yield from _below_root(folder, reference, name, manifest, about, words, version)
    else:
        shell.say(f"{name} was not run: no docker daemon answers here")


def _docker_answers() -> bool:
    if shell.found("docker") is None:
        return False
    try:
        shell.ask(["docker", "version", "--format={{.Server.Version}}"])
    except Failed:
        return False
    return True


def _in_docker(
    folder: Path, reference: str, name: str, manifest: dict[str, Any], words: list[str], version: str
) -> Iterator[ReleaseError]:
    unique = f"release-tasks-verify-{manifest['config']['digest'][7:19]}-{os.getpid()}"
    _write_archive(folder / "image.tar", reference, manifest, f"{unique}:once")
    try:
        shell.ask(["docker", "load", "--quiet", "--input", folder / "image.tar"])
        argv = ["docker", "run", "--rm", "--name", unique, "--network=none", "--pull=never"]
        yield from prove([*argv, f"--entrypoint={words[0]}", f"{unique}:once", *words[1:], "--version"], version, name)
    except Failed as error:
        yield ReleaseError(f"{name} cannot be loaded into docker: {error.problem}", NEXT)
    finally:
        for argv in (["docker", "rm", "--force", unique], ["docker", "rmi", "--force", f"{unique}:once"]):
            with contextlib.suppress(Failed):  # it is gone, which is all that was wanted
                shell.ask(argv)


def _write_archive(path: Path, reference: str, manifest: dict[str, Any], tag: str) -> None:
    """Write what `docker load` reads: the blobs, and a list of them."""
    digests = [blob["digest"] for blob in (manifest["config"], *manifest["layers"])]
    names = [digest.replace(":", "-") for digest in digests]
    listed = [{"Config": names[0], "RepoTags": [tag], "Layers": names[1:]}]
    with tarfile.open(path, "w") as out:
        for name, digest in {**dict(zip(names, digests, strict=True)), "manifest.json": ""}.items():
            data = oci.blob(reference, digest) if digest else json.dumps(listed).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))


def _below_root(
    folder: Path, reference: str, name: str, manifest: dict[str, Any], about: dict[str, Any], words: list[str], version: str
) -> Iterator[ReleaseError]:
    root = folder / "root"
    try:
        unpack((oci.blob(reference, layer["digest"]) for layer in manifest["layers"]), root)
    except Refused as error:
        shell.say(f"{name} was not run: {error}")
        return
    user = about.get("User", "")
    as_user = [f"--userspec={user}"] if user.replace(":", "").isdigit() else []
    if "/" in words[0]:
        words[0] = posixpath.join(about.get("WorkingDir") or "/", words[0])
    env = {"PATH": PATH, **dict(line.split("=", 1) for line in about.get("Env") or ()), "LC_ALL": "C"}
    chroot = shell.found("chroot") or "/usr/sbin/chroot"
    yield from prove([chroot, *as_user, root, *words, "--version"], version, name, env)

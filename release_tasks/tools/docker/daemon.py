"""The docker daemon: loads an image that no registry has yet, runs it, and removes it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from release_tasks import files, shell
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoized

Blob = Callable[[str], bytes]  # returns what has a digest


@memoized
def platform() -> str:
    """Return the platform whose images the daemon runs (`linux/amd64`), "" without a daemon."""
    form = "--format={{.Server.Os}}/{{.Server.Arch}}"
    with contextlib.suppress(ReleaseError):
        return shell.ask(["docker", "version", form]).strip()
    return ""


@contextlib.contextmanager
def loaded(blob: Blob, manifest: dict[str, Any]) -> Iterator[str]:
    """Load an image for the length of the block, and give the name that docker knows it by.

    The image and its containers are removed at the end.
    """
    name = f"release-tasks-{manifest['config']['digest'][7:19]}:{os.getpid()}"
    with files.scratch("image") as folder:
        _write_archive(folder / "image.tar", blob, manifest, name)
        shell.ask(
            ["docker", "load", "--quiet", "--input", folder / "image.tar"]
        )
    try:
        yield name
    finally:
        with contextlib.suppress(shell.Failed):  # it is gone already
            _remove(name)


def run_command(image: str, words: Sequence[str]) -> list[str]:
    """Return the argv that runs words of an image, as its entry point, without a network."""
    program, *arguments = words
    argv = [
        "docker",
        "run",
        "--rm",
        "--network=none",
        "--pull=never",
        f"--entrypoint={program}",
    ]
    return [*argv, image, *arguments]


def _remove(image: str) -> None:
    argv = ["docker", "ps", "--all", "--quiet", f"--filter=ancestor={image}"]
    containers = shell.ask(argv).split()
    if containers:
        shell.ask(["docker", "rm", "--force", *containers])
    shell.ask(["docker", "rmi", "--force", image])


def _write_archive(
    path: Path, blob: Blob, manifest: dict[str, Any], tag: str
) -> None:
    """Write what `docker load` reads: the config, the layers, and a list of them."""
    config = manifest["config"]["digest"]
    layers = [layer["digest"] for layer in manifest["layers"]]
    listed = {
        "Config": _file_name(config),
        "RepoTags": [tag],
        "Layers": [_file_name(digest) for digest in layers],
    }
    with tarfile.open(path, "w") as out:
        for digest in dict.fromkeys([config, *layers]):
            _add(out, _file_name(digest), blob(digest))
        _add(out, "manifest.json", json.dumps([listed]).encode())


def _file_name(digest: str) -> str:
    return digest.replace(":", "-")


def _add(out: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    out.addfile(entry, io.BytesIO(data))

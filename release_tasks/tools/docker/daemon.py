"""The docker daemon: images that no registry has yet are loaded into it, run there, and removed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from release_tasks import files, shell
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoized

Blob = Callable[[str], bytes]  # what has a digest


@memoized
def platform() -> str:
    """Return the platform whose images the daemon runs (`linux/amd64`), "" where none answers."""
    with contextlib.suppress(ReleaseError):
        return shell.ask(["docker", "version", "--format={{.Server.Os}}/{{.Server.Arch}}"]).strip()
    return ""


@contextlib.contextmanager
def loaded(blob: Blob, manifest: dict[str, Any]) -> Iterator[str]:
    """Give the name under which docker knows an image; its end removes that, and containers of it."""
    name = f"release-tasks-{manifest['config']['digest'][7:19]}:{os.getpid()}"
    with files.scratch("image") as folder:
        _write_archive(folder / "image.tar", blob, manifest, name)
        shell.ask(["docker", "load", "--quiet", "--input", folder / "image.tar"])
    try:
        yield name
    finally:
        with contextlib.suppress(shell.Failed):  # it is gone, which is all that was wanted
            if left := shell.ask(
                ["docker", "ps", "--all", "--quiet", f"--filter=ancestor={name}"]
            ).split():
                shell.ask(["docker", "rm", "--force", *left])
            shell.ask(["docker", "rmi", "--force", name])


def _write_archive(path: Path, blob: Blob, manifest: dict[str, Any], tag: str) -> None:
    """Write what `docker load` reads: the blobs, and a list of them."""
    digests = [blob["digest"] for blob in (manifest["config"], *manifest["layers"])]
    names = [digest.replace(":", "-") for digest in digests]
    listed = [{"Config": names[0], "RepoTags": [tag], "Layers": names[1:]}]
    with tarfile.open(path, "w") as out:
        for name, digest in {**dict(zip(names, digests, strict=True)), "manifest.json": ""}.items():
            data = blob(digest) if digest else json.dumps(listed).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))

"""Stand-ins that this process is a client of, and small projects that are published by the plain clients."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from support.container_projects import commit, write

HERE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OTHER = {"amd64": "arm64", "arm64": "amd64"}[HERE]
TARGET = f"{platform.machine()}-unknown-linux-gnu"


Releasing = Callable[..., Release]


def push_and_tag(
    registries: LocalRegistries, root: Path, files: dict[str, str], version: str
) -> Path:
    """Commit a project, push it to github.com/example/hello with a tag, and return its root."""
    root.mkdir()
    commit(write(root, files))
    registries.github.create("example", "hello", root)
    run("git", "remote", "add", "origin", "https://github.com/example/hello", cwd=root)
    run("git", "tag", "-m", version, f"v{version}", cwd=root)
    run("git", "push", "-q", "origin", "main", f"v{version}", cwd=root)
    return root


def run(*argv: str | Path, cwd: Path | None = None, **env: str) -> str:
    """Run a plain client as a person would."""
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        env=os.environ | env,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{argv} ended with {done.returncode}\n{done.stdout}"
    return done.stdout


def problems(errors: Iterator[ReleaseError]) -> list[str]:
    """What went wrong, and that each error has a way out."""
    found = list(errors)
    assert all(error.fix for error in found)
    return [error.problem for error in found]


def left_behind(tmp_path: Path) -> list[str]:
    """What the code under test left in its temporary folder."""
    return [path.name for path in (tmp_path / "tmp").glob("release-tasks-*")]


def program(folder: Path, says: str) -> Path:
    """Compile a static program that prints one line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.c").write_text(
        f'#include <stdio.h>\nint main(void) {{ puts("{says}"); return 0; }}\n'
    )
    run("cc", "-static", "-o", folder / "program", folder / "main.c")
    return folder / "program"


@dataclass
class Layout:
    """An OCI layout that is written by hand, to be pushed by buildx."""

    folder: Path

    def blob(self, data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / "blobs" / "sha256" / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def image(self, architecture: str, layers: list[bytes], **config: object) -> dict[str, object]:
        """Write an image of one platform, and return the line of an index for it."""
        where = {"os": "linux", "architecture": architecture}
        about = {
            **where,
            "config": config,
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers],
            },
        }
        kind = "application/vnd.oci.image."
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{kind}manifest.v1+json",
            "config": {
                "mediaType": f"{kind}config.v1+json",
                **self.blob(json.dumps(about).encode()),
            },
            "layers": [
                {"mediaType": f"{kind}layer.v1.tar", **self.blob(layer)} for layer in layers
            ],
        }
        return {
            "mediaType": manifest["mediaType"],
            **self.blob(json.dumps(manifest).encode()),
            "platform": where,
        }

    def write(self, *images: dict[str, object]) -> str:
        """Write an index of these images, and return its digest."""
        kind = "application/vnd.oci.image.index.v1+json"
        index = {"schemaVersion": 2, "mediaType": kind, "manifests": images}
        line = {"mediaType": kind, **self.blob(json.dumps(index).encode())}
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self.folder / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "manifests": [line]})
        )
        return str(line["digest"])

    def push(self, name: str, *images: dict[str, object]) -> str:
        """Push an index of these images with buildx, and return its digest."""
        digest = self.write(*images)
        run(
            "docker",
            "buildx",
            "imagetools",
            "create",
            "--tag",
            name,
            f"oci-layout://{self.folder}@{digest}",
        )
        return digest


def layer(*members: tuple[str, bytes | str]) -> bytes:
    """A layer: files (bytes, executable) and symbolic links (their target), by path."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in members:
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()

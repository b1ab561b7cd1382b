"""A small project that is published by the clients themselves, without release-tasks."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from release_tasks.errors import Problem
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from support.executables import compiled_program
from support.repositories import commit_files

HERE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OTHER = {"amd64": "arm64", "arm64": "amd64"}[HERE]
TARGET = f"{platform.machine()}-unknown-linux-gnu"
MEDIA_TYPE = "application/vnd.oci.image"

# the fixture `releasing`: files and perhaps a version
Releasing = Callable[..., Release]


def push_and_tag(
    registries: LocalRegistries,
    root: Path,
    files: Mapping[str, str],
    version: str,
) -> Path:
    """Commit a project, push it to github.com/example/hello with a tag, and return its root."""
    root.mkdir()
    commit_files(root, files)
    registries.github.create("example", "hello", root)
    run(
        "git",
        "remote",
        "add",
        "origin",
        "https://github.com/example/hello",
        cwd=root,
    )
    run("git", "tag", "-m", version, f"v{version}", cwd=root)
    run("git", "push", "-q", "origin", "main", f"v{version}", cwd=root)
    return root


def run(*argv: str | Path, cwd: Path | None = None, **env: str) -> str:
    """Run a program, which must succeed, and return what it prints."""
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
    assert done.returncode == 0, (
        f"{argv} ended with {done.returncode}\n{done.stdout}"
    )
    return done.stdout


def facts(problems: Iterable[Problem]) -> list[str]:
    """Return the facts of problems; each must have a fix."""
    found = list(problems)
    assert all(problem.fix for problem in found)
    return [problem.fact for problem in found]


def left_behind(tmp_path: Path) -> list[str]:
    """Return what release-tasks left in the `temporary_folder`."""
    return [path.name for path in (tmp_path / "tmp").glob("release-tasks-*")]


def program(folder: Path, says: str) -> Path:
    """Compile a static program that prints one line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "program"
    path.write_bytes(compiled_program(says, "-static"))
    path.chmod(0o755)
    return path


@dataclass
class Layout:
    """An OCI layout, written file by file and pushed by buildx."""

    folder: Path

    def blob(self, data: bytes) -> dict[str, object]:
        """Write a blob, and return its digest and size as a descriptor has them."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / "blobs" / "sha256" / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def image(
        self, architecture: str, layers: list[bytes], **config: object
    ) -> dict[str, object]:
        """Write an image of one platform, and return its line in an index."""
        diff_ids = [
            f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers
        ]
        where = {"os": "linux", "architecture": architecture}
        about = where | {
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
        config_type = f"{MEDIA_TYPE}.config.v1+json"
        layer_type = f"{MEDIA_TYPE}.layer.v1.tar"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA_TYPE}.manifest.v1+json",
            "config": {
                "mediaType": config_type,
                **self.blob(json.dumps(about).encode()),
            },
            "layers": [
                {"mediaType": layer_type, **self.blob(layer)}
                for layer in layers
            ],
        }
        return {
            "mediaType": manifest["mediaType"],
            **self.blob(json.dumps(manifest).encode()),
            "platform": where,
        }

    def write(self, *images: dict[str, object]) -> str:
        """Write an index of these images, and return its digest."""
        media_type = f"{MEDIA_TYPE}.index.v1+json"
        index = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": images,
        }
        line = {
            "mediaType": media_type,
            **self.blob(json.dumps(index).encode()),
        }
        outer = {"schemaVersion": 2, "manifests": [line]}
        (self.folder / "oci-layout").write_text(
            '{"imageLayoutVersion": "1.0.0"}'
        )
        (self.folder / "index.json").write_text(json.dumps(outer))
        return str(line["digest"])

    def push(self, name: str, *images: dict[str, object]) -> str:
        """Push an index of these images with buildx, and return its digest."""
        digest = self.write(*images)
        source = f"oci-layout://{self.folder}@{digest}"
        run("docker", "buildx", "imagetools", "create", "--tag", name, source)
        return digest


def layer(*members: tuple[str, bytes | str]) -> bytes:
    """Return a layer with executable files (bytes) and symbolic links (their target), by path."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in members:
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            if isinstance(content, str):
                entry.type = tarfile.SYMTYPE
                entry.linkname = content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()

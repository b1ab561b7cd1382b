"""A project with an image and a chart, and a registry to release it to."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import requests
from invoke.config import Config
from invoke.context import Context

from release_tasks import dist
from release_tasks.channels import oci_registry
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from support import python_projects

IMAGE, CHART = "ghcr.io/example/hello", "ghcr.io/example/charts/hello"
DOCKERFILE = "FROM scratch\nARG TARGETARCH\nCOPY --from=binaries hello-linux-${TARGETARCH} /hello\nCOPY motd /motd\n"
SETTINGS = """[project]
version = "tag"
[images."ghcr.io/example/hello"]
platforms = ["linux/amd64", "linux/arm64"]
"""
CHART_SETTINGS = """[project]
version = "tag"
[charts."ghcr.io/example/charts/hello"]
path = "deploy/hello"
"""
CHART_FILES = {
    "deploy/hello/Chart.yaml": "apiVersion: v2\nname: hello\nversion: 0.0.0\nappVersion: latest # as committed\n"
    "dependencies:\n  - name: common\n    version: 1.x\n    repository: file://../common\n",
    "deploy/hello/templates/note.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Chart.AppVersion }}}\n",
    "deploy/common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.4.0\ntype: library\n",
}
WHEN = "2026-01-02T03:04:05Z"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def commit(folder: Path, message: str = "all of it") -> Path:
    """Commit everything, at a fixed time and by nobody in particular."""
    who = {
        f"GIT_{role}_{what}": "nobody@localhost"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    env = os.environ | who | {"GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN}
    for argv in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-q", "--allow-empty", "-m", message],
    ):
        subprocess.run(["git", *argv], cwd=folder, env=env, check=True)
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files, and say nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of the tests clean."""


@contextlib.contextmanager
def chart_repository(folder: Path) -> Iterator[str]:
    """Run a chart repository on loopback that has `common`; give its address."""
    write(folder, {"common/Chart.yaml": CHART_FILES["deploy/common/Chart.yaml"]})
    for argv in (["package", "common"], ["repo", "index", "."]):
        subprocess.run(["helm", *argv], cwd=folder, check=True, capture_output=True)
    serve = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def tag(version: str = "1.2.0") -> None:
    """Give HEAD of the current folder's repository the tag of a version, here and on an origin beside it."""
    python_projects.tag(Path.cwd(), f"v{version}")


def write_image_project(
    folder: Path, settings: str = SETTINGS, dockerfile: str = DOCKERFILE
) -> Path:
    return commit(
        write(folder, {"Dockerfile": dockerfile, "motd": "hello\n", "release-tasks.toml": settings})
    )


def write_chart_project(folder: Path, **changed: str) -> Path:
    return commit(write(folder, {**CHART_FILES, "release-tasks.toml": CHART_SETTINGS, **changed}))


def binaries(
    version: str, text: str = "a program", architectures: tuple[str, ...] = ("amd64", "arm64")
) -> None:
    """Tag this commit and put binaries of its version into dist/, as the steps before would have left them."""
    tag(version)
    release = Release.at(Context(), version)
    part = release.parts[0]
    rows = []
    for architecture in architectures:
        path = dist.folder(part) / f"hello-linux-{architecture}"
        path.write_text(f"{text} for {architecture}")
        rows.append(dist.describe(release, part, "binary", path, package="hello"))
    dist.record(part, "build_binaries", rows)


def built(kind: str, version: str) -> dist.Built:
    part = Release.at(Context(), version).parts[0]
    return dist.of_kind(part, kind)[0]


def dry() -> Context:
    return Context(Config(overrides={"run": {"dry": True}}))


def digests(reference: str = IMAGE) -> dict[str, str | None]:
    """What every tag of a repository names."""
    return {tag: oci_registry.digest(reference, tag) for tag in oci_registry.tags(reference) or ()}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, git's own included."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def push_image(
    registries: LocalRegistries,
    tag: str,
    labels: dict[str, str] | None = None,
    also: Iterable[str] = (),
) -> str:
    """Put an image of one empty layer at a tag, without a client; return its digest."""
    base = f"{registries.urls['oci']}/v2/example/hello"

    def descriptor(data: bytes, kind: str) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        requests.post(
            f"{base}/blobs/uploads/", params={"digest": digest}, data=data, timeout=30
        ).raise_for_status()
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    said = {"tag": tag} if labels is None else labels
    config = json.dumps(
        {"os": "linux", "architecture": "amd64", "config": {"Labels": said}}
    ).encode()
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": descriptor(config, "application/vnd.oci.image.config.v1+json"),
        "layers": [],
    }
    body = json.dumps(manifest).encode()
    for name in (tag, *also):
        answer = requests.put(
            f"{base}/manifests/{name}", data=body, headers={"Content-Type": kind}, timeout=30
        )
        answer.raise_for_status()
    return f"sha256:{hashlib.sha256(body).hexdigest()}"

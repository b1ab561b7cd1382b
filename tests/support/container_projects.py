"""A project with an image and a chart, and what the registry has of them."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import requests
from invoke.context import Context

from release_tasks import dist
from release_tasks.channels import oci_registry
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release
from support import python_projects
from support.repositories import commit_files, write_files

IMAGE, CHART = "ghcr.io/example/hello", "ghcr.io/example/charts/hello"
DOCKERFILE = """\
FROM scratch
ARG TARGETARCH
COPY --from=binaries hello-linux-${TARGETARCH} /hello
COPY motd /motd
"""
SETTINGS = """\
[project]
version = "tag"
[images."ghcr.io/example/hello"]
platforms = ["linux/amd64", "linux/arm64"]
"""
CHART_SETTINGS = """\
[project]
version = "tag"
[charts."ghcr.io/example/charts/hello"]
path = "deploy/hello"
"""
CHART_YAML = """\
apiVersion: v2
name: hello
version: 0.0.0
appVersion: latest # as committed
dependencies:
  - name: common
    version: 1.x
    repository: file://../common
"""
CHART_NOTE = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Chart.AppVersion }}}\n"
COMMON_YAML = "apiVersion: v2\nname: common\nversion: 1.4.0\ntype: library\n"
CHART_FILES = {
    "deploy/hello/Chart.yaml": CHART_YAML,
    "deploy/hello/templates/note.yaml": CHART_NOTE,
    "deploy/common/Chart.yaml": COMMON_YAML,
}
IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"


def write_image_project(
    folder: Path, settings: str = SETTINGS, dockerfile: str = DOCKERFILE
) -> Path:
    """Commit a project with an image, and return its root."""
    files = {
        "Dockerfile": dockerfile,
        "motd": "hello\n",
        "release-tasks.toml": settings,
    }
    return commit_files(folder, files)


def write_chart_project(folder: Path, **changed: str) -> Path:
    """Commit a project with a chart, and return its root; `changed` are files with other texts."""
    return commit_files(
        folder, CHART_FILES | {"release-tasks.toml": CHART_SETTINGS} | changed
    )


def tag(version: str = "1.2.0") -> None:
    """Tag HEAD of the current folder with a version, here and in an origin beside it."""
    python_projects.tag(Path.cwd(), f"v{version}")


def add_binaries(
    version: str,
    text: str = "a program",
    architectures: tuple[str, ...] = ("amd64", "arm64"),
) -> None:
    """Tag HEAD with a version, and add its binaries to dist/ as `inv build-binaries` does."""
    tag(version)
    release = Release.at(Context(), version)
    part = release.parts[0]
    rows = []
    for architecture in architectures:
        path = dist.folder(part) / f"hello-linux-{architecture}"
        path.write_text(f"{text} for {architecture}")
        rows.append(
            dist.describe(release, part, "binary", path, package="hello")
        )
    dist.record(part, "build_binaries", rows)


def recorded_file(kind: str, version: str) -> dist.Built:
    """Return what dist/ has recorded of the first file of a kind."""
    part = Release.at(Context(), version).parts[0]
    return dist.of_kind(part, kind)[0]


def digests(reference: str = IMAGE) -> dict[str, str | None]:
    """Return the digest of each tag in a repository of the registry."""
    tags = oci_registry.tags(reference) or ()
    return {tag: oci_registry.digest(reference, tag) for tag in tags}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder, by path, with those of git."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def push_image(
    registries: LocalRegistries,
    tag: str,
    labels: dict[str, str] | None = None,
    also: Iterable[str] = (),
) -> str:
    """Push an image without layers to a tag, and `also` to other tags; return its digest.

    Without `labels` it has one with the name of the tag.
    """
    if labels is None:
        labels = {"tag": tag}
    base = f"{registries.urls['oci']}/v2/example/hello"
    login = ("rehearsal", registries.tokens.registry)
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Labels": labels},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": _push_blob(
            base, json.dumps(config).encode(), IMAGE_CONFIG, login
        ),
        "layers": [],
    }
    body = json.dumps(manifest).encode()
    headers = {"Content-Type": IMAGE_MANIFEST}
    for name in (tag, *also):
        answer = requests.put(
            f"{base}/manifests/{name}",
            data=body,
            headers=headers,
            auth=login,
            timeout=30,
        )
        answer.raise_for_status()
    return _digest(body)


def _push_blob(
    base: str, data: bytes, media_type: str, login: tuple[str, str]
) -> dict[str, object]:
    digest = _digest(data)
    params = {"digest": digest}
    answer = requests.post(
        f"{base}/blobs/uploads/",
        params=params,
        data=data,
        auth=login,
        timeout=30,
    )
    answer.raise_for_status()
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of the tests clean."""


@contextlib.contextmanager
def chart_repository(folder: Path) -> Iterator[str]:
    """Run a chart repository that has the chart `common`, and give its address."""
    write_files(folder, {"common/Chart.yaml": COMMON_YAML})
    for argv in (["package", "common"], ["repo", "index", "."]):
        subprocess.run(
            ["helm", *argv], cwd=folder, check=True, capture_output=True
        )
    handler = partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()

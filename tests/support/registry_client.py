"""A client of the local image registry, and the manifests that its tests push."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from release_tasks.rehearsal.oci.app import Oci
from release_tasks.rehearsal.server import Servers

PASSWORD = "let-me-push"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"


class Registry:
    """The registry at `base`, for a client; paths are relative to a repository's name."""

    oci: Oci

    def __init__(
        self, base: str, servers: Servers, name: str = "team/app"
    ) -> None:
        self.base = base
        self.servers = servers
        self.name = name
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = ("somebody", PASSWORD)

    def at(self, name: str) -> Registry:
        """Return the same registry for another repository."""
        return Registry(self.base, self.servers, name)

    def call(self, method: str, path: str, **options) -> requests.Response:
        if not path.startswith("/"):
            path = f"/v2/{self.name}/{path}"
        return self.session.request(method, self.base + path, **options)

    def push_blob(self, data: bytes, algorithm: str = "sha256") -> str:
        """Push a blob in one request and return its digest."""
        digest = digest_of(data, algorithm)
        answer = self.call(
            "POST", "blobs/uploads/", params={"digest": digest}, data=data
        )
        assert answer.status_code == 201, answer.text
        return digest

    def push(
        self,
        manifest: bytes,
        reference: str = "",
        media_type: str = "",
        **options,
    ) -> requests.Response:
        """Push a manifest to a tag or digest, by default to its own digest."""
        media_type = media_type or _media_type(manifest)
        target = f"manifests/{reference or digest_of(manifest)}"
        headers = {"Content-Type": media_type}
        return self.call(
            "PUT", target, data=manifest, headers=headers, **options
        )

    def tags(self, **params) -> list[str]:
        return self.call("GET", "tags/list", params=params).json()["tags"]

    def referrers(self, digest: str, **params) -> list[dict]:
        return self.call("GET", f"referrers/{digest}", params=params).json()[
            "manifests"
        ]


@contextmanager
def local_registry(folder: Path, **options) -> Iterator[Registry]:
    """Run an image registry in `folder`; `options` are those of `Oci`."""
    oci = Oci(folder / "oci", PASSWORD, **options)
    with Servers([oci], folder) as servers:
        registry = Registry(servers.urls["oci"], servers)
        registry.oci = oci
        yield registry


def public(registry: Registry, name: str = "team/app") -> Registry:
    """Return the same registry, reached as ghcr.io through the proxy."""
    seen = Registry("https://ghcr.io", registry.servers, name)
    seen.session.auth = None
    seen.session.proxies = {"https": registry.servers.proxy}
    seen.session.verify = str(registry.servers.ca_file)
    return seen


def image(
    config: bytes = b"{}",
    layers: tuple[bytes, ...] = (),
    config_type: str = CONFIG,
    **more,
) -> bytes:
    """Return the manifest of an image; `more` are its other keys."""
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor(config, config_type),
        "layers": [descriptor(layer, LAYER) for layer in layers],
    }
    return json.dumps(document | more).encode()


def index(*manifests: bytes, **more) -> bytes:
    """Return an index of manifests; `more` are its other keys."""
    listed = [
        descriptor(manifest, _media_type(manifest)) for manifest in manifests
    ]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
    return json.dumps(document | more).encode()


def descriptor(data: bytes, media_type: str, algorithm: str = "sha256") -> dict:
    return {
        "mediaType": media_type,
        "digest": digest_of(data, algorithm),
        "size": len(data),
    }


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def _media_type(manifest: bytes) -> str:
    return json.loads(manifest).get("mediaType", IMAGE)


def codes(answer: requests.Response) -> list[str]:
    """Return the codes of the errors in an answer."""
    return [error["code"] for error in answer.json()["errors"]]

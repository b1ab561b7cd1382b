"""A registry that runs, and the few sentences in which its tests speak to it."""

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


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def descriptor(data: bytes, media_type: str, algorithm: str = "sha256") -> dict:
    return {"mediaType": media_type, "digest": digest_of(data, algorithm), "size": len(data)}


def image(
    config: bytes = b"{}", layers: tuple[bytes, ...] = (), config_type: str = CONFIG, **more
) -> bytes:
    document = {"schemaVersion": 2, "mediaType": IMAGE, "config": descriptor(config, config_type)}
    document["layers"] = [descriptor(layer, LAYER) for layer in layers]
    return json.dumps(document | more).encode()


def index(*manifests: bytes, **more) -> bytes:
    listed = [descriptor(m, json.loads(m).get("mediaType", IMAGE)) for m in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed} | more).encode()


def codes(answer: requests.Response) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


class Registry:
    """A registry seen by a client at `base`; paths begin behind the repository's name."""

    oci: Oci

    def __init__(self, base: str, servers: Servers, name: str = "team/app") -> None:
        self.base, self.servers, self.name = base, servers, name
        self.session = requests.Session()
        self.session.trust_env = False

    def at(self, name: str) -> Registry:
        return Registry(self.base, self.servers, name)

    def call(self, method: str, path: str, **options) -> requests.Response:
        target = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        return self.session.request(method, self.base + target, **options)

    def push_blob(self, data: bytes, algorithm: str = "sha256") -> str:
        digest = digest_of(data, algorithm)
        answer = self.call("POST", "blobs/uploads/", params={"digest": digest}, data=data)
        assert answer.status_code == 201, answer.text
        return digest

    def push(
        self, manifest: bytes, reference: str = "", media_type: str = "", **options
    ) -> requests.Response:
        kind = media_type or json.loads(manifest).get("mediaType", IMAGE)
        target = f"manifests/{reference or digest_of(manifest)}"
        return self.call("PUT", target, data=manifest, headers={"Content-Type": kind}, **options)

    def tags(self, **params) -> list[str]:
        return self.call("GET", "tags/list", params=params).json()["tags"]

    def referrers(self, digest: str, **params) -> list[dict]:
        return self.call("GET", f"referrers/{digest}", params=params).json()["manifests"]


@contextmanager
def local_registry(folder: Path, **options) -> Iterator[Registry]:
    oci = Oci(folder / "oci", PASSWORD, **options)
    with Servers([oci], folder) as servers:
        registry = Registry(servers.urls["oci"], servers)
        registry.oci = oci
        yield registry


def public(registry: Registry, name: str = "team/app") -> Registry:
    """The same registry, reached as ghcr.io through the proxy."""
    seen = Registry("https://ghcr.io", registry.servers, name)
    seen.session.proxies = {"https": registry.servers.proxy}
    seen.session.verify = str(registry.servers.ca_file)
    return seen

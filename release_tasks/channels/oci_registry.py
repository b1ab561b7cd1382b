"""OCI registries: what they hold, read over HTTP (distribution specification 1.1)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from release_tasks import endpoints, http
from release_tasks.errors import ReleaseError
from release_tasks.http import Answer
from release_tasks.tools.docker import login as docker_login

MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_REFUSED = (401, 403)
_granted: dict[
    tuple[str, str], dict[str, str]
] = {}  # registry and repository -> the header that let us in


def split(reference: str) -> tuple[str, str]:
    """Return registry and repository of an image reference; without a registry it is on Docker Hub."""
    first, slash, rest = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "docker.io", reference if slash else f"library/{reference}"


def digest(reference: str, tag: str) -> str | None:
    """Return the digest (`sha256:` and 64 hex digits) that a tag names, or None where it is absent."""
    answer = _read(reference, f"manifests/{tag}", "HEAD")
    if answer.status == 404:
        return None
    told = answer.headers.get("docker-content-digest")
    return told or "sha256:" + hashlib.sha256(_read(reference, f"manifests/{tag}").body).hexdigest()


def tags(reference: str) -> tuple[str, ...] | None:
    """Return every tag of a repository, or None for one that the registry has never heard of."""
    answer = _read(reference, "tags/list?n=1000")
    if answer.status == 404:
        return None
    found = list(answer.json(dict).get("tags") or ())
    while after := re.search(r'<([^>]+)>\s*;\s*rel="?next', answer.headers.get("link", "")):
        answer = _read(reference, "tags/list?" + urlsplit(after[1]).query)
        found += answer.json(dict).get("tags") or ()
    return tuple(dict.fromkeys(found))


def manifest(reference: str, tag: str) -> dict[str, Any] | None:
    """Return the manifest or index that a tag or digest names, or None where it is absent."""
    answer = _read(reference, f"manifests/{tag}")
    if answer.status == 404:
        return None
    found: dict[str, Any] = answer.json(dict)
    return found


def labels(reference: str, tag: str) -> Mapping[str, str]:
    """Return the labels of an image, of its first platform where it has several."""
    found = manifest(reference, tag) or {}
    platforms = [
        m for m in found.get("manifests", ()) if m.get("platform", {}).get("os") != "unknown"
    ]
    if platforms:
        found = manifest(reference, platforms[0]["digest"]) or {}
    if "config" not in found:
        return {}
    config = _read(reference, f"blobs/{found['config']['digest']}").json(dict)
    return config.get("config", {}).get("Labels") or {}


def blob(reference: str, digest: str) -> bytes:
    """Return a blob of a repository; raise `ReleaseError` where it is absent or has other bytes."""
    answer = _read(reference, f"blobs/{digest}")
    kind, _, wanted = digest.partition(":")
    if answer.status == 404 or hashlib.new(kind, answer.body).hexdigest() != wanted:
        fact = "is not there" if answer.status == 404 else "has other bytes than its digest says"
        raise ReleaseError(
            f"{digest[:19]} of {reference} {fact}", "delete it from the registry, and push it again"
        )
    return answer.body


def has_blob(reference: str, digest: str) -> bool:
    """Tell whether a repository has a blob."""
    return _read(reference, f"blobs/{digest}", "HEAD").status == 200


def is_public(reference: str, tag: str) -> bool:
    """Tell whether everybody can read an image, without a login."""
    place = url(reference, f"manifests/{tag}")
    answer = _ask(place, {}, "HEAD")
    if answer.status in _REFUSED:
        header = _token(answer, split(reference)[1], None)
        answer = _ask(place, header, "HEAD") if header else answer
    return answer.status == 200


def missing_logins(references: Iterable[str]) -> list[ReleaseError]:
    """Return one error for each registry, other than loopback ones, that docker has no login for."""
    registries = sorted({split(reference)[0] for reference in references})
    return [
        ReleaseError(f"docker has no login for {name}", f"docker login {name}")
        for name in registries
        if endpoints.registry(name).startswith("https:") and not docker_login.is_known(name)
    ]


def _read(reference: str, path: str, method: str = "GET") -> Answer:
    """Read as everybody does; where the registry refuses that, with docker's login.

    GHCR refuses everybody a private image and an absent one alike, so only a login can tell
    "not there"; a refusal is never taken for it.
    """
    place, name = url(reference, path), split(reference)
    answer = _ask(place, _granted.get(name, {}), method)
    if answer.status not in _REFUSED:
        return answer
    for header in _headers(answer, *name):
        again = _ask(place, header, method)
        if again.status not in _REFUSED:
            _granted[name] = header
            return again
    raise ReleaseError(
        f"{name[0]} refuses docker's login to read {name[1]}", f"docker login {name[0]}"
    )


def _headers(refusal: Answer, registry: str, repository: str) -> Iterator[dict[str, str]]:
    anonymous = _token(refusal, repository, None)
    if anonymous:
        yield anonymous
    login = docker_login.login(registry)
    if login is None:
        raise ReleaseError(
            f"{registry} does not show {repository} to everybody: it is private, or not there",
            f"docker login {registry}",
        )
    known = _token(refusal, repository, login)
    if known:
        yield known


def _token(
    refusal: Answer, repository: str, login: docker_login.Login | None
) -> dict[str, str] | None:
    """Return the header that a 401's WWW-Authenticate leads to, or None where it leads nowhere."""
    challenge = refusal.headers.get("www-authenticate", "")
    basic = (
        {}
        if login is None
        else {"Authorization": f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"}
    )
    if not challenge.lower().startswith("bearer"):
        return basic or None
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    query = {
        "service": asked.get("service", ""),
        "scope": asked.get("scope") or f"repository:{repository}:pull",
    }
    realm = urljoin(refusal.url, asked.get("realm", ""))
    answer = http.get(
        f"{realm}?{urlencode(query)}", basic, expect=(200, 400, 401, 403, 404), remember=False
    )
    if answer.status != 200:
        return None
    said = answer.json(dict)
    return {"Authorization": f"Bearer {said.get('token') or said.get('access_token')}"}


def _ask(place: str, header: Mapping[str, str], method: str) -> Answer:
    headers = {"Accept": f"{MANIFESTS}, */*;q=0.5", **header}
    is_small = method == "HEAD" or "/blobs/" not in place
    return http.get(place, headers, (200, 404, *_REFUSED), method, remember=is_small)


def url(reference: str, path: str) -> str:
    """Return the address of something in a repository, as `manifests/TAG`."""
    registry, repository = split(reference)
    return f"{endpoints.registry(registry)}/v2/{repository}/{path}"

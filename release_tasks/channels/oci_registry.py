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
from release_tasks.formats import oci_layout
from release_tasks.http import Answer
from release_tasks.printable import word
from release_tasks.rules import oci
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
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_NEXT_PAGE = re.compile(r'<([^>]+)>\s*;\s*rel="?next')
# The header that a registry accepted, by registry and repository.
_accepted: dict[tuple[str, str], dict[str, str]] = {}


def split(reference: str) -> tuple[str, str]:
    """Return registry and repository of an image reference; without a registry it is Docker Hub."""
    name = oci.name(reference)
    return name.registry, name.repository


def digest(reference: str, tag: str) -> str | None:
    """Return the digest (`sha256:` and 64 hex digits) of a tag, or None for a missing one."""
    answer = _read(reference, f"manifests/{tag}", "HEAD")
    if answer.status == 404:
        return None
    header = answer.headers.get("docker-content-digest")
    if header:
        return header
    body = _read(reference, f"manifests/{tag}").body
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def tags(reference: str) -> tuple[str, ...] | None:
    """Return every tag of a repository, or None when the registry has no such repository."""
    answer = _read(reference, "tags/list?n=1000")
    if answer.status == 404:
        return None
    found = _tags_of(answer, reference)
    pages = 1
    while next_page := _NEXT_PAGE.search(answer.headers.get("link", "")):
        pages += 1
        if pages > http.PAGES:
            raise ReleaseError(
                f"{reference} has more than {http.PAGES} pages of tags",
                "try again later",
            )
        answer = _read(reference, f"tags/list?{urlsplit(next_page[1]).query}")
        found += _tags_of(answer, reference)
    return tuple(dict.fromkeys(found))


def _tags_of(answer: Answer, reference: str) -> list[str]:
    found = answer.json(dict).get("tags") or []
    is_list = isinstance(found, list)
    if not is_list or not all(isinstance(tag, str) for tag in found):
        raise _unexpected(f"the tags of {reference}")
    return list(found)


def manifest(reference: str, tag: str) -> dict[str, Any] | None:
    """Return the manifest or index of a tag or digest, or None for a missing one."""
    answer = _read(reference, f"manifests/{tag}")
    if answer.status == 404:
        return None
    found: dict[str, Any] = answer.json(dict)
    return found


def labels(reference: str, tag: str) -> Mapping[str, str]:
    """Return the labels of an image, of its first platform when it has several.

    Raises `ReleaseError` where the registry answers in another form than OCI has.
    """
    try:
        found = _labels(reference, tag)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unexpected(f"{reference}:{tag}") from error
    return {
        name: value for name, value in found.items() if isinstance(value, str)
    }


def _unexpected(what: str) -> ReleaseError:
    return ReleaseError(
        f"the registry answers for {what} in another form than OCI has",
        "try again later",
    )


def _labels(reference: str, tag: str) -> Mapping[str, object]:
    found = manifest(reference, tag) or {}
    for entry in found.get("manifests", ()):
        # that is an attestation
        if entry.get("platform", {}).get("os") != "unknown":
            found = manifest(reference, entry["digest"]) or {}
            break
    if "config" not in found:
        return {}
    config = _read(reference, f"blobs/{found['config']['digest']}").json(dict)
    return dict(config.get("config", {}).get("Labels") or {})


def blob(reference: str, digest: str) -> bytes:
    """Return a blob of a repository; raise `ReleaseError` when it is missing or corrupt."""
    name = f"{digest[:19]} of {reference}"
    fix = "delete it from the registry, and push it again"
    answer = _read(reference, f"blobs/{digest}")
    if answer.status == 404:
        raise ReleaseError(f"{name} is missing", fix)
    if not oci_layout.has_digest(answer.body, digest):
        raise ReleaseError(f"{name} does not have the bytes of its digest", fix)
    return answer.body


def has_blob(reference: str, digest: str) -> bool:
    """Return True when a repository has a blob."""
    return _read(reference, f"blobs/{digest}", "HEAD").status == 200


def is_public(reference: str, tag: str) -> bool:
    """Return True when an image can be read without a login."""
    address = url(reference, f"manifests/{tag}")
    answer = _ask(address, {}, "HEAD")
    if answer.status in _REFUSED:
        header = _authorization(answer, split(reference)[1], None)
        if header:
            answer = _ask(address, header, "HEAD")
    return answer.status == 200


def missing_logins(references: Iterable[str]) -> list[ReleaseError]:
    """Return an error for each registry, other than loopback ones, that docker has no login for."""
    registries = sorted({split(reference)[0] for reference in references})
    return [
        ReleaseError(f"docker has no login for {name}", f"docker login {name}")
        for name in registries
        if endpoints.registry(name).startswith("https:")
        and not docker_login.is_known(name)
    ]


def url(reference: str, path: str) -> str:
    """Return the address of something in a repository, as `manifests/TAG`."""
    registry, repository = split(reference)
    return f"{endpoints.registry(registry)}/v2/{repository}/{path}"


def _read(reference: str, path: str, method: str = "GET") -> Answer:
    """Read anonymously; when the registry refuses that, with docker's login.

    GHCR refuses anonymous readers a private image and a missing one alike, so only a login can
    show that something is missing. Raises `ReleaseError` when that is refused, too.
    """
    address = url(reference, path)
    name = split(reference)
    answer = _ask(address, _accepted.get(name, {}), method)
    if answer.status not in _REFUSED:
        return answer
    for header in _authorizations(answer, *name):
        again = _ask(address, header, method)
        if again.status not in _REFUSED:
            _accepted[name] = header
            return again
    registry, repository = name
    raise ReleaseError(
        f"{registry} does not let docker's login read {repository}",
        f"docker login {word(registry)}",
    )


def _authorizations(
    refusal: Answer, registry: str, repository: str
) -> Iterator[dict[str, str]]:
    """Yield the headers to try, the anonymous one first."""
    anonymous = _authorization(refusal, repository, None)
    if anonymous:
        yield anonymous
    login = docker_login.login(registry)
    if login is None:
        raise ReleaseError(
            f"{repository} is private or does not exist on {registry}, "
            "and docker is not logged in there",
            f"docker login {word(registry)}",
        )
    header = _authorization(refusal, repository, login)
    if header:
        yield header


def _authorization(
    refusal: Answer, repository: str, login: docker_login.Login | None
) -> dict[str, str] | None:
    """Return the header that a 401's WWW-Authenticate asks for, or None when it cannot be had."""
    basic = _basic(login)
    challenge = refusal.headers.get("www-authenticate", "")
    if not challenge.lower().startswith("bearer"):
        return basic or None
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    query = {
        "service": parameters.get("service", ""),
        "scope": parameters.get("scope") or f"repository:{repository}:pull",
    }
    realm = urljoin(refusal.url, parameters.get("realm", ""))
    _refuse_realm(refusal.url, realm, is_login=login is not None)
    joiner = "&" if "?" in realm else "?"
    answer = http.get(
        f"{realm}{joiner}{urlencode(query)}",
        basic,
        expect=(200, 400, 401, 403, 404),
    )
    if answer.status != 200:
        return None
    data = answer.json(dict)
    token = data.get("token") or data.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    return {"Authorization": f"Bearer {token}"}


def _refuse_realm(registry: str, realm: str, is_login: bool) -> None:
    """Raise `ReleaseError` for an address of tokens that a registry should not name.

    It gets docker's login only over https and where it belongs to the registry; a registry on
    loopback may name one there.
    """
    own, other = urlsplit(registry), urlsplit(realm)
    is_secure = other.scheme == "https" or (
        own.scheme == "http"
        and other.scheme == "http"
        and other.hostname in endpoints.LOOPBACK
    )
    names = own.hostname or "", other.hostname or ""
    is_trusted = not is_login or oci.is_realm_of(*names)
    if other.username is not None or not is_secure or not is_trusted:
        raise ReleaseError(
            f"{own.netloc} asks for docker's login at {realm[:200]!r}, which is not its own",
            f"name the registry behind {own.netloc} in the settings, if it is right",
        )


def _basic(login: docker_login.Login | None) -> dict[str, str]:
    if login is None:
        return {}
    credentials = base64.b64encode(":".join(login).encode()).decode()
    return {"Authorization": f"Basic {credentials}"}


def _ask(address: str, header: Mapping[str, str], method: str) -> Answer:
    accept = {"Accept": f"{MANIFESTS}, */*;q=0.5"}
    return http.get(
        address, {**accept, **header}, (200, 404, *_REFUSED), method
    )

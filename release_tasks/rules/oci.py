"""The grammar of image and chart references, as registries and their clients have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from release_tasks import endpoints
from release_tasks.rules.rule import KnownGap, rule

DOCKER_HUB = "docker.io"
# as docker's clients know it
DOCKER_HUB_NAMES = (DOCKER_HUB, "index.docker.io")
LONGEST_NAME = 255  # characters
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
REGISTRY = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
)
NAMESPACED = (endpoints.host(endpoints.GHCR), *endpoints.REGISTRIES)
# ACCOUNT.dkr.ecr.REGION.amazonaws.com (Amazon ECR endpoints and quotas)
ECR = re.compile(
    r"\d{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)"
)
_ECR_PART = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
_ECR_REPOSITORY = re.compile(rf"{_ECR_PART}(?:/{_ECR_PART})*")
ECR_LENGTHS = (2, 256)  # characters
DISTRIBUTION = "OCI distribution-spec 1.1, Pulling manifests"
# Who gives out the tokens of a registry under another name (docker.com, GitLab documentation)
REALMS = {
    "registry-1.docker.io": "auth.docker.io",
    "registry.gitlab.com": "gitlab.com",
}
# First labels of a registry that belongs to the domain behind it, not to one of its customers
_OF_DOMAIN = re.compile(
    r"(?:docker|oci|container|image)?-?(?:registry|images?|cr|hub|docker)"
)
_SHARED = ("azurecr.io", "amazonaws.com", "pkg.dev", "gcr.io")
REFERENCE = "distribution/reference, reference.go and normalize.go"
GAPS = (
    KnownGap(
        "OCI registries",
        "a layer has at most 10 GB on GHCR",
        "GitHub, Working with the Container registry",
        "no release came near it; the upload fails before the tag is written",
    ),
    KnownGap(
        "OCI registries",
        "Amazon ECR makes no repository at a push, unless a creation template is set",
        "AWS, Amazon ECR repository creation templates",
        "whether a template is set cannot be read without rights for AWS itself",
    ),
)


@dataclass(frozen=True)
class Name:
    """A registry and one of its repositories: two references that mean the same are equal."""

    registry: str
    repository: str

    def __str__(self) -> str:
        """Return the reference with its registry."""
        return f"{self.registry}/{self.repository}"


def name(reference: str) -> Name:
    """Return what a reference without a tag names (`alpine` is `docker.io/library/alpine`).

    The first part is a registry if it has a dot, a colon or a capital letter, or is `localhost`
    (distribution/reference, splitDockerDomain).
    """
    first, slash, rest = reference.partition("/")
    is_registry = "." in first or ":" in first or first == "localhost"
    registry, repository = DOCKER_HUB, reference
    if slash and (is_registry or first != first.lower()):
        registry, repository = first, rest
    if registry in DOCKER_HUB_NAMES:
        registry = DOCKER_HUB
        if "/" not in repository:
            repository = f"library/{repository}"
    return Name(registry, repository)


def is_realm_of(registry: str, realm: str) -> bool:
    """Tell whether the host `realm` may give out tokens of a registry, and get its login.

    It is the registry's own host, one below it, the one that the registry is known for, or,
    for `registry.example.org`, one of example.org.
    """
    registry, realm = registry.lower(), realm.lower()
    if realm == registry or realm == REALMS.get(registry):
        return True
    if realm.endswith(f".{registry}"):
        return registry not in _SHARED
    first, _, domain = registry.partition(".")
    if (
        domain.count(".") == 0
        or domain in _SHARED
        or not _OF_DOMAIN.fullmatch(first)
    ):
        return False
    return realm == domain or realm.endswith(f".{domain}")


def split_tag(reference: str) -> tuple[str, str]:
    """Return a reference without its tag, and the tag, which is empty where there is none."""
    path, colon, last = reference.rpartition(":")
    if colon and "/" not in last:
        return path, last
    return reference, ""


@rule("OCI registries", DISTRIBUTION)
def tag(value: str) -> Iterator[str]:
    """Check a tag: at most 128 letters, digits, `_`, `.` and `-`; no `.` or `-` at its start."""
    if not TAG.fullmatch(value):
        yield f"invalid tag: {value!r}"


@rule("OCI registries", DISTRIBUTION)
def repository(value: str) -> Iterator[str]:
    """Check a repository: small letters and digits, with single separators between them."""
    if value != value.lower():
        yield f"invalid reference format: repository name ({value}) must be lowercase"
    elif not REPOSITORY.fullmatch(value):
        yield f"invalid reference format: {value!r} is not a valid repository name"
    elif len(value) > LONGEST_NAME:
        yield f"repository name must not be more than {LONGEST_NAME} characters"


@rule("Docker Hub", "Docker Hub API, repository names")
def docker_hub_repository(value: str) -> Iterator[str]:
    """Check a repository on Docker Hub: NAMESPACE/NAME, without further folders."""
    if value.count("/") != 1:
        yield f"{value} must be NAMESPACE/NAME on Docker Hub"


@rule(
    "OCI registries",
    "GitHub, Quay, GitLab (Container registry, Naming convention), Amazon ECR Public",
)
def namespaced_repository(registry: str, value: str) -> Iterator[str]:
    """Check a repository of GHCR, Quay, GitLab, ECR Public: below an owner, never at the top."""
    if "/" not in value:
        yield f"{registry}/{value} must be {registry}/OWNER/{value}"


@rule("OCI registries", "Amazon ECR API, CreateRepository, repositoryName")
def ecr_repository(value: str) -> Iterator[str]:
    """Check a repository of Amazon ECR: 2 to 256 characters, one `.`, `_` or `-` at a time."""
    least, most = ECR_LENGTHS
    if not least <= len(value) <= most or not _ECR_REPOSITORY.fullmatch(value):
        yield f"Invalid parameter at 'repositoryName' failed to satisfy constraint: {value!r}"


def in_registry(registry: str, value: str) -> list[str]:
    """Return what a registry refuses of the name of a repository, as its own rules are."""
    found = repository(value)
    if found:
        return found
    if registry in (DOCKER_HUB, endpoints.host(endpoints.DOCKER_HUB)):
        return docker_hub_repository(value)
    if registry in NAMESPACED:
        return namespaced_repository(registry, value)
    if ECR.fullmatch(registry):
        return ecr_repository(value)
    return []


@rule("Docker Hub", "Docker Docs, Docker Official Images")
def docker_hub_owner(value: str) -> Iterator[str]:
    """Check a repository that is pushed to: `library/` has Docker's official images alone."""
    if value.startswith("library/"):
        yield f"requested access to the resource is denied: docker.io/{value}"


def publishable(value: str) -> list[str]:
    """Return what is refused of a reference that a release pushes to."""
    found = reference(value)
    if not found and name(value).registry == DOCKER_HUB:
        return docker_hub_owner(name(value).repository)
    return found


@rule("OCI registries", REFERENCE)
def reference(value: str) -> Iterator[str]:
    """Check a reference without tag and digest: a registry and a repository."""
    if "://" in value:
        yield f"invalid reference format: {value} has a scheme"
        return
    if "@" in value:
        yield f"invalid reference format: {value} has a digest"
        return
    if split_tag(value)[1] or value.endswith(":"):
        yield f"invalid reference format: {value} has a tag"
        return
    found = name(value)
    if not REGISTRY.fullmatch(found.registry):
        yield f"invalid reference format: {found.registry!r} is not a valid registry"
    yield from in_registry(found.registry, found.repository)

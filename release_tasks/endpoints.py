"""The public addresses a release talks to; the only place that names them."""

from __future__ import annotations

CRATES_INDEX = "https://index.crates.io"
CRATES_FILES = "https://static.crates.io"
CRATES = "https://crates.io"
PYPI = "https://pypi.org"
PYPI_FILES = "https://files.pythonhosted.org"
PYPI_UPLOAD = "https://upload.pypi.org"
PYPI_LEGACY = "https://pypi.python.org"  # `twine --skip-existing` asks here
GITHUB = "https://github.com"
GITHUB_API = "https://api.github.com"
GITHUB_UPLOADS = "https://uploads.github.com"
GITHUB_DOCS = "https://docs.github.com/rest"
GHCR = "https://ghcr.io"
DOCKER_HUB = "https://registry-1.docker.io"
DOCKER_HUB_LOGIN = "https://index.docker.io/v1/"  # the key of its credentials
GO_PROXY = "https://proxy.golang.org"
GO = "https://go.dev/dl"
PYPI_DOCS = "https://docs.pypi.org"


def host(url: str) -> str:
    """Return the host of one of these addresses, without scheme and path."""
    return url.split("://", 1)[1].split("/", 1)[0]


def registry(name: str) -> str:
    """Return the base URL of an OCI registry named as in an image reference.

    Loopback registries speak plain HTTP, as for every container client.
    """
    if name in ("docker.io", "index.docker.io"):
        return DOCKER_HUB
    bare = name.rsplit(":", 1)[0]
    return f"http://{name}" if bare in ("127.0.0.1", "localhost") else f"https://{name}"

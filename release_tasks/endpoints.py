"""The public addresses that a release uses; no other file has one."""

from __future__ import annotations

CRATES_INDEX = "https://index.crates.io"
CRATES_FILES = "https://static.crates.io"
CRATES = "https://crates.io"
PYPI = "https://pypi.org"
PYPI_FILES = "https://files.pythonhosted.org"
PYPI_UPLOAD = "https://upload.pypi.org"
PYPI_LEGACY = "https://pypi.python.org"  # where `twine --skip-existing` looks
PYPI_STATS = "https://pypistats.org"  # downloads of packages
PYPI_DOCS = "https://docs.pypi.org"
GITHUB = "https://github.com"
GITHUB_API = "https://api.github.com"
GITHUB_UPLOADS = "https://uploads.github.com"
GITHUB_DOCS = "https://docs.github.com/rest"
GHCR = "https://ghcr.io"
DOCKER_HUB = "https://registry-1.docker.io"
DOCKER_HUB_PAGES = "https://hub.docker.com"
QUAY_PAGES = "https://quay.io/repository"
# the key of its login in docker's config.json
# Registries besides Docker Hub and GHCR that take images of everybody.
REGISTRIES = ("quay.io", "registry.gitlab.com", "public.ecr.aws")
DOCKER_HUB_LOGIN = "https://index.docker.io/v1/"
RUSTUP = "https://sh.rustup.rs"
DOCKER_PACKAGES = "https://download.docker.com/linux/debian"
HELM = "https://get.helm.sh"
GO_PROXY = "https://proxy.golang.org"
GO = "https://go.dev/dl"

# Where each service says that it is down; by the end of a host's name.
STATUS_PAGES = {
    "crates.io": "https://status.crates.io",
    "pypi.org": "https://status.python.org",
    "pythonhosted.org": "https://status.python.org",
    "github.com": "https://www.githubstatus.com",
    "ghcr.io": "https://www.githubstatus.com",
    "docker.io": "https://www.dockerstatus.com",
    "docker.com": "https://www.dockerstatus.com",
    "quay.io": "https://status.redhat.com",
    "gitlab.com": "https://status.gitlab.com",
    "amazonaws.com": "https://health.aws.amazon.com",
    "public.ecr.aws": "https://health.aws.amazon.com",
}

LOOPBACK = ("127.0.0.1", "localhost")


def host(url: str) -> str:
    """Return the host of an address, without scheme and path."""
    return url.split("://", 1)[1].split("/", 1)[0]


def status_page(name: str) -> str:
    """Return the page on which the service of a host says how it is, "" for an unknown one."""
    for end, page in STATUS_PAGES.items():
        if name == end or name.endswith(f".{end}"):
            return page
    return ""


def with_login(url: str, user: str, password: str) -> str:
    """Return an address with a login, in letters that need no escape."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{password}@{rest}"


def registry(name: str) -> str:
    """Return the base URL of an OCI registry; `name` is as in an image reference.

    A registry on loopback is read over plain HTTP, as every container client does.
    """
    if name in ("docker.io", "index.docker.io"):
        return DOCKER_HUB
    if name.rsplit(":", 1)[0] in LOOPBACK:
        return f"http://{name}"
    return f"https://{name}"


def is_plain_http(name: str) -> bool:
    """Tell whether an OCI registry is read over plain HTTP: one on loopback."""
    return registry(name).startswith("http:")

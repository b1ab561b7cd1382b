"""Which GitHub a repository is on, `[HOST/]OWNER/NAME` as gh writes it, and how it is reached."""

from __future__ import annotations

import os
import re
from pathlib import Path

from release_tasks import endpoints

DOT_COM = endpoints.host(endpoints.GITHUB)
TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
ENTERPRISE_TOKENS = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
# Names under which github.com is reached by git, too (GitHub Docs, SSH over the HTTPS port).
ALSO_DOT_COM = (f"www.{DOT_COM}", f"ssh.{DOT_COM}")


# The grammar of owner and repository; a part of only dots would be a path
REPOSITORY = re.compile(r"(?!\.+/)[\w.-]+/(?!\.+\Z)[\w.-]+", re.A)


def repository(host: str, owner: str, name: str) -> str:
    """Return the name of a repository: OWNER/NAME on github.com, else with its host before it."""
    if host == DOT_COM:
        return f"{owner}/{name}"
    return f"{host}/{owner}/{name}"


def host_of(named: str) -> str:
    """Return the host of `[HOST/]OWNER/NAME`, or of what is below that."""
    first = named.partition("/")[0]
    if "." in first or ":" in first:  # no owner has either in its name
        return first
    return DOT_COM


def without_host(named: str) -> str:
    """Return OWNER/NAME of `[HOST/]OWNER/NAME`, or what is below that."""
    host = host_of(named)
    return named.removeprefix(f"{host}/")


def canonical(host: str) -> str:
    """Return a host in lower case, and github.com for its other names."""
    lower = host.lower()
    if lower in ALSO_DOT_COM:
        return DOT_COM
    return lower


def is_github(host: str) -> bool:
    """Tell whether a host runs GitHub: github.com, GHE.com, and what gh is signed in to."""
    if host == DOT_COM or host.endswith(".ghe.com"):
        return True
    return host == os.environ.get("GH_HOST", "").lower() or host in _signed_in()


def api(host: str) -> str:
    """Return the base of a host's REST API."""
    if host == DOT_COM:
        return endpoints.GITHUB_API
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"https://{host}/api/v3"


def uploads(host: str) -> str:
    """Return the base of the addresses that take assets."""
    if host == DOT_COM:
        return endpoints.GITHUB_UPLOADS
    if host.endswith(".ghe.com"):
        return f"https://uploads.{host}"
    return f"https://{host}/api/uploads"


def web(named: str) -> str:
    """Return the address of a repository's page."""
    return f"https://{host_of(named)}/{without_host(named)}"


def tokens(host: str) -> tuple[str, ...]:
    """Return the variables with a token that gh uses for a host, the first one first."""
    if host == DOT_COM or host.endswith(".ghe.com"):
        return TOKENS
    return ENTERPRISE_TOKENS


def pinned(host: str) -> dict[str, str]:
    """Return the variables that lead gh to a host, none where it goes there by itself."""
    if host == _default():
        return {}
    return {"GH_HOST": host}


def _default() -> str:
    """Return the host that gh uses where none is named (gh help environment, GH_HOST)."""
    chosen = os.environ.get("GH_HOST", "").lower()
    known = _signed_in()
    if not chosen and len(known) == 1:
        return known[0]
    return chosen or DOT_COM


def _signed_in() -> list[str]:
    """Return the hosts that gh has a login for, as its hosts.yml lists them."""
    folder = os.environ.get("GH_CONFIG_DIR")
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    path = Path(folder or Path(base) / "gh") / "hosts.yml"
    try:
        text = path.read_text()
    except OSError:
        return []
    return [
        name.lower()
        for name in re.findall(r'^"?([\w.:-]+?)"?:\s*$', text, re.M)
    ]

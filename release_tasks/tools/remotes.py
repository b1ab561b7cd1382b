"""The address of a remote as git takes it, and which repository on GitHub that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from release_tasks.tools import ssh
from release_tasks.tools.gh import hosts
from release_tasks.tools.git import origin

SSH = ("ssh", "git+ssh", "ssh+git")
SCHEMES = (*SSH, "https", "http", "git")
# git-clone(1), GIT URLS: SCHEME://[USER[:PASSWORD]@]HOST[:PORT]/PATH, and [USER@]HOST:PATH
_URL = re.compile(r"([\w+]+)://(?:[^/@]*@)?([^/:@]+)(?::\d*)?/+(.+)", re.S)
_SCP = re.compile(r"(?:[^/@:]+@)?([^/:@]+):(?!//)/*(.+)", re.S)


@dataclass(frozen=True)
class Address:
    """A remote on another machine: the scheme, the host as written, the path without `.git`."""

    scheme: str
    host: str
    path: str


def parse(url: str) -> Address | None:
    """Return the parts of a remote's URL; None for a path on this machine."""
    if match := _URL.fullmatch(url):
        scheme = match[1].lower()
        if scheme in SCHEMES:
            return Address(scheme, match[2], _path(match[3]))
        return None
    if match := _SCP.fullmatch(url):
        return Address("ssh", match[1], _path(match[2]))
    return None


def github_repository(url: str) -> str | None:
    """Return `[HOST/]OWNER/NAME` for a URL of a repository on GitHub, None for any other.

    Only https and SSH count. The host of an SSH address may be an alias of ~/.ssh/config.
    """
    address = parse(url)
    if address is None or not hosts.REPOSITORY.fullmatch(address.path):
        return None
    if address.scheme not in (*SSH, "https"):
        return None  # anyone on the way could answer for GitHub
    owner, _, name = address.path.partition("/")
    candidates = [hosts.canonical(address.host)]
    if address.scheme in SSH and not hosts.is_github(candidates[0]):
        candidates.append(hosts.canonical(ssh.host_name(address.host)))
    for host in candidates:
        if hosts.is_github(host):
            return hosts.repository(host, owner, name)
    return None


def repository_of(tree: Path, remote: str = "") -> str | None:
    """Return the repository on GitHub that a remote is, as git resolves its URL.

    Without a name it is the remote that is released to. What is written counts first: a mirror
    by `insteadOf` is a way to the same repository. What is only read elsewhere is on GitHub where
    git pushes to GitHub.
    """
    written = origin.url(tree, remote)
    if written is None:
        return None
    found = github_repository(written)
    if found is None:
        expanded = origin.expanded_url(tree, remote)
        if expanded != written:
            found = github_repository(expanded)
    if found is None and not remote:
        pushed = map(github_repository, origin.push_urls(tree))
        found = next(filter(None, pushed), None)
    return found


def pushed_elsewhere(tree: Path) -> str | None:
    """Return a URL of a push that origin does not see: of another repository, or of none.

    Several URLs may be of mirrors, as long as one is that of origin. Another host may be the one
    that git reads a mirror of.
    """
    pushed = origin.push_urls(tree)
    if not pushed:
        return None
    fetched = [parse(origin.url(tree) or ""), parse(origin.expanded_url(tree))]
    paths = [address.path.lower() for address in fetched if address]
    others = []
    for url in pushed:
        address = parse(url)
        if address is None:
            if "://" not in url and not (tree / url).exists():
                return url
            return None
        if fetched[1] is None or not _is_same_host(address, fetched[1]):
            return None
        if address.path.lower() in paths:
            return None
        others.append(url)
    return next(iter(others), None)


def _is_same_host(one: Address, other: Address) -> bool:
    hosts_of = [hosts.canonical(address.host) for address in (one, other)]
    if hosts_of[0] != hosts_of[1]:
        for index, address in enumerate((one, other)):
            if address.scheme in SSH:
                hosts_of[index] = hosts.canonical(ssh.host_name(address.host))
    return hosts_of[0] == hosts_of[1]


def _path(path: str) -> str:
    return path.strip("/").removesuffix(".git").rstrip("/")

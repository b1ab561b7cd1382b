"""Repositories of git that others have: copies of them, read as the user's own git reads them.

So a git dependency or submodule comes from where a release takes it: with the user's
credentials, aliases and ssh keys, which no client in the rehearsal has.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection
from pathlib import Path

from release_tasks.rehearsal.github import git
from release_tasks.rehearsal.web import Request, Response

# gitprotocol-http(5): a fetch asks for refs, then for a pack
FETCH = re.compile(r"/(?P<path>.+?)/(?P<service>info/refs|git-upload-pack)")
_HOST = re.compile(r"[\w.-]+(:\d+)?")
_SEGMENT = re.compile(r"(?!-|\.{1,2}$)[\w.~+-]+")


class Mirrors:
    """Copies of repositories. `unreachable` has the reason for each that cannot be read.

    `ssh_hosts` are hosts, `HOST[:PORT]`, that the project's files name with ssh: `git@HOST` is
    tried there where `https://HOST` does not answer.
    """

    def __init__(self, folder: Path, ssh_hosts: Collection[str] = ()) -> None:
        self.folder = folder
        self.ssh_hosts = ssh_hosts
        self.unreachable: dict[str, str] = {}
        self._lock = threading.Lock()
        self._found: dict[str, Path | None] = {}

    def find(self, host: str, path: str) -> Path | None:
        """Return a copy of a repository, None where the user's git cannot read it."""
        name = _name(host, path)
        with self._lock:
            if name not in self._found:
                self._found[name] = self._copy(name, host, path)
            return self._found[name]

    def answer(self, request: Request) -> Response | None:
        """Answer a request of a fetch, refuse one of a push; None for any other request."""
        if request.query.get("service") == "git-receive-pack":
            message = f"{request.host} is not part of the rehearsal: it is only read\n"
            return Response.of_text(message, 403)
        found = FETCH.fullmatch(request.path)
        is_fetch = request.method == "POST" or "service" in request.query
        if found is None or not is_fetch:
            return None
        path = self.find(request.host, found["path"])
        if path is None:
            reason = self.unreachable[_name(request.host, found["path"])]
            return Response.of_text(f"{reason}\n", 404)
        return git.serve_from(path, found["service"], request)

    def _copy(self, name: str, host: str, path: str) -> Path | None:
        segments = path.split("/")
        if not _HOST.fullmatch(host) or not all(
            map(_SEGMENT.fullmatch, segments)
        ):
            self.unreachable[name] = (
                f"{name} is not the address of a repository"
            )
            return None
        folder = self.folder / f"{name}.git"
        urls = [f"https://{host}/{path}"]
        for server in self.ssh_hosts:
            if server.partition(":")[0] == host:
                urls.append(f"ssh://git@{server}/{path}")
        reasons = []
        for url in urls:
            reason = git.mirror(folder, url)
            if not reason:
                return folder
            reasons.append(reason)
        self.unreachable[name] = "; ".join(reasons)
        return None


def _name(host: str, path: str) -> str:
    return f"{host}/{path.removesuffix('.git')}"

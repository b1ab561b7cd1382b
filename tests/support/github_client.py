"""The local GitHub with one repository, and unmodified git and gh as its clients."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from release_tasks.rehearsal.github.app import GitHub
from release_tasks.rehearsal.server import Servers

TOKEN = "let-me-release"
WORKFLOW = "name: CI\non: [push, workflow_dispatch]\n"
PERSON = {
    "NAME": "Rehearsal",
    "EMAIL": "rehearsal@example.invalid",
    "DATE": "2026-01-02T03:04:05Z",
}
PEOPLE = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in PERSON.items()
}


@dataclass
class LocalGitHub:
    """The local GitHub, its servers, and a checkout of acme/tool with two commits."""

    hub: GitHub
    servers: Servers
    folder: Path
    env: dict[str, str]

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def url(self) -> str:
        return self.servers.urls["github"]

    def run(
        self, *argv: str, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the checkout, behind the proxy."""
        return subprocess.run(
            argv,
            cwd=cwd or self.work,
            env=self.env | env,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def ok(self, *argv: str, cwd: Path | None = None, **env: str) -> str:
        """Run a program, which must succeed, and return its stdout."""
        done = self.run(*argv, cwd=cwd, **env)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def fails(
        self, *argv: str, code: int = 1, cwd: Path | None = None, **env: str
    ) -> str:
        """Run a program, which must fail with that exit code, and return its stderr."""
        done = self.run(*argv, cwd=cwd, **env)
        output = f"{done.stdout}{done.stderr}"
        assert done.returncode == code, (
            f"{argv} ended with {done.returncode}: {output}"
        )
        return done.stderr

    def file(self, name: str, text: str = "") -> str:
        """Write a file into the checkout and return its name."""
        (self.work / name).write_text(text or f"bytes of {name}\n")
        return name

    def api(
        self, method: str, path: str, token: str | None = TOKEN, **more
    ) -> requests.Response:
        """Send a request to the REST API; a relative path is one of acme/tool."""
        headers = more.pop("headers", {})
        if token:
            headers = headers | {"Authorization": f"token {token}"}
        address = self._address(path)
        return requests.request(
            method,
            address,
            headers=headers,
            timeout=30,
            allow_redirects=False,
            **more,
        )

    def _address(self, path: str) -> str:
        if path.startswith("http"):
            return path
        if path.startswith("/"):
            return f"{self.url}/api/v3{path}"
        return f"{self.url}/api/v3/repos/acme/tool/{path}"

    def upload(
        self, release: dict, name: str, data: bytes
    ) -> requests.Response:
        """Upload an asset to a release that the API has returned."""
        address = release["upload_url"].replace("{?name,label}", "")
        return self.api("POST", address, params={"name": name}, data=data)

    def release(self, tag: str) -> dict:
        """Return the only release or draft of a tag, as the local GitHub reports it."""
        releases = self.hub.releases("acme", "tool")
        [found] = [release for release in releases if release["tag"] == tag]
        return found

    def remote_refs(self) -> dict[str, str]:
        """Return the commits that `git ls-remote` shows, by ref."""
        lines = self.ok("git", "ls-remote", "origin").splitlines()
        pairs = [line.split("\t") for line in lines]
        return {name: commit for commit, name in pairs}


@contextmanager
def local_github(folder: Path, **options) -> Iterator[LocalGitHub]:
    """Run a local GitHub in `folder`; `options` are those of `GitHub`."""
    hub = GitHub(folder / "hub", TOKEN, **options)
    with Servers([hub], folder) as servers:
        github = LocalGitHub(
            hub, servers, folder, _environment(servers, folder)
        )
        github.work.mkdir()
        github.ok("git", "init", "-q", "-b", "main")
        (github.work / ".github" / "workflows").mkdir(parents=True)
        github.file(".github/workflows/ci.yml", WORKFLOW)
        github.file("README.md", "# tool\n")
        github.ok("git", "add", ".")
        github.ok("git", "commit", "-qm", "Begin")
        github.ok("git", "tag", "-am", "one", "v0.1.0")
        hub.create("acme", "tool", github.work)
        github.ok(
            "git", "remote", "add", "origin", "git@github.com:acme/tool.git"
        )
        github.ok("git", "fetch", "-q", "origin")
        yield github


def _environment(servers: Servers, folder: Path) -> dict[str, str]:
    removed = ("GIT_", "GH_", "GITHUB_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(removed)
    }
    client = {
        "HOME": str(folder),
        "GH_CONFIG_DIR": str(folder / "gh"),
        "GH_TOKEN": TOKEN,
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "NO_COLOR": "1",
        "HTTPS_PROXY": servers.proxy,
        "SSL_CERT_FILE": str(servers.ca_file),
        "GIT_SSL_CAINFO": str(servers.ca_file),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "url.https://github.com/.insteadOf",
        "GIT_CONFIG_VALUE_0": "git@github.com:",
    }
    return kept | PEOPLE | client

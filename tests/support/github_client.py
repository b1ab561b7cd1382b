"""A GitHub that runs with one repository in it, and unchanged git and gh that reach it."""

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
PERSON = {"NAME": "Rehearsal", "EMAIL": "rehearsal@example.invalid", "DATE": "2026-01-02T03:04:05Z"}


@dataclass
class LocalGitHub:
    """The stand-in, the servers around it, and a checkout of acme/tool with two commits."""

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
        """Run a command in the checkout, as a user would behind the proxy."""
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
        """Return what a command printed to stdout; it has to succeed."""
        done = self.run(*argv, cwd=cwd, **env)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def fails(self, *argv: str, code: int = 1, cwd: Path | None = None, **env: str) -> str:
        """Return what a command printed to stderr; it has to fail with that exit code."""
        done = self.run(*argv, cwd=cwd, **env)
        assert done.returncode == code, (
            f"{argv} ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
        return done.stderr

    def file(self, name: str, text: str = "") -> str:
        """Write a file into the checkout and return its name."""
        (self.work / name).write_text(text or f"bytes of {name}\n")
        return name

    def api(self, method: str, path: str, token: str | None = TOKEN, **more) -> requests.Response:
        """Ask the REST API at the loopback address about acme/tool."""
        headers = more.pop("headers", {}) | ({"Authorization": f"token {token}"} if token else {})
        root = f"{self.url}/api/v3"
        address = (
            path
            if path.startswith("http")
            else f"{root}{path}"
            if path[:1] == "/"
            else f"{root}/repos/acme/tool/{path}"
        )
        return requests.request(
            method, address, headers=headers, timeout=30, allow_redirects=False, **more
        )

    def upload(self, release: dict, name: str, data: bytes) -> requests.Response:
        """Upload an asset to a release as the API answered it."""
        return self.api(
            "POST",
            release["upload_url"].replace("{?name,label}", ""),
            params={"name": name},
            data=data,
        )

    def release(self, tag: str) -> dict:
        """Return the one release or draft of a tag, as the stand-in reports it."""
        [found] = [
            release for release in self.hub.releases("acme", "tool") if release["tag"] == tag
        ]
        return found

    def remote_refs(self) -> dict[str, str]:
        """Return what `git ls-remote` shows."""
        lines = self.ok("git", "ls-remote", "origin").splitlines()
        return {name: sha for sha, name in (line.split("\t") for line in lines)}


@contextmanager
def local_github(folder: Path, **options) -> Iterator[LocalGitHub]:
    """Give a running github in `folder`; `options` are those of `GitHub`."""
    hub = GitHub(folder / "hub", TOKEN, **options)
    with Servers([hub], folder) as servers:
        github = LocalGitHub(hub, servers, folder, _environment(servers, folder))
        github.work.mkdir()
        github.ok("git", "init", "-q", "-b", "main")
        (github.work / ".github" / "workflows").mkdir(parents=True)
        github.file(".github/workflows/ci.yml", WORKFLOW)
        github.file("README.md", "# tool\n")
        github.ok("git", "add", ".")
        github.ok("git", "commit", "-qm", "Begin")
        github.ok("git", "tag", "-am", "one", "v0.1.0")
        hub.create("acme", "tool", github.work)
        github.ok("git", "remote", "add", "origin", "git@github.com:acme/tool.git")
        github.ok("git", "fetch", "-q", "origin")
        yield github


def _environment(servers: Servers, folder: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "GH_", "GITHUB_"))
    }
    people = {
        f"GIT_{who}_{key}": value
        for who in ("AUTHOR", "COMMITTER")
        for key, value in PERSON.items()
    }
    return (
        kept
        | people
        | {
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
    )

"""Git for the local GitHub: bare repositories, served by `git http-backend`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from release_tasks.rehearsal import bodies
from release_tasks.rehearsal.github.model import Repository
from release_tasks.rehearsal.web import Request, Response
from release_tasks.shell import Failed, ask, ask_bytes

PUSH = "git-receive-pack"
ENV = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC"}
SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "receive.autogc": "false",
    "gc.auto": "0",
}
SSH = "-oBatchMode=yes -oConnectTimeout=15"  # ssh_config(5); nobody answers its questions
EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
# The tag of an immutable release cannot be deleted while the release exists; its name stays used.
UPDATE_HOOK = """#!/bin/sh
case "$3" in *[!0]*) list=used-tags ;; *) list=locked-tags ;; esac
grep -qsxF "$1" "$list" || exit 0
echo "error: GH013: Repository rule violations found for $1." >&2
echo "- Cannot change the tag of an immutable release." >&2
exit 1
"""


class Ref(NamedTuple):
    """What a ref names: an object (40 hex digits) and its type (`commit`, `tag`)."""

    sha: str
    kind: str


def create(path: Path, source: Path | None = None) -> None:
    """Make a bare repository, with all branches and tags of `source`."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    ask(
        ["git", "init", "-q", "--bare", "--template=", "-b", "main", path],
        env=ENV,
    )
    for key, value in SETTINGS.items():
        run(path, "config", key, value)
    _add_hook(path)
    if source is not None:
        _copy(source, path)


def mirror(path: Path, url: str) -> str:
    """Copy another repository, with the user's own git settings; nobody can push to it.

    Return why that failed, "" where it worked. Neither git nor ssh asks for anything.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        ask(
            ["git", "clone", "--quiet", "--mirror", url, path],
            env=_unattended(),
        )
    except Failed as error:
        shutil.rmtree(path, ignore_errors=True)
        lines = error.output.strip().splitlines() or ["git fails"]
        fatal = [line for line in lines if line.startswith("fatal: ")]
        reason = (fatal or lines)[0].removeprefix("fatal: ")
        return f"git does not read {url}: {reason}"
    for key, value in (SETTINGS | {"http.receivepack": "false"}).items():
        run(path, "config", key, value)
    return ""


def run(path: Path, *words: str) -> str:
    """Run git on a bare repository and return its output; raise `Failed` where git fails."""
    return ask(["git", "--git-dir", path, *words], env=ENV)


def refs(path: Path, prefix: str = "refs/") -> dict[str, Ref]:
    """Return every ref below `prefix` by name."""
    lines = run(
        path, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype)"
    )
    found = {}
    for line in lines.splitlines():
        name, sha, kind = line.split(" ")
        if name.startswith(prefix):
            found[name] = Ref(sha, kind)
    return found


def tags(path: Path) -> list[str]:
    """Return the names of all tags."""
    return [
        name.removeprefix("refs/tags/") for name in refs(path, "refs/tags/")
    ]


def commit_of(path: Path, name: str) -> str:
    """Return the commit that a branch, tag or (long or short) id names, "" for none."""
    for full in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        commit = f"{full}^{{commit}}"
        try:
            return run(
                path, "rev-parse", "-q", "--verify", "--end-of-options", commit
            ).strip()
        except Failed:
            continue
    return ""


def default_branch(path: Path) -> str:
    """Return the branch that HEAD names, whether it has a commit or not."""
    return run(path, "symbolic-ref", "--short", "HEAD").strip()


def show(path: Path, commit: str, file: str) -> bytes | None:
    """Return a file of a commit, None where there is none."""
    words = ("git", "--git-dir", path, "cat-file", "blob", f"{commit}:{file}")
    try:
        return ask_bytes(words, env=ENV)
    except Failed:
        return None


def archive(path: Path, commit: str, form: str, folder: str) -> bytes:
    """Return the files of a commit below `folder`, as `tar.gz` or `zip`."""
    words = (
        "git",
        "--git-dir",
        path,
        "archive",
        f"--format={form}",
        f"--prefix={folder}/",
        commit,
    )
    return ask_bytes(words, env=ENV)


def lock_tags(repo: Repository) -> None:
    """List for the update hook which tags immutable releases have, and which they ever had."""
    locked = {
        release.tag for release in repo.releases.values() if release.immutable
    }
    for name, listed in (
        ("locked-tags", locked),
        ("used-tags", repo.used_tags),
    ):
        lines = [f"refs/tags/{tag}\n" for tag in sorted(listed)]
        (repo.path / name).write_text("".join(lines))


def serve(repo: Repository, service: str, request: Request) -> Response:
    """Let `git http-backend` answer a fetch or a push of one repository."""
    return serve_from(repo.path, service, request)


def serve_from(path: Path, service: str, request: Request) -> Response:
    """Let `git http-backend` answer a fetch or a push of a bare repository."""
    largest = bodies.LARGEST
    if service == PUSH:
        largest = bodies.LARGEST_UPLOAD
    body = request.read_body(largest)
    env = ENV | {
        "GIT_PROJECT_ROOT": str(path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": f"/{path.name}/{service}",
        "QUERY_STRING": request.raw_query,
        "CONTENT_TYPE": request.header("content-type"),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.header("content-encoding"),
        "GIT_PROTOCOL": request.header("git-protocol"),
        "REMOTE_USER": "rehearsal",
    }
    try:
        output = ask_bytes(["git", "http-backend"], env=env, stdin=body)
    except Failed as error:
        return Response.of_text(error.output, 500)
    head, _, answer = output.partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode().split("\r\n"):
        name, value = line.split(": ", 1)
        headers[name] = value
    status, *_reason = headers.pop("Status", "200").split()
    return Response(int(status), answer, headers)


def _unattended() -> dict[str, str]:
    """Return variables with which neither git nor ssh asks anybody."""
    env = {"GIT_TERMINAL_PROMPT": "0"}
    if "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ:
        return env
    try:
        command = ask(["git", "config", "core.sshCommand"]).strip()
    except Failed:
        command = "ssh"
    return env | {"GIT_SSH_COMMAND": f"{command} {SSH}"}


def _add_hook(path: Path) -> None:
    hook = path / "hooks" / "update"
    hook.parent.mkdir()
    hook.write_text(UPDATE_HOOK)
    hook.chmod(0o755)
    run(path, "config", "core.hooksPath", str(hook.parent))


def _copy(source: Path, path: Path) -> None:
    """Fetch all branches and tags of `source`, and let HEAD name a branch that exists."""
    run(path, "fetch", "-q", "--no-write-fetch-head", str(source), *EVERYTHING)
    head = ask(["git", "rev-parse", "--abbrev-ref", "HEAD"], cwd=source).strip()
    branches = list(refs(path, "refs/heads/"))
    wanted = (f"refs/heads/{head}", "refs/heads/main", *branches)
    existing = [ref for ref in wanted if ref in branches]
    run(path, "symbolic-ref", "HEAD", next(iter(existing), "refs/heads/main"))

"""Git for the GitHub stand-in: bare repositories, served by `git http-backend`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from release_tasks.rehearsal.github.model import Repository
from release_tasks.rehearsal.web import Request, Response
from release_tasks.shell import Failed, ask, ask_bytes

ENV = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC"}
SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "receive.autogc": "false",
    "gc.auto": "0",
}
# Deleting is refused while the immutable release exists, the name is refused for ever.
UPDATE_HOOK = """#!/bin/sh
case "$3" in *[!0]*) list=used-tags ;; *) list=locked-tags ;; esac
grep -qsxF "$1" "$list" || exit 0
echo "error: GH013: Repository rule violations found for $1." >&2
echo "- Cannot change the tag of an immutable release." >&2
exit 1
"""


def create(path: Path, source: Path | None = None) -> None:
    """Make a bare repository, with all branches and tags of `source`."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    ask(["git", "init", "-q", "--bare", "--template=", "-b", "main", path], env=ENV)
    for key, value in {**SETTINGS, "core.hooksPath": str(path / "hooks")}.items():
        git(path, "config", key, value)
    hook = path / "hooks" / "update"
    hook.parent.mkdir()
    hook.write_text(UPDATE_HOOK)
    hook.chmod(0o755)
    if source is not None:
        everything = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        git(path, "fetch", "-q", "--no-write-fetch-head", str(source), *everything)
        head = ask(["git", "rev-parse", "--abbrev-ref", "HEAD"], cwd=source).strip()
        branches = list(refs(path, "refs/heads/"))
        wanted = [f"refs/heads/{head}", "refs/heads/main", *branches]
        git(
            path,
            "symbolic-ref",
            "HEAD",
            next((ref for ref in wanted if ref in branches), "refs/heads/main"),
        )


def git(path: Path, *words: str) -> str:
    """Ask git about a bare repository; raise `Failed` where git does."""
    return ask(["git", "--git-dir", path, *words], env=ENV)


def refs(path: Path, prefix: str = "refs/") -> dict[str, tuple[str, str]]:
    """Return every ref below `prefix` with its object (40 hex digits) and type."""
    lines = git(
        path, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype)"
    ).splitlines()
    found = {name: (sha, kind) for name, sha, kind in (line.split(" ") for line in lines)}
    return {name: at for name, at in found.items() if name.startswith(prefix)}


def commit_of(path: Path, name: str) -> str:
    """Return the commit that a branch, tag or (long or short) id means, or ""."""
    for full in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        try:
            return git(
                path, "rev-parse", "-q", "--verify", "--end-of-options", f"{full}^{{commit}}"
            ).strip()
        except Failed:
            continue
    return ""


def default_branch(path: Path) -> str:
    """Return the branch that HEAD names, whether it has a commit or not."""
    return git(path, "symbolic-ref", "--short", "HEAD").strip()


def show(path: Path, commit: str, file: str) -> bytes | None:
    """Return a file of a commit, or None."""
    try:
        return ask_bytes(
            ["git", "--git-dir", path, "cat-file", "blob", f"{commit}:{file}"], env=ENV
        )
    except Failed:
        return None


def lock_tags(repo: Repository) -> None:
    """Tell the update hook which tags belong to immutable releases, and did."""
    locked = {release.tag for release in repo.releases.values() if release.immutable}
    for name, tags in (("locked-tags", locked), ("used-tags", repo.used_tags)):
        (repo.path / name).write_text("".join(f"refs/tags/{tag}\n" for tag in sorted(tags)))


def serve(repo: Repository, service: str, request: Request) -> Response:
    """Let `git http-backend` answer a fetch or a push of one repository."""
    body = request.body
    env = ENV | {
        "GIT_PROJECT_ROOT": str(repo.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": f"/{repo.path.name}/{service}",
        "QUERY_STRING": request.target.partition("?")[2],
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": "rehearsal",
    }
    try:
        head, _, answer = ask_bytes(["git", "http-backend"], env=env, stdin=body).partition(
            b"\r\n\r\n"
        )
    except Failed as error:
        return Response(500, error.output.encode(), {"Content-Type": "text/plain"})
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n"))
    headers = dict(pairs)
    status = int(headers.pop("Status", "200").split()[0])
    return Response(status, answer, headers)

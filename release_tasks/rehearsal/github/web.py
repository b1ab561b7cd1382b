"""The GitHub stand-in outside of its API: git, downloads, archives."""

from __future__ import annotations

import re
from collections.abc import Callable

from release_tasks.rehearsal.github import assets as github_assets
from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github import refs as github_refs
from release_tasks.rehearsal.github import releases as github_releases
from release_tasks.rehearsal.github.call import Refused, not_found
from release_tasks.rehearsal.github.model import Repository, Urls
from release_tasks.rehearsal.web import Request, Response

GIT = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
DOWNLOAD = re.compile(r"/([^/]+)/([^/]+)/releases/(?:latest/download|download/(.+))/([^/]+)")
LATEST = re.compile(r"/([^/]+)/([^/]+)/releases/latest")
ARCHIVE = re.compile(r"/([^/]+)/([^/]+)/archive/(.+)\.(tar\.gz|zip)")


def answer(request: Request, urls: Urls, find: Callable[[str, str], Repository]) -> Response:
    """Answer a file, an archive or the link to the latest release, to anyone."""
    if match := DOWNLOAD.fullmatch(request.path):
        repo = find(match[1], match[2])
        newest = github_releases.latest(repo)
        return github_assets.public_file(repo, match[3] or (newest.tag if newest else ""), match[4])
    if match := LATEST.fullmatch(request.path):
        newest = github_releases.latest(find(match[1], match[2]))
        place = f"{urls.web}/{match[1]}/{match[2]}/releases" + (
            f"/tag/{newest.tag}" if newest else ""
        )
        return Response(302, b"", {"Location": place})
    if match := ARCHIVE.fullmatch(request.path):
        return github_refs.archive(find(match[1], match[2]), match[3], match[4])
    raise not_found()


def pushes(request: Request) -> bool:
    """Tell whether a git request belongs to a push."""
    return (
        request.path.endswith("/git-receive-pack")
        or request.query.get("service") == "git-receive-pack"
    )


def git(request: Request, may_push: bool, find: Callable[[str, str], Repository]) -> Response:
    """Answer one request of a clone, fetch or push."""
    match = GIT.fullmatch(request.path)
    assert match is not None
    if pushes(request) and not may_push:
        return Response(
            401, b"Authentication required\n", {"WWW-Authenticate": 'Basic realm="GitHub"'}
        )
    try:
        repo = find(match[1], match[2])
    except Refused:
        return Response(404, b"Repository not found.\n", {"Content-Type": "text/plain"})
    done = github_git.serve(repo, match[3], request)
    if pushes(request) and request.method == "POST":
        with repo.lock:
            github_releases.settle(repo)
    return done

"""The local GitHub outside of its API: git, downloads, archives."""

from __future__ import annotations

import re
from collections.abc import Callable

from release_tasks.rehearsal.github import assets, git, refs, releases
from release_tasks.rehearsal.github.call import Refused, not_found
from release_tasks.rehearsal.github.model import Repository, Urls
from release_tasks.rehearsal.web import Request, Response

GIT = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
DOWNLOAD = re.compile(r"/([^/]+)/([^/]+)/releases/(?:latest/download|download/(.+))/([^/]+)")
LATEST = re.compile(r"/([^/]+)/([^/]+)/releases/latest")
ARCHIVE = re.compile(r"/([^/]+)/([^/]+)/archive/(.+)\.(tar\.gz|zip)")

Find = Callable[[str, str], Repository]  # by owner and name; raises `Refused`


def answer(request: Request, urls: Urls, find: Find) -> Response:
    """Answer a file, an archive or the link to the latest release, to anyone."""
    if match := DOWNLOAD.fullmatch(request.path):
        repo = find(match[1], match[2])
        return assets.public_file(repo, match[3] or releases.latest_tag(repo), match[4])
    if match := LATEST.fullmatch(request.path):
        repo = find(match[1], match[2])
        return _latest(f"{urls.web}/{match[1]}/{match[2]}/releases", releases.latest_tag(repo))
    if match := ARCHIVE.fullmatch(request.path):
        return refs.archive(find(match[1], match[2]), match[3], match[4])
    raise not_found()


def answer_git(request: Request, may_push: bool, find: Find) -> Response:
    """Answer one request of a clone, fetch or push; its path has to match `GIT`."""
    match = GIT.fullmatch(request.path)
    assert match is not None
    if _is_push(request) and not may_push:
        answer = Response.of_text("Authentication required\n", 401)
        answer.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
        return answer
    try:
        repo = find(match[1], match[2])
    except Refused:
        return Response.of_text("Repository not found.\n", 404)
    answer = git.serve(repo, match[3], request)
    if _is_push(request) and request.method == "POST":
        with repo.lock:
            releases.unpublish_untagged(repo)
    return answer


def _latest(page: str, tag: str) -> Response:
    if tag:
        page += f"/tag/{tag}"
    return Response(302, b"", {"Location": page})


def _is_push(request: Request) -> bool:
    if request.path.endswith("/git-receive-pack"):
        return True
    return request.query.get("service") == "git-receive-pack"

"""The local GitHub outside of its API: git, downloads, archives."""

from __future__ import annotations

import re
from collections.abc import Callable

from release_tasks.rehearsal.github import assets, git, refs, releases
from release_tasks.rehearsal.github.call import Refused, not_found
from release_tasks.rehearsal.github.model import Repository, Urls
from release_tasks.rehearsal.web import Request, Response

GIT = re.compile(
    r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)"
)
DOWNLOAD = re.compile(
    r"/([^/]+)/([^/]+)/releases/(?:latest/download|download/(.+))/([^/]+)"
)
LATEST = re.compile(r"/([^/]+)/([^/]+)/releases/latest")
PAGE = re.compile(r"/([^/]+)/([^/]+)/releases(?:/tag/(.+))?")
ARCHIVE = re.compile(r"/([^/]+)/([^/]+)/archive/(.+)\.(tar\.gz|zip)")

Find = Callable[[str, str], Repository]  # by owner and name; raises `Refused`


def answer(request: Request, urls: Urls, find: Find) -> Response:
    """Answer a file, an archive, the page of a release or the link to the latest, to anyone."""
    if match := DOWNLOAD.fullmatch(request.path):
        owner, name, tag, file = match.groups()
        repo = find(owner, name)
        return assets.public_file(repo, tag or releases.latest_tag(repo), file)
    if match := LATEST.fullmatch(request.path):
        owner, name = match.groups()
        tag = releases.latest_tag(find(owner, name))
        return _latest(f"{urls.web}/{owner}/{name}/releases", tag)
    if match := ARCHIVE.fullmatch(request.path):
        owner, name, ref, form = match.groups()
        return refs.archive(find(owner, name), ref, form)
    if match := PAGE.fullmatch(request.path):
        owner, name, tag = match.groups()
        return _page(find(owner, name), tag)
    raise not_found()


def answer_git(request: Request, push_status: int, find: Find) -> Response:
    """Answer one request of a clone, fetch or push; its path has to match `GIT`.

    `push_status` is that of the answer to a push: 200, 401 without a login, 403 without the right.
    """
    match = GIT.fullmatch(request.path)
    assert match is not None
    owner, name, service = match.groups()
    if _is_push(request) and push_status == 403:
        return Response.of_text(
            "Write access to repository not granted.\n", 403
        )
    if _is_push(request) and push_status == 401:
        answer = Response.of_text("Authentication required\n", 401)
        answer.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
        return answer
    try:
        repo = find(owner, name)
    except Refused:
        return Response.of_text("Repository not found.\n", 404)
    answer = git.serve(repo, service, request)
    if _is_push(request) and request.method == "POST":
        with repo.lock:
            releases.unpublish_untagged(repo)
    return answer


def _page(repo: Repository, tag: str | None) -> Response:
    """Return the page of a public release, or of all of them: installers ask where it leads to."""
    if tag and repo.published(tag) is None:
        raise not_found()
    return Response.of_text(f"{tag or 'Releases'}\n")


def _latest(page: str, tag: str) -> Response:
    if tag:
        page += f"/tag/{tag}"
    return Response(302, b"", {"Location": page})


def _is_push(request: Request) -> bool:
    if request.path.endswith("/git-receive-pack"):
        return True
    return request.query.get("service") == "git-receive-pack"

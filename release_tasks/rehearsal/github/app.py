"""GitHub on loopback: who may ask what, and which part of the stand-in answers."""

from __future__ import annotations

import base64
import re
import threading
from pathlib import Path

from release_tasks.endpoints import GITHUB, GITHUB_API, GITHUB_UPLOADS, host
from release_tasks.rehearsal.github import api as github_api
from release_tasks.rehearsal.github import assets as github_assets
from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github import graphql as github_graphql
from release_tasks.rehearsal.github import releases as github_releases
from release_tasks.rehearsal.github import runs as github_runs
from release_tasks.rehearsal.github import schema as github_schema
from release_tasks.rehearsal.github import web as github_web
from release_tasks.rehearsal.github.call import Call, Refused, not_found
from release_tasks.rehearsal.github.model import JSON, Repository, Urls
from release_tasks.rehearsal.web import Request, Response

SCOPES = "gist, read:org, repo, workflow"  # what the token is said to be allowed
PUBLIC = Urls(GITHUB_API, GITHUB, GITHUB_UPLOADS)
UPLOAD = re.compile(r"/repos/([^/]+)/([^/]+)/releases/(\d+)/assets")
REPOSITORY = re.compile(r"/repos/([^/]+)/([^/]+)(/.+)?")


class GitHub:
    """The stand-in for GitHub: git over HTTP, the REST API and GraphQL.

    `folder` keeps git data and assets; `token` is the one that is accepted; `immutable` is the
    setting of new repositories; `open_push` lets anyone push; `scopes` is what the token may do. Names in `hosts` and the loopback
    address answer as GitHub Enterprise does, with the API below `/api/`.
    """

    name = "github"

    def __init__(
        self,
        folder: Path,
        token: str,
        immutable: bool = False,
        open_push: bool = True,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self.folder, self.token, self.immutable, self.open_push = (
            folder,
            token,
            immutable,
            open_push,
        )
        self.scopes = SCOPES
        self.hosts = (host(GITHUB), host(GITHUB_API), host(GITHUB_UPLOADS), *hosts)
        self._repos: dict[str, Repository] = {}
        self._lock = threading.RLock()

    def create(self, owner: str, repo: str, source: Path | None = None) -> Path:
        """Make a repository with the branches and tags of `source`; return its folder."""
        path = self.folder / "git" / owner / f"{repo}.git"
        github_git.create(path, source)
        files = self.folder / "assets" / owner / repo
        files.mkdir(parents=True, exist_ok=True)
        made = Repository(owner, repo, path, files, self.immutable, lock=self._lock)
        self._repos[f"{owner}/{repo}".lower()] = made
        return path

    def repository(self, owner: str, repo: str) -> Repository:
        """Return a repository; raise `Refused` for one that is not there."""
        found = self._find(owner, repo)
        if found is None:
            raise not_found()
        return found

    def releases(self, owner: str, repo: str) -> list[JSON]:
        """Return releases and drafts as plain data, newest first, with assets by name."""
        found = self.repository(owner, repo)
        with self._lock:
            newest = github_releases.latest(found)
            return [
                {
                    "tag": r.tag,
                    "name": r.name,
                    "body": r.body,
                    "draft": r.draft,
                    "prerelease": r.prerelease,
                    "immutable": r.immutable,
                    "latest": r is newest,
                    "assets": {
                        a.name: {"size": a.size, "digest": a.digest, "state": a.state}
                        for a in r.assets.values()
                    },
                }
                for r in github_releases.newest_first(found)
            ]

    def set_checks(self, owner: str, repo: str, checks: list[JSON], sha: str = "") -> None:
        """Set the check runs of a commit, of any without `sha`.

        Each may give `name`, `status`, `conclusion` and `app`.
        """
        self.repository(owner, repo).checks[sha] = checks

    def set_runs(self, owner: str, repo: str, runs: list[JSON]) -> list[int]:
        """Set the workflow runs, oldest first, as `github_runs` says; return their ids."""
        return github_runs.set_runs(self.repository(owner, repo), runs)

    def leave_starter(self, owner: str, repo: str, tag: str, name: str) -> None:
        """Leave the asset of a cut upload in the newest release or draft of a tag."""
        found = self.repository(owner, repo)
        release = next(r for r in github_releases.newest_first(found) if r.tag == tag)
        github_assets.begin(found, release, name, "", "application/octet-stream")

    def handle(self, request: Request) -> Response:
        """Answer a request to any of the hosts, or to the loopback address."""
        try:
            return self._answer(request)
        except Refused as error:
            return error.response()

    def _answer(self, request: Request) -> Response:
        place, path, urls = request.host if request.public else "", request.path, PUBLIC
        if place not in self.hosts[:3]:
            urls = Urls(f"{request.base}/api/v3", request.base, f"{request.base}/api/uploads")
            place = host(GITHUB)
            if match := re.fullmatch(r"/api/(v3|uploads|graphql)(/.*)?", path):
                place = host(GITHUB_UPLOADS) if match[1] == "uploads" else host(GITHUB_API)
                path = match[2] or ("/graphql" if match[1] == "graphql" else "")
        if place == host(GITHUB_API):
            return self._api(request, urls, path.rstrip("/"))
        if place == host(GITHUB_UPLOADS):
            return self._upload(request, urls, path)
        if github_web.GIT.fullmatch(path):
            return github_web.git(
                request, self.open_push or self._is_signed(request), self.repository
            )
        with self._lock:
            return github_web.answer(request, urls, self.repository)

    def _api(self, request: Request, urls: Urls, path: str) -> Response:
        signed = self._signed(request)
        request.body  # noqa: B018  # read before a lock is taken: the client may be slow
        if path == "/graphql":
            answer = self._graphql(request, urls, signed)
        elif match := REPOSITORY.fullmatch(path):
            repo = self.repository(match[1], match[2])
            answer = github_api.answer(Call(request, path, urls, repo, signed), match[3] or "")
        else:
            answer = github_api.general(urls, path, signed)
        scopes = {"X-OAuth-Scopes": self.scopes} if signed else {}
        return Response(answer.status, answer.body, answer.headers | scopes)

    def _graphql(self, request: Request, urls: Urls, signed: bool) -> Response:
        if not signed:
            raise Refused(401, "This endpoint requires you to be authenticated.")
        try:
            data = request.json()
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        with self._lock:
            roots = github_schema.roots(urls, self._find, self._make)
            return Response.of_json(
                github_graphql.answer(data.get("query", ""), data.get("variables") or {}, roots)
            )

    def _make(self, owner: str, name: str) -> None:
        if self._find(owner, name):
            raise github_graphql.GraphQLError(
                "Name already exists on this account", "UNPROCESSABLE"
            )
        self.create(owner, name)

    def _upload(self, request: Request, urls: Urls, path: str) -> Response:
        signed, match = self._signed(request), UPLOAD.fullmatch(path)
        if match is None or request.method != "POST":
            raise not_found()
        if not signed:
            raise Refused(401, "Requires authentication")
        repo = self.repository(match[1], match[2])
        return github_assets.upload(Call(request, path, urls, repo, signed, (match[3],)))

    def _signed(self, request: Request) -> bool:
        """Tell whether the request carries the token; raise `Refused` for a wrong one."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return False
        if scheme.lower() == "basic":
            try:
                name, _, value = base64.b64decode(value).decode(errors="replace").partition(":")
            except ValueError:
                raise Refused(401, "Bad credentials") from None
            value = value or name
        if value.strip() != self.token:
            raise Refused(401, "Bad credentials")
        return True

    def _is_signed(self, request: Request) -> bool:
        try:
            return self._signed(request)
        except Refused:
            return False

    def _find(self, owner: str, repo: str) -> Repository | None:
        return self._repos.get(f"{owner}/{repo}".lower())

"""GitHub on loopback: who may ask what, and which part answers."""

from __future__ import annotations

import base64
import re
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from release_tasks import endpoints
from release_tasks.rehearsal import identity
from release_tasks.rehearsal.github import (
    api,
    assets,
    git,
    graphql,
    packages,
    releases,
    runs,
    schema,
    web,
)
from release_tasks.rehearsal.github.call import Call, Refused, not_found
from release_tasks.rehearsal.github.model import (
    JSON,
    Asset,
    Release,
    Repository,
    Urls,
)
from release_tasks.rehearsal.github.rights import Rights
from release_tasks.rehearsal.identity import Issuer
from release_tasks.rehearsal.mirrors import Mirrors
from release_tasks.rehearsal.web import Request, Response
from release_tasks.rules import github as rules

SCOPES = "gist, read:org, repo, workflow"  # of the token, as answers show them
WEB = endpoints.host(endpoints.GITHUB)
API = endpoints.host(endpoints.GITHUB_API)
UPLOADS = endpoints.host(endpoints.GITHUB_UPLOADS)
PUBLIC = Urls(endpoints.GITHUB_API, endpoints.GITHUB, endpoints.GITHUB_UPLOADS)
ENTERPRISE = re.compile(r"/api/(v3|uploads|graphql)(/.*)?")
UPLOAD = re.compile(r"/repos/([^/]+)/([^/]+)/releases/(\d+)/assets")
REPOSITORY = re.compile(r"/repos/([^/]+)/([^/]+)(/.+)?")


class GitHub:
    """The local GitHub: git over HTTP, the REST API and GraphQL.

    `folder` keeps git data and assets; `token` may write, others are added with their rights;
    `immutable` is the setting of new repositories; `open_push` lets anyone without a token push;
    `scopes` is what the token may do.
    Names in `hosts` and the loopback address answer as GitHub Enterprise does, with the API below
    `/api/`. With `mirrors`, git can also read repositories of the real GitHub, as the user's git
    reads them.
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
        self.folder = folder
        self.tokens = {token: Rights.WRITE}
        self.immutable = immutable
        self.open_push = open_push
        self.scopes = SCOPES
        self.hosts = (WEB, API, UPLOADS, *hosts)
        self._repos: dict[str, Repository] = {}
        self._lock = threading.RLock()
        self.mirrors: Mirrors | None = None
        self.issuer: Issuer | None = None
        self.packages: packages.Packages | None = None

    def add_token(self, token: str, rights: Rights) -> None:
        """Accept one more token."""
        self.tokens[token] = rights

    def create(self, owner: str, repo: str, source: Path | None = None) -> Path:
        """Make a repository with the branches and tags of `source`; return its folder.

        Raises `Refused` (422) for a name that GitHub does not take.
        """
        check_repository(owner, repo)
        path = self.folder / "git" / owner / f"{repo}.git"
        git.create(path, source)
        files = self.folder / "assets" / owner / repo
        files.mkdir(parents=True, exist_ok=True)
        made = Repository(
            owner,
            repo,
            path,
            files,
            self.immutable,
            network=self._repos,
            lock=self._lock,
        )
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
            latest = releases.latest(found)
            listed = releases.newest_first(found)
            return [_summary(release, release is latest) for release in listed]

    def set_checks(
        self, owner: str, repo: str, checks: list[JSON], sha: str = ""
    ) -> None:
        """Set the check runs of a commit, of any without `sha`.

        Each may give `name`, `status`, `conclusion` and `app`.
        """
        self.repository(owner, repo).checks[sha] = checks

    def set_runs(self, owner: str, repo: str, history: list[JSON]) -> list[int]:
        """Set the workflow runs, oldest first, as `runs.set_runs` documents; return their ids."""
        return runs.set_runs(self.repository(owner, repo), history)

    def set_green(self, owner: str, repo: str, workflows: list[str]) -> None:
        """Let workflows, by file name, have a green run for every commit that is asked for."""
        self.repository(owner, repo).green = tuple(workflows)

    def leave_starter(self, owner: str, repo: str, tag: str, name: str) -> None:
        """Leave the asset of an interrupted upload in the newest release or draft of a tag."""
        found = self.repository(owner, repo)
        release = next(r for r in releases.newest_first(found) if r.tag == tag)
        assets.begin(found, release, name, "", "application/octet-stream")

    def handle(self, request: Request) -> Response:
        """Answer a request to any of the hosts, or to the loopback address."""
        try:
            return self._answer(request)
        except Refused as error:
            return error.response()

    def _answer(self, request: Request) -> Response:
        target = _target(request)
        if request.path == identity.PATH and self.issuer and not request.public:
            return self.issuer.answer(request)
        if target.host == API:
            return self._api(request, target)
        if target.host == UPLOADS:
            return self._upload(request, target)
        if web.GIT.fullmatch(target.path):
            # a copy is read with the user's own logins, so not for everybody
            host = request.host if request.public else WEB
            mirrored = host if self._is_client(request) else ""
            readable = partial(self._readable, mirrored)
            return web.answer_git(request, self._push_status(request), readable)
        with self._lock:
            return web.answer(request, target.urls, self.repository)

    def _readable(self, host: str, owner: str, repo: str) -> Repository:
        """Return a repository, or a copy of the one at `host`; raise `Refused` for none."""
        found = self._find(owner, repo)
        if found is None and host and self.mirrors:
            check_repository(owner, repo)
            path = self.mirrors.find(host, f"{owner}/{repo}.git")
            if path is not None:
                found = Repository(owner, repo, path, path, lock=self._lock)
        if found is None:
            raise not_found()
        return found

    def _api(self, request: Request, target: _Target) -> Response:
        urls = target.urls
        path = target.path.rstrip("/")
        rights = self._rights(request)
        request.body  # noqa: B018  # read before a lock is taken: the client may be slow
        if path == "/graphql":
            answer = self._graphql(request, urls, rights)
        elif match := REPOSITORY.fullmatch(path):
            owner, name, below = match.groups()
            repo = self.repository(owner, name)
            call = Call(request, path, urls, repo, rights)
            answer = api.answer(call, below or "")
        elif self.packages and packages.PATH.fullmatch(path):
            if not rights:
                raise Refused(401, "Requires authentication")
            answer = self.packages.answer(request, urls, path, self.scopes)
        else:
            answer = api.general(urls, path, rights > Rights.NONE)
        if rights:
            answer.headers["X-OAuth-Scopes"] = self.scopes
        return answer

    def _graphql(
        self, request: Request, urls: Urls, rights: Rights
    ) -> Response:
        if not rights:
            raise Refused(
                401, "This endpoint requires you to be authenticated."
            )
        try:
            data = request.json()
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        query = data.get("query", "")
        variables = data.get("variables") or {}
        with self._lock:
            find = partial(self._shown, rights)
            roots = schema.roots(urls, find, partial(self._make, rights))
            result = graphql.answer(query, variables, roots)
        return Response.of_json(result)

    def _shown(
        self, rights: Rights, owner: str, name: str
    ) -> Repository | None:
        """Return a repository as a token sees it: without drafts where it may not write."""
        found = self._find(owner, name)
        if found is None or rights >= Rights.WRITE:
            return found
        public = {
            number: release
            for number, release in found.releases.items()
            if not release.draft
        }
        return replace(found, releases=public)

    def _make(self, rights: Rights, owner: str, name: str) -> None:
        if rights < Rights.WRITE:
            message = "Resource not accessible by personal access token"
            raise graphql.GraphQLError(message, "FORBIDDEN")
        if self._find(owner, name):
            message = "Name already exists on this account"
            raise graphql.GraphQLError(message, "UNPROCESSABLE")
        try:
            self.create(owner, name)
        except Refused as error:
            raise graphql.GraphQLError(
                error.message, "UNPROCESSABLE"
            ) from error

    def _upload(self, request: Request, target: _Target) -> Response:
        rights = self._rights(request)
        match = UPLOAD.fullmatch(target.path)
        if match is None or request.method != "POST":
            raise not_found()
        owner, name, release = match.groups()
        repo = self.repository(owner, name)
        call = Call(
            request, target.path, target.urls, repo, rights, groups=(release,)
        )
        call.check_may_write()
        return assets.upload(call)

    def _rights(self, request: Request) -> Rights:
        """Return what the token of a request may do; raise `Refused` for an unknown one."""
        scheme, value = request.authorization
        if not scheme:
            return Rights.NONE
        if scheme == "basic":
            value = _basic_token(value)
        rights = self.tokens.get(value.strip())
        if rights is None:
            raise Refused(401, "Bad credentials")
        return rights

    def _is_client(self, request: Request) -> bool:
        """Tell whether a request came through the proxy, or has a token."""
        if request.public:
            return True
        try:
            return self._rights(request) > Rights.NONE
        except Refused:
            return False

    def _push_status(self, request: Request) -> int:
        """Return the status of the answer to a push: 200, or that of the refusal."""
        if self.open_push and not request.authorization.scheme:
            return 200
        try:
            rights = self._rights(request)
        except Refused:
            return 200 if self.open_push else 401
        if rights == Rights.NONE:
            return 401
        return 200 if rights >= Rights.WRITE else 403

    def _find(self, owner: str, repo: str) -> Repository | None:
        return self._repos.get(f"{owner}/{repo}".lower())


@dataclass(frozen=True)
class _Target:
    """Which of GitHub's three hosts a request is for, the path there, and the addresses to show."""

    host: str
    path: str
    urls: Urls


def _target(request: Request) -> _Target:
    if request.public and request.host in (WEB, API, UPLOADS):
        return _Target(request.host, request.path, PUBLIC)
    urls = Urls(
        f"{request.base}/api/v3", request.base, f"{request.base}/api/uploads"
    )
    match = ENTERPRISE.fullmatch(request.path)
    if match is None:
        return _Target(WEB, request.path, urls)
    part = match[1]
    path = match[2] or ""
    if part == "uploads":
        return _Target(UPLOADS, path, urls)
    if part == "graphql":
        path = path or "/graphql"
    return _Target(API, path, urls)


def check_repository(owner: str, name: str) -> None:
    """Raise `Refused` (422) for an owner or name that GitHub does not take."""
    refusals = [*rules.account(owner), *rules.repository(name)]
    if refusals:
        raise Refused(422, refusals[0])


def _basic_token(value: str) -> str:
    """Return the token in a Basic authorization, which may be its user or its password."""
    try:
        text = base64.b64decode(value).decode(errors="replace")
    except ValueError:
        raise Refused(401, "Bad credentials") from None
    user, _, password = text.partition(":")
    return password or user


def _summary(release: Release, is_latest: bool) -> JSON:
    return {
        "tag": release.tag,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": release.immutable,
        "latest": is_latest,
        "assets": {
            asset.name: _asset_summary(asset)
            for asset in release.assets.values()
        },
    }


def _asset_summary(asset: Asset) -> JSON:
    return {"size": asset.size, "digest": asset.digest, "state": asset.state}

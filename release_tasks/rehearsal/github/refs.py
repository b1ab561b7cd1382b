"""Git through the GitHub stand-in's API: refs, tags, commits, files, archives."""

from __future__ import annotations

import base64
from urllib.parse import quote

from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github import releases as github_releases
from release_tasks.rehearsal.github.call import Call, Refused, Route, not_found, paged
from release_tasks.rehearsal.github.git import commit_of, git
from release_tasks.rehearsal.github.model import JSON, Repository
from release_tasks.rehearsal.web import Response
from release_tasks.shell import Failed, ask_bytes

PROTECTED = "Repository rule violations found\n\nCannot {} this protected ref.\n\n"
COMMIT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


def _ref(call: Call, name: str, sha: str, kind: str) -> JSON:
    target = {"sha": sha, "type": kind, "url": f"{call.base}/git/{kind}s/{sha}"}
    return {
        "ref": name,
        "node_id": f"REF_{name}",
        "url": f"{call.base}/git/{quote(name)}",
        "object": target,
    }


def _matching(call: Call) -> Response:
    found = github_git.refs(call.repo.path, f"refs/{call.words[0]}")
    return paged(call, [_ref(call, name, *at) for name, at in found.items()])


def _get_ref(call: Call) -> JSON:
    name = f"refs/{call.words[0]}"
    at = github_git.refs(call.repo.path, name).get(name)
    if at is None:
        raise not_found()
    return _ref(call, name, *at)


def _create_ref(call: Call) -> Response:
    data, path = call.json(), call.repo.path
    name, sha = str(data.get("ref", "")), str(data.get("sha", ""))
    if name in github_git.refs(path):
        raise Refused(422, "Reference already exists")
    _guard(call.repo, name, "create", call.repo.used_tags)
    try:
        git(path, "cat-file", "-e", sha)
        git(path, "update-ref", name, sha, "")
    except Failed:
        raise Refused(422, "Object does not exist") from None
    return Response.of_json(_ref(call, name, *github_git.refs(path, name)[name]), 201)


def _delete_ref(call: Call) -> Response:
    name, repo = f"refs/{call.words[0]}", call.repo
    if name not in github_git.refs(repo.path, name):
        raise Refused(422, "Reference does not exist")
    _guard(repo, name, "delete", {r.tag for r in repo.releases.values() if r.immutable})
    git(repo.path, "update-ref", "-d", name)
    github_releases.settle(repo)
    return Response(204)


def _guard(repo: Repository, name: str, verb: str, tags: set[str]) -> None:
    if name.removeprefix("refs/tags/") in tags:
        raise Refused(422, PROTECTED.format(verb))


def _tags(call: Call) -> Response:
    names = [
        name.removeprefix("refs/tags/") for name in github_git.refs(call.repo.path, "refs/tags/")
    ]
    return paged(
        call,
        [
            {
                "name": name,
                "node_id": f"REF_{name}",
                "commit": {"sha": commit_of(call.repo.path, f"refs/tags/{name}")},
                "tarball_url": f"{call.base}/tarball/refs/tags/{name}",
                "zipball_url": f"{call.base}/zipball/refs/tags/{name}",
            }
            for name in reversed(names)
        ],
    )


def commit_json(call: Call, name: str) -> JSON:
    """Return a commit as the API shows it; raise `Refused` where there is none."""
    sha = commit_of(call.repo.path, name)
    if not sha:
        raise Refused(422, f"No commit found for SHA: {name}")
    values = git(call.repo.path, "log", "-1", f"--format={COMMIT}", sha).split("\0")
    tree, parents, message = values[1], values[2].split(), values[9].rstrip("\n")
    people = [dict(zip(("name", "email", "date"), values[i : i + 3], strict=True)) for i in (3, 6)]
    inner = {"author": people[0], "committer": people[1], "message": message, "tree": {"sha": tree}}
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{call.base}/commits/{sha}",
        "html_url": f"{call.web}/commit/{sha}",
        "commit": inner,
        **inner,
        "parents": [{"sha": parent} for parent in parents],
    }


def _contents(call: Call) -> JSON:
    path = call.words[0] if call.words else "README.md"
    data = github_git.show(
        call.repo.path, commit_of(call.repo.path, call.query.get("ref", "HEAD")), path
    )
    if data is None:
        raise not_found()
    return {
        "type": "file",
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "size": len(data),
        "encoding": "base64",
        "content": base64.encodebytes(data).decode(),
        "html_url": f"{call.web}/blob/HEAD/{quote(path)}",
    }


def archive(repo: Repository, name: str, form: str) -> Response:
    """Answer the files of a commit as `tar.gz` or `zip`."""
    sha = commit_of(repo.path, name.removeprefix("refs/tags/").removeprefix("refs/heads/"))
    if not sha:
        raise not_found()
    top = f"{repo.name}-{name.rsplit('/', 1)[-1].removeprefix('v')}"
    words = (
        "git",
        "--git-dir",
        str(repo.path),
        "archive",
        f"--format={form}",
        f"--prefix={top}/",
        sha,
    )
    disposition = f"attachment; filename={top}.{form}"
    headers = {"Content-Disposition": disposition, "Content-Type": "application/octet-stream"}
    return Response(200, ask_bytes(words, env=github_git.ENV), headers)


ROUTES: tuple[Route, ...] = (
    ("GET", "/git/matching-refs/(.+)", _matching),
    ("GET", "/git/refs?/(.+)", _get_ref),
    ("POST", "/git/refs", _create_ref),
    ("DELETE", "/git/refs/(.+)", _delete_ref),
    ("GET", "/tags", _tags),
    ("GET", "/commits/(.+)", lambda call: commit_json(call, call.words[0])),
    ("GET", "/contents/(.+)", _contents),
    ("GET", "/readme", _contents),
    ("GET", "/tarball/(.+)", lambda call: archive(call.repo, call.words[0], "tar.gz")),
    ("GET", "/zipball/(.+)", lambda call: archive(call.repo, call.words[0], "zip")),
)

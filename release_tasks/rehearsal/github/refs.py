"""Git through the API of the local GitHub: refs, tags, commits, files, archives."""

from __future__ import annotations

import base64
from urllib.parse import quote

from release_tasks.rehearsal.github import git, releases
from release_tasks.rehearsal.github.call import (
    Call,
    Refused,
    Route,
    not_found,
    paged,
)
from release_tasks.rehearsal.github.model import JSON, Repository
from release_tasks.rehearsal.web import Response
from release_tasks.shell import Failed

# What is asked of `git log` about a commit, one value after another.
COMMIT = (
    *("sha", "tree", "parents"),
    *("author name", "author email", "author date"),
    *("committer name", "committer email", "committer date"),
    "message",
)
COMMIT_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


def commit_json(call: Call, name: str) -> JSON:
    """Return a commit as the API shows it; raise `Refused` where there is none."""
    sha = git.commit_of(call.repo.path, name)
    if not sha:
        raise Refused(422, f"No commit found for SHA: {name}")
    log = git.run(call.repo.path, "log", "-1", f"--format={COMMIT_FORMAT}", sha)
    values = dict(zip(COMMIT, log.split("\0"), strict=True))
    inner = {
        "author": _person(values, "author"),
        "committer": _person(values, "committer"),
        "message": values["message"].rstrip("\n"),
        "tree": {"sha": values["tree"]},
    }
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{call.base}/commits/{sha}",
        "html_url": f"{call.web}/commit/{sha}",
        "commit": inner,
        **inner,
        "parents": [{"sha": parent} for parent in values["parents"].split()],
    }


def archive(repo: Repository, name: str, form: str) -> Response:
    """Answer the files of a commit as `tar.gz` or `zip`."""
    sha = git.commit_of(
        repo.path, name.removeprefix("refs/tags/").removeprefix("refs/heads/")
    )
    if not sha:
        raise not_found()
    version = name.rsplit("/", 1)[-1].removeprefix("v")
    folder = f"{repo.name}-{version}"
    headers = {
        "Content-Disposition": f"attachment; filename={folder}.{form}",
        "Content-Type": "application/octet-stream",
    }
    return Response(200, git.archive(repo.path, sha, form, folder), headers)


def _person(values: dict[str, str], role: str) -> JSON:
    return {key: values[f"{role} {key}"] for key in ("name", "email", "date")}


def _ref_json(call: Call, name: str, ref: git.Ref) -> JSON:
    return {
        "ref": name,
        "node_id": f"REF_{name}",
        "url": f"{call.base}/git/{quote(name)}",
        "object": {
            "sha": ref.sha,
            "type": ref.kind,
            "url": f"{call.base}/git/{ref.kind}s/{ref.sha}",
        },
    }


def _matching(call: Call) -> Response:
    found = git.refs(call.repo.path, f"refs/{call.groups[0]}")
    shown = [_ref_json(call, name, ref) for name, ref in found.items()]
    return paged(call, shown)


def _get_ref(call: Call) -> JSON:
    name = f"refs/{call.groups[0]}"
    ref = git.refs(call.repo.path, name).get(name)
    if ref is None:
        raise not_found()
    return _ref_json(call, name, ref)


def _create_ref(call: Call) -> Response:
    data = call.json()
    path = call.repo.path
    name = str(data.get("ref", ""))
    sha = str(data.get("sha", ""))
    if name in git.refs(path):
        raise Refused(422, "Reference already exists")
    if name.removeprefix("refs/tags/") in call.repo.used_tags:
        raise _protected("create")
    try:
        git.run(path, "cat-file", "-e", sha)
        git.run(path, "update-ref", name, sha, "")
    except Failed:
        raise Refused(422, "Object does not exist") from None
    ref = git.refs(path, name)[name]
    return Response.of_json(_ref_json(call, name, ref), 201)


def _delete_ref(call: Call) -> Response:
    name = f"refs/{call.groups[0]}"
    repo = call.repo
    if name not in git.refs(repo.path, name):
        raise Refused(422, "Reference does not exist")
    locked = {
        release.tag for release in repo.releases.values() if release.immutable
    }
    if name.removeprefix("refs/tags/") in locked:
        raise _protected("delete")
    git.run(repo.path, "update-ref", "-d", name)
    releases.unpublish_untagged(repo)
    return Response(204)


def _protected(verb: str) -> Refused:
    rule = "Repository rule violations found"
    return Refused(422, f"{rule}\n\nCannot {verb} this protected ref.\n\n")


def _tags(call: Call) -> Response:
    names = reversed(git.tags(call.repo.path))
    return paged(call, [_tag_json(call, name) for name in names])


def _tag_json(call: Call, name: str) -> JSON:
    return {
        "name": name,
        "node_id": f"REF_{name}",
        "commit": {"sha": git.commit_of(call.repo.path, f"refs/tags/{name}")},
        "tarball_url": f"{call.base}/tarball/refs/tags/{name}",
        "zipball_url": f"{call.base}/zipball/refs/tags/{name}",
    }


def _commit(call: Call) -> JSON:
    return commit_json(call, call.groups[0])


def _tarball(call: Call) -> Response:
    return archive(call.repo, call.groups[0], "tar.gz")


def _zipball(call: Call) -> Response:
    return archive(call.repo, call.groups[0], "zip")


def _readme(call: Call) -> JSON:
    return _file_json(call, "README.md")


def _contents(call: Call) -> JSON:
    return _file_json(call, call.groups[0])


def _file_json(call: Call, path: str) -> JSON:
    repo = call.repo
    commit = git.commit_of(repo.path, call.query.get("ref", "HEAD"))
    data = git.show(repo.path, commit, path)
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


ROUTES: tuple[Route, ...] = (
    ("GET", "/git/matching-refs/(.+)", _matching),
    ("GET", "/git/refs?/(.+)", _get_ref),
    ("POST", "/git/refs", _create_ref),
    ("DELETE", "/git/refs/(.+)", _delete_ref),
    ("GET", "/tags", _tags),
    ("GET", "/commits/(.+)", _commit),
    ("GET", "/contents/(.+)", _contents),
    ("GET", "/readme", _readme),
    ("GET", "/tarball/(.+)", _tarball),
    ("GET", "/zipball/(.+)", _zipball),
)

"""Pull requests of the local GitHub: list, open, show, edit, merge."""

from __future__ import annotations

from release_tasks.rehearsal.github import git
from release_tasks.rehearsal.github.call import (
    Call,
    Refused,
    Route,
    invalid,
    not_found,
    paged,
)
from release_tasks.rehearsal.github.issues import new_item, next_number
from release_tasks.rehearsal.github.model import (
    JSON,
    Repository,
    now,
    user,
)
from release_tasks.rehearsal.web import Response

EDITABLE = ("title", "body", "state")


def _json(call: Call, pull: JSON) -> JSON:
    number = pull["number"]
    owner, branch = pull["head"]
    sha = _head(call.repo, pull)
    if pull["state"] == "open":
        pull["last_head"] = sha
    shown = {key: pull[key] for key in pull if key != "last_head"}
    return {
        **shown,
        "url": f"{call.base}/pulls/{number}",
        "html_url": f"{call.web}/pull/{number}",
        "user": user(call.urls),
        "head": {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": pull["last_head"],
        },
        "base": {"ref": pull["base"]},
    }


def _head(repo: Repository, pull: JSON) -> str:
    """Return the commit of a pull request's branch, "" where that is gone."""
    owner, branch = pull["head"]
    source = repo.network.get(f"{owner}/{repo.name}".lower())
    if source is None:
        return ""
    ref = f"refs/heads/{branch}"
    found = git.refs(source.path, ref).get(ref)
    return found.sha if found else ""


def _list(call: Call) -> Response:
    state = call.query.get("state", "open")
    head = call.query.get("head", "")
    found = []
    for pull in reversed(call.repo.pulls):
        _close_without_branch(call.repo, pull)
        label = ":".join(pull["head"])
        if state in ("all", pull["state"]) and head in ("", label):
            found.append(_json(call, pull))
    return paged(call, found)


def _close_without_branch(repo: Repository, pull: JSON) -> None:
    """Close an open pull request whose branch was deleted, as GitHub does."""
    if pull["state"] == "open" and not _head(repo, pull):
        pull |= {"state": "closed", "closed_at": now()}


def _create(call: Call) -> Response:
    data = call.json()
    for key in ("title", "head", "base"):
        if not data.get(key):
            raise invalid("PullRequest", "missing_field", key)
    owner, _, branch = data["head"].rpartition(":")
    pull = new_item(data, next_number(call.repo)) | {
        "body": data.get("body"),
        "head": (owner or call.repo.owner, branch),
        "base": data["base"],
        "draft": bool(data.get("draft")),
        "merged_at": None,
        "last_head": "",
    }
    base = f"refs/heads/{data['base']}"
    if base not in git.refs(call.repo.path, base):
        raise invalid("PullRequest", "invalid", "base")
    head = _head(call.repo, pull)
    if not head:
        raise invalid("PullRequest", "invalid", "head")
    for other in call.repo.pulls:
        same = (other["head"], other["base"]) == (pull["head"], pull["base"])
        if same and other["state"] == "open":
            message = f"A pull request already exists for {data['head']}."
            raise invalid("PullRequest", "custom", message=message)
    if head == git.refs(call.repo.path, base)[base].sha:
        message = f"No commits between {data['base']} and {branch}"
        raise invalid("PullRequest", "custom", message=message)
    call.repo.pulls.append(pull)
    return Response.of_json(_json(call, pull), 201)


def _find(call: Call) -> JSON:
    number = int(call.groups[0])
    for pull in call.repo.pulls:
        if pull["number"] == number:
            return pull
    raise not_found()


def _show(call: Call) -> JSON:
    pull = _find(call)
    _close_without_branch(call.repo, pull)
    return _json(call, pull)


def _edit(call: Call) -> JSON:
    pull = _find(call)
    shown = _json(call, pull)
    data = call.json()
    if data.get("state", "open") not in ("open", "closed"):
        raise Refused(422, "Validation Failed")
    changes = {key: data[key] for key in EDITABLE if key in data}
    pull |= changes
    return shown | changes


def _merge(call: Call) -> JSON:
    """Merge by one commit on the base (`squash`), the only way that is known here."""
    pull = _find(call)
    head = _head(call.repo, pull)
    if pull["state"] != "open" or not head:
        raise Refused(405, "Pull Request is not mergeable")
    _json(call, pull)
    path = call.repo.path
    base = f"refs/heads/{pull['base']}"
    tree = git.run(path, "merge-tree", "--write-tree", base, head).strip()
    settings = []
    for key, value in (
        ("user.name", "GitHub"),
        ("user.email", "noreply@github.com"),
    ):
        settings += ["-c", f"{key}={value}"]
    words = ["commit-tree", tree, "-p", base, "-m", pull["title"]]
    sha = git.run(path, *settings, *words).strip()
    git.run(path, "update-ref", base, sha)
    pull |= {"state": "closed", "merged_at": now(), "closed_at": now()}
    return {
        "sha": sha,
        "merged": True,
        "message": "Pull Request successfully merged",
    }


ROUTES: tuple[Route, ...] = (
    ("GET", "/pulls", _list),
    ("POST", "/pulls", _create),
    ("GET", r"/pulls/(\d+)", _show),
    ("PATCH", r"/pulls/(\d+)", _edit),
    ("PUT", r"/pulls/(\d+)/merge", _merge),
)

"""Issues and milestones of the local GitHub: list, create, show, edit."""

from __future__ import annotations

from release_tasks.rehearsal.github.call import (
    Call,
    Refused,
    Route,
    invalid,
    not_found,
    paged,
)
from release_tasks.rehearsal.github.model import (
    JSON,
    Repository,
    next_id,
    now,
    user,
)
from release_tasks.rehearsal.web import Response

EDITABLE = ("title", "state", "description", "due_on", "body", "milestone")


def milestone_of(repo: Repository, item: JSON) -> JSON | None:
    """Return the milestone of an issue, None where it has none."""
    return _numbered(repo.milestones, item.get("milestone"))


def _issue_json(call: Call, issue: JSON) -> JSON:
    number = issue["number"]
    milestone = milestone_of(call.repo, issue)
    return {
        **issue,
        "url": f"{call.base}/issues/{number}",
        "html_url": f"{call.web}/issues/{number}",
        "user": user(call.urls),
        "milestone": milestone and _milestone_json(call, milestone),
    }


def _milestone_json(call: Call, milestone: JSON) -> JSON:
    number = milestone["number"]
    states = []
    for issue in call.repo.issues:
        if issue.get("milestone") == number:
            states.append(issue["state"])
    return {
        **milestone,
        "url": f"{call.base}/milestones/{number}",
        "html_url": f"{call.web}/milestones/{number}",
        "creator": user(call.urls),
        "open_issues": states.count("open"),
        "closed_issues": states.count("closed"),
    }


def _list_issues(call: Call) -> Response:
    issues = _in_state(call, call.repo.issues)
    milestone = call.query.get("milestone")
    if milestone:
        issues = [
            issue
            for issue in issues
            if str(issue.get("milestone")) == milestone
        ]
    since = call.query.get("since", "")
    issues = [issue for issue in issues if issue["updated_at"] >= since]
    labels = call.query.get("labels")
    if labels:
        issues = [
            issue for issue in issues if _has_labels(issue, labels.split(","))
        ]
    return paged(call, [_issue_json(call, issue) for issue in issues])


def _list_milestones(call: Call) -> Response:
    milestones = _in_state(call, call.repo.milestones)
    return paged(
        call, [_milestone_json(call, milestone) for milestone in milestones]
    )


def _in_state(call: Call, items: list[JSON]) -> list[JSON]:
    state = call.query.get("state", "open")
    return [item for item in items if state in ("all", item["state"])]


def _has_labels(issue: JSON, wanted: list[str]) -> bool:
    names = {label["name"] for label in issue["labels"]}
    return names.issuperset(wanted)


def _create_issue(call: Call) -> Response:
    data = call.json()
    if not data.get("title"):
        raise invalid("Issue", "missing_field", "title")
    issue = new_item(data, next_number(call.repo))
    issue["body"] = data.get("body")
    issue["milestone"] = data.get("milestone")
    labels = data.get("labels", [])
    issue["labels"] = [{"name": label, "color": "ededed"} for label in labels]
    call.repo.issues.append(issue)
    return Response.of_json(_issue_json(call, issue), 201)


def _create_milestone(call: Call) -> Response:
    data = call.json()
    milestones = call.repo.milestones
    if not data.get("title"):
        raise invalid("Milestone", "missing_field", "title")
    if any(milestone["title"] == data["title"] for milestone in milestones):
        raise invalid("Milestone", "already_exists", "title")
    milestone = new_item(data, len(milestones) + 1)
    milestone["description"] = data.get("description")
    milestone["due_on"] = data.get("due_on")
    milestones.append(milestone)
    return Response.of_json(_milestone_json(call, milestone), 201)


def next_number(repo: Repository) -> int:
    """Return the number of the next issue or pull request, which share theirs."""
    return len(repo.issues) + len(repo.pulls) + 1


def new_item(data: JSON, number: int) -> JSON:
    """Return an open issue, pull request or milestone with the title of `data`."""
    identity = next_id()
    return {
        "id": identity,
        "node_id": f"I_{identity}",
        "number": number,
        "title": data["title"],
        "state": "open",
        "created_at": now(),
        "updated_at": now(),
        "closed_at": None,
    }


def _edit(call: Call, item: JSON) -> None:
    data = call.json()
    if data.get("state", "open") not in ("open", "closed"):
        raise Refused(422, "Validation Failed")
    item |= {key: data[key] for key in EDITABLE if key in data}
    item["updated_at"] = now()
    item["closed_at"] = None
    if item["state"] == "closed":
        item["closed_at"] = now()


def _find(call: Call, items: list[JSON]) -> JSON:
    item = _numbered(items, int(call.groups[0]))
    if item is None:
        raise not_found()
    return item


def _numbered(items: list[JSON], number: int | None) -> JSON | None:
    for item in items:
        if item["number"] == number:
            return item
    return None


def _show_issue(call: Call) -> JSON:
    return _issue_json(call, _find(call, call.repo.issues))


def _show_milestone(call: Call) -> JSON:
    return _milestone_json(call, _find(call, call.repo.milestones))


def _edit_issue(call: Call) -> JSON:
    _edit(call, _find(call, call.repo.issues))
    return _show_issue(call)


def _edit_milestone(call: Call) -> JSON:
    _edit(call, _find(call, call.repo.milestones))
    return _show_milestone(call)


ROUTES: tuple[Route, ...] = (
    ("GET", "/issues", _list_issues),
    ("POST", "/issues", _create_issue),
    ("GET", r"/issues/(\d+)", _show_issue),
    ("PATCH", r"/issues/(\d+)", _edit_issue),
    ("GET", "/milestones", _list_milestones),
    ("POST", "/milestones", _create_milestone),
    ("GET", r"/milestones/(\d+)", _show_milestone),
    ("PATCH", r"/milestones/(\d+)", _edit_milestone),
)

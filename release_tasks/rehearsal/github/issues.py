"""Issues and milestones of the GitHub stand-in: list, make, show, edit."""

from __future__ import annotations

from release_tasks.rehearsal.github.call import Call, Refused, Route, invalid, not_found, paged
from release_tasks.rehearsal.github.model import JSON, Repository, next_id, now, user
from release_tasks.rehearsal.web import Response

EDITABLE = ("title", "state", "description", "due_on", "body")


def _view(call: Call, item: JSON, kind: str) -> JSON:
    place = {
        "url": f"{call.base}/{kind}/{item['number']}",
        "html_url": f"{call.web}/{kind}/{item['number']}",
    }
    counts = {} if kind == "issues" else _counts(call.repo, item["number"])
    milestone = next(
        (m for m in call.repo.milestones if m["number"] == item.get("milestone")), None
    )
    shown = (
        {"milestone": milestone and _view(call, milestone, "milestones")}
        if kind == "issues"
        else counts
    )
    return item | place | {"user" if kind == "issues" else "creator": user(call.urls)} | shown


def _counts(repo: Repository, number: int) -> JSON:
    states = [issue["state"] for issue in repo.issues if issue.get("milestone") == number]
    return {"open_issues": states.count("open"), "closed_issues": states.count("closed")}


def _items(call: Call) -> tuple[list[JSON], str]:
    kind = "milestones" if call.path.split("/")[4] == "milestones" else "issues"
    return (call.repo.milestones if kind == "milestones" else call.repo.issues), kind


def _list(call: Call) -> Response:
    items, kind = _items(call)
    state = call.query.get("state", "open")
    wanted = [item for item in items if state in ("all", item["state"])]
    if number := call.query.get("milestone"):
        wanted = [item for item in wanted if str(item.get("milestone")) == number]
    if labels := call.query.get("labels"):
        wanted = [
            item
            for item in wanted
            if set(labels.split(",")) <= {label["name"] for label in item.get("labels", ())}
        ]
    return paged(call, [_view(call, item, kind) for item in wanted])


def _create(call: Call) -> Response:
    (items, kind), data = _items(call), call.json()
    if not data.get("title"):
        raise invalid(kind[:-1].title(), "missing_field", "title")
    if kind == "milestones" and any(item["title"] == data["title"] for item in items):
        raise invalid("Milestone", "already_exists", "title")
    number = next_id()
    item = {
        "id": number,
        "node_id": f"I_{number}",
        "number": len(items) + 1,
        "title": data["title"],
        "state": "open",
        "created_at": now(),
        "updated_at": now(),
        "closed_at": None,
    }
    extra = ("description", "due_on") if kind == "milestones" else ("body", "milestone")
    item |= {key: data.get(key) for key in extra}
    if kind == "issues":
        item["labels"] = [{"name": label, "color": "ededed"} for label in data.get("labels", [])]
    items.append(item)
    return Response.of_json(_view(call, item, kind), 201)


def _one(call: Call) -> JSON:
    items, kind = _items(call)
    item = next((item for item in items if str(item["number"]) == call.words[0]), None)
    if item is None:
        raise not_found()
    if call.request.method == "PATCH":
        data = call.json()
        if data.get("state", "open") not in ("open", "closed"):
            raise Refused(422, "Validation Failed")
        item |= {key: data[key] for key in (*EDITABLE, "milestone") if key in data}
        item |= {"updated_at": now(), "closed_at": now() if item["state"] == "closed" else None}
    return _view(call, item, kind)


ROUTES: tuple[Route, ...] = (
    ("GET", "/(?:issues|milestones)", _list),
    ("POST", "/(?:issues|milestones)", _create),
    ("GET", r"/(?:issues|milestones)/(\d+)", _one),
    ("PATCH", r"/(?:issues|milestones)/(\d+)", _one),
    ("GET", "/pulls", lambda call: paged(call, [])),
)

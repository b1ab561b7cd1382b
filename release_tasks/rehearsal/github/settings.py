"""What owners set up on the local GitHub: environments, secrets, rules, rights of tokens.

docs.github.com: REST API, "Deployment environments", "Actions secrets", "Actions permissions",
"Rules". Secrets and permissions are shown to administrators.
"""

from __future__ import annotations

from release_tasks.rehearsal.github.call import Call, Route
from release_tasks.rehearsal.github.model import JSON


def _environments(call: Call) -> JSON:
    rows = [
        {
            "name": name,
            "protection_rules": [{"type": "required_reviewers"}] * reviewed,
        }
        for name, reviewed in call.repo.settings.environments.items()
    ]
    return {"total_count": len(rows), "environments": rows}


def _secrets(call: Call) -> JSON:
    call.check_may_write()
    rows = [{"name": name} for name in call.repo.settings.secrets]
    return {"total_count": len(rows), "secrets": rows}


def _rights(call: Call) -> JSON:
    call.check_may_write()
    settings = call.repo.settings
    return {
        "default_workflow_permissions": settings.default_rights,
        "can_approve_pull_request_reviews": settings.may_make_pull_requests,
    }


def _rules(call: Call) -> list[JSON]:
    types = call.repo.settings.rules.get(call.groups[0], ())
    return [{"type": name} for name in types]


ROUTES: tuple[Route, ...] = (
    ("GET", "/environments", _environments),
    ("GET", "/actions/secrets", _secrets),
    ("GET", "/actions/permissions/workflow", _rights),
    ("GET", "/rules/branches/(.+)", _rules),
)

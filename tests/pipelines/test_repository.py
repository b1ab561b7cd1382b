"""`inv doctor --ci`: what the repository on GitHub has for its workflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks.rehearsal.github.model import Settings

pytestmark = pytest.mark.tools("gh")
SETTINGS = """[github]
environment = "release"
[ci.environments]
publish-pypi = "pypi"
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = {**TINY, "release-tasks.toml": SETTINGS}
    with tiny_project(tmp_path, monkeypatch, files) as made:
        yield made


def settings(tiny: TinyProject) -> Settings:
    return tiny.registries.github.repository("example", "tiny").settings


@pytest.mark.statement("B1.1", "B5.24", "B5.30")
def test_what_is_missing_is_told_with_what_adds_it(tiny: TinyProject) -> None:
    set_up = settings(tiny)
    set_up.environments = {"release": False}
    set_up.secrets = ["PYPI_API_TOKEN", "WEBHOOK"]
    set_up.default_rights = "write"
    set_up.rules = {"main": ["deletion", "pull_request"]}
    done = tiny.inv("doctor", "--ci")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        ".github/workflows/release.yml: missing",
        "  help: inv generate-ci",
        "environment release: has no reviewers, so that nobody is asked",
        "  help: https://github.com/example/tiny/settings/environments",
        "environment pypi: missing",
        "  help: gh api --method PUT repos/example/tiny/environments/pypi",
        "secrets: PYPI_API_TOKEN, WEBHOOK",
        "secret PYPI_API_TOKEN: not needed by release.yml",
        "  help: gh secret delete PYPI_API_TOKEN",
        "default rights of workflows: write",
        "  help: gh api --method PUT repos/example/tiny/actions/permissions/workflow "
        "-f default_workflow_permissions=read",
        "pull requests: workflows may not make and approve them",
        "branch main: has the rule pull_request, so that a workflow cannot push to it",
        "  help: begin releases with a tag, or see "
        "https://github.com/example/tiny/settings/rules",
        "publisher of tiny-plain on PyPI: only its owners see whom it trusts",
        "  help: https://pypi.org/manage/project/tiny-plain/settings/publishing/: "
        "repository example/tiny, workflow release.yml, environment pypi",
    ]


def test_a_repository_that_is_set_up_is_well(tiny: TinyProject) -> None:
    assert tiny.inv("generate-ci").returncode == 0
    set_up = settings(tiny)
    set_up.environments = {"release": True, "pypi": False}
    set_up.may_make_pull_requests = True
    done = tiny.inv("doctor", "--ci", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["repository"]
    assert {row["subject"]: row["state"] for row in rows} == {
        ".github/workflows/release.yml": "written by generate-ci",
        "environment release": "has reviewers",
        "environment pypi": "has no reviewers",
        "secrets": "none, and none is needed",
        "default rights of workflows": "read",
        "pull requests": "workflows may make and approve them",
        "branch main": "takes the release commit of the workflow",
        "publisher of tiny-plain on PyPI": "only its owners see whom it trusts",
    }
    assert not any(row["is_wrong"] for row in rows)


def test_what_a_token_is_not_shown_is_no_fault(tiny: TinyProject) -> None:
    tiny.inv("generate-ci")
    settings(tiny).environments = {"release": True, "pypi": False}
    token = tiny.registries.tokens.github_read
    done = tiny.inv("doctor", "--ci", GH_TOKEN=token)
    assert done.returncode == 0, done.stderr
    unknown = "not shown to this token, which has to be an administrator's"
    assert f"secrets: {unknown}" in done.stdout
    assert f"default rights of workflows: {unknown}" in done.stdout
    assert "environment release: has reviewers" in done.stdout

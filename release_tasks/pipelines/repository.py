"""What the repository on GitHub has for the workflow that releases from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from release_tasks import endpoints
from release_tasks.formats import text_files
from release_tasks.pipelines import github, written
from release_tasks.printable import word
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.tools import git
from release_tasks.tools.gh import hosts, owners
from release_tasks.tools.git import origin

NOT_SHOWN = "not shown to this token, which has to be an administrator's"
# what trusted publishing stands in for
REPLACED = ("CARGO_REGISTRY_TOKEN", "PYPI_API_TOKEN", "TWINE_PASSWORD")
# rules under which no workflow can push a commit of its own
CLOSED = ("pull_request", "required_status_checks", "update")


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at; a `fix` without `is_wrong` is only a proposal."""

    subject: str
    state: str
    fix: str = ""
    is_wrong: bool = False


def facts(project: Project) -> Iterator[Fact]:
    """Yield what the repository has, and the command or the page that adds what is missing.

    Raises `ReleaseError` for a project that is not on GitHub, and where GitHub cannot be read.
    """
    repository = project.github_repository
    yield _workflow(project)
    yield from _environments(project, repository)
    yield from _secrets(repository)
    yield from _rights(repository)
    yield from _rules(project, repository)
    yield from _publishers(project, repository)


def _workflow(project: Project) -> Fact:
    text = text_files.peek(project.root, github.RELEASE)
    if written.is_ours(text):
        return Fact(github.RELEASE, "written by generate-ci")
    if text:
        return Fact(github.RELEASE, "not written by generate-ci")
    return Fact(github.RELEASE, "missing", "inv generate-ci", True)


def _environments(project: Project, repository: str) -> Iterator[Fact]:
    settings = project.settings
    asked = (settings.approval_environment, settings.sign_off_environment)
    wanted = [name for name in asked if name]
    wanted += settings.ci.environments.values()
    if not wanted:
        return
    present = owners.environments(repository)
    page = f"{hosts.web(repository)}/settings/environments"
    for name in dict.fromkeys(wanted):
        subject = f"environment {name}"
        if present is None:
            yield Fact(subject, NOT_SHOWN, page)
        elif name.lower() not in present:
            path = f"repos/{hosts.without_host(repository)}/environments/{name}"
            fix = f"gh api --method PUT {word(path)}"
            yield Fact(subject, "missing", fix, True)
        elif present[name.lower()]:
            yield Fact(subject, "has reviewers")
        elif name in asked:
            state = "has no reviewers, so that nobody is asked"
            yield Fact(subject, state, page, True)
        else:
            yield Fact(subject, "has no reviewers")


def _secrets(repository: str) -> Iterator[Fact]:
    names = owners.secrets(repository)
    if names is None:
        yield Fact("secrets", NOT_SHOWN)
        return
    yield Fact("secrets", ", ".join(names) or "none, and none is needed")
    for name in names:
        if name in REPLACED:
            yield Fact(
                f"secret {name}",
                "not needed by release.yml",
                f"gh secret delete {name}",
            )


def _rights(repository: str) -> Iterator[Fact]:
    rights = owners.workflow_rights(repository)
    if rights is None:
        yield Fact("default rights of workflows", NOT_SHOWN)
        return
    fix = ""
    if rights.default != "read":
        path = f"repos/{hosts.without_host(repository)}/actions/permissions/workflow"
        fix = f"gh api --method PUT {path} -f default_workflow_permissions=read"
    yield Fact("default rights of workflows", rights.default, fix)
    may = "may" if rights.may_make_pull_requests else "may not"
    yield Fact("pull requests", f"workflows {may} make and approve them")


def _rules(project: Project, repository: str) -> Iterator[Fact]:
    branch = (
        project.settings.project.branch
        or origin.default_branch(project.root)
        or git.branch(project.root)
    )
    if not branch:
        return
    rules = owners.branch_rules(repository, branch)
    subject = f"branch {branch}"
    if rules is None:
        yield Fact(subject, NOT_SHOWN)
        return
    closed = [rule for rule in rules if rule in CLOSED]
    if not closed:
        yield Fact(subject, "takes the release commit of the workflow")
        return
    page = f"{hosts.web(repository)}/settings/rules"
    yield Fact(
        subject,
        f"has the rule {', '.join(closed)}, so that a workflow cannot push to it",
        f"begin releases with a tag, or see {page}",
    )


def _publishers(project: Project, repository: str) -> Iterator[Fact]:
    environments = project.settings.ci.environments
    for component in project.components:
        for crate in resolved_or_empty(component.crates):
            yield _publisher(
                repository,
                f"{crate.name} on crates.io",
                f"{endpoints.CRATES}/crates/{crate.name}/settings",
                environments.get("publish-crates", ""),
            )
        for package in resolved_or_empty(component.python):
            yield _publisher(
                repository,
                f"{package.name} on PyPI",
                f"{endpoints.PYPI}/manage/project/{package.name}/settings/publishing/",
                environments.get("publish-pypi", ""),
            )


def _publisher(
    repository: str, subject: str, page: str, environment: str
) -> Fact:
    entered = f"repository {repository}, workflow release.yml"
    if environment:
        entered += f", environment {environment}"
    state = "only its owners see whom it trusts"
    return Fact(f"publisher of {subject}", state, f"{page}: {entered}")

"""What GitHub has to say before a release: no open blockers, a finished milestone, green runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release_tasks.changelogs import notes
from release_tasks.channels import git_runs, github_draft
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.errors import Problem, ReleaseError, problems_of
from release_tasks.project.settings import FILE
from release_tasks.project.workflows import Workflow
from release_tasks.rules import github as rules
from release_tasks.tools import gh, git
from release_tasks.tools.gh import hosts, owners


@problem
def commit_not_green(context: CheckContext) -> list[Problem]:
    """Find each CI run of this commit that failed or has not ended, where the tags wait for it."""
    if not git_runs.are_awaited(context.release):
        return []
    return problems_of(git_runs.not_green(context.release))


@warning
def unstarted_workflow(context: CheckContext) -> Iterator[Problem]:
    """Find each workflow that the tags wait for and that a push to the branch does not start."""
    release = context.release
    if release.project.repository is None:
        return
    branch = git.branch(release.checkout)
    branch = release.project.settings.project.branch or branch or ""
    for name in git_runs.named(release):
        workflow = git_runs.find(release.source_tree, name)
        if workflow is None:
            fact = f"[gates] ci waits for {name}, and no workflow of the project is called so"
            yield Problem(fact, git_runs.start(release, name), FILE)
        elif not _starts(workflow, branch):
            yield Problem(
                f"[gates] ci waits for {name}, and a push to {branch} does not start it",
                git_runs.start(release, name),
                workflow.path,
            )


def _starts(workflow: Workflow, branch: str) -> bool:
    """Tell whether a push to a branch starts a workflow, or an event that may come with it."""
    if workflow.runs_on_branch(branch):
        return True
    return workflow.has_event("pull_request") or workflow.has_event(
        "merge_group"
    )


@problem
def missing_environment(context: CheckContext) -> Iterator[Problem]:
    """Find that an environment is missing whose reviewers a workflow of the project asks.

    GitHub makes a missing one when a job names it, without anybody to ask (docs.github.com,
    "Using environments for deployment"). The job `sign-off` stops where nobody was asked.
    """
    repository = context.project.repository
    settings = context.project.settings
    approval = settings.approval_environment
    signing = settings.sign_off_environment
    table = "environment from [github]"
    if settings.ci.environments.get("approve"):
        table = "approve from [ci.environments]"
    for name, what, otherwise in (
        (approval, "approve the release", f"remove {table}"),
        (signing, "sign off", 'remove "bundles" from [gates] sign-off'),
    ):
        if not repository or not name or not _is_asked(context.workflows, name):
            continue
        present = owners.environments(repository)
        if present is None:
            return
        page = f"{hosts.web(repository)}/settings/environments"
        has_reviewers = present.get(name.lower())
        if has_reviewers is None:
            fact = f"GitHub has no environment {name}"
            fix = f"add it with required reviewers at {page}"
        elif name == signing and not has_reviewers:
            fact = f"the environment {name} has no required reviewers"
            fix = f"add some at {page}"
        else:
            continue
        fact = f"{fact}, so that nobody would {what}"
        yield Problem(fact, f"{fix}, or {otherwise}", FILE)


def _is_asked(workflows: Sequence[Workflow], environment: str) -> bool:
    """Tell whether a job belongs to an environment."""
    for workflow in workflows:
        for job in workflow.jobs.values():
            named = job.get("environment")
            if isinstance(named, dict):
                named = named.get("name")
            if named == environment:
                return True
    return False


@problem
def assets_without_github(context: CheckContext) -> list[Problem]:
    """Find programs that have no place, as origin is not on GitHub."""
    return problems_of(github_draft.assets_without_place(context.release))


@problem
def long_notes(context: CheckContext) -> Iterator[Problem]:
    """Find release notes that are longer than GitHub takes; what it generates is not known yet."""
    if github_draft.no_release_reason(context.release):
        return
    for part in context.release.parts:
        try:
            text = notes.known(context.release, part)
        except ReleaseError:
            # the command may need the tag; the step says what is wrong
            continue
        for refusal in rules.notes(text):
            yield Problem(
                f"the notes of {part.tag} have {len(text)} characters: {refusal}",
                f"shorten the section in {part.component.changelog or 'the notes'}, or ignore "
                "long-notes in [checks.ignore]: they then end with a link to the rest",
                part.component.changelog or "",
            )


@problem
def open_blocker(context: CheckContext) -> Iterator[Problem]:
    """Find each label whose open issues stop the release."""
    repository = context.project.repository
    if not repository:
        return
    for label in context.project.settings.gates.blockers:
        issues = gh.issues(repository, label)
        if issues:
            shown = ", ".join(
                f"#{issue['number']} {issue['title']}" for issue in issues[:5]
            )
            yield Problem(
                f"issues with the label {label} are open: {shown}",
                f"close them, or remove {label} from [gates] blockers",
            )


@problem
def open_milestone(context: CheckContext) -> Iterator[Problem]:
    """Find the milestone of each version that is not finished, or that is missing."""
    repository = context.project.repository
    template = context.project.settings.gates.milestone
    if not repository or not template:
        return
    for part in context.release.parts:
        title = template.format(version=part.version, tag=part.tag)
        count = gh.open_in_milestone(repository, title)
        if count is None:
            yield Problem(
                f"GitHub has no milestone {title}",
                "create it, or remove milestone from [gates]",
            )
        elif count:
            yield Problem(
                f"milestone {title} is not finished: {count} open",
                "merge, close or move what is open, then release",
            )

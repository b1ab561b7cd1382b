"""Write what rehearses and releases this project in CI: on GitHub Actions, or on GitLab."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.project.model import Project
from release_tasks.tasks import command

GITHUB, GITLAB = "github", "gitlab"


@command
def generate_ci(  # each is an option of the command line
    c: Context,
    check: bool = False,
    force: bool = False,
    pull_requests: bool = False,
    on: str = "",
) -> None:
    """Write the CI workflow that releases the project."""
    from release_tasks import shell, terminal
    from release_tasks.errors import ReleaseError, raise_all
    from release_tasks.formats import text_files
    from release_tasks.pipelines import written
    from release_tasks.printable import word
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    if on not in ("", GITHUB, GITLAB):
        raise ReleaseError(
            f"--on cannot be {on}", f"available: {GITHUB}, {GITLAB}"
        )
    root = git.top(Path.cwd())
    project = discover(root)
    if on == GITLAB:
        texts = _gitlab(c, project, pull_requests)
    else:
        texts = _github(c, project, pull_requests)
    errors = []
    for path, text in texts.items():
        present = text_files.peek(root, path)
        new = written.with_header(text)
        change = written.difference(path, present, new)
        if not change:
            terminal.say(f"nothing to do, {path} is what the settings say")
            continue
        if check or shell.is_dry(c) or present:
            terminal.show(change)
        if check:
            fact = f"{path} is not what the settings say"
            line = "inv generate-ci"
            if on == GITLAB:
                line += f" --on {GITLAB}"
            errors.append(ReleaseError(fact, line))
        elif not shell.is_dry(c):
            written.write(root, path, present, new, force)
            terminal.say(f"next: git add {word(path)}, and commit it")
    raise_all(errors)


def _github(
    c: Context, project: Project, pull_requests: bool
) -> dict[str, str]:
    """Return the workflows by their paths. Raises `ReleaseError` where origin is not on GitHub."""
    from release_tasks import order, terminal
    from release_tasks.formats import text_files
    from release_tasks.pipelines import github, jobs, written

    _ = project.github_repository  # raises where origin is not on GitHub
    texts = {
        github.RELEASE: github.release(project, jobs.jobs(project, order.of(c)))
    }
    present = text_files.peek(project.root, github.REHEARSAL)
    if pull_requests or written.is_ours(present):
        made = github.rehearsal(project, jobs.rehearsal(project))
        texts[github.REHEARSAL] = made
    elif project.settings.ci.schedule or project.settings.ci.caches:
        terminal.say(
            "[ci] schedule and caches are of rehearse.yml: "
            "inv generate-ci --pull-requests writes it"
        )
    if not github.can_begin(project):
        terminal.say(
            "it begins with a tag only: what a workflow pushes starts no CI, "
            "and [gates] ci waits for that"
        )
    if environment := project.settings.sign_off_environment:
        terminal.say(
            f"bundles wait until reviewers of the environment {environment} "
            "have tried the programs"
        )
    return texts


def _gitlab(
    c: Context, project: Project, merge_requests: bool
) -> dict[str, str]:
    """Return the pipeline by its path. Raises `ReleaseError` where origin is on GitHub."""
    from release_tasks import order, terminal
    from release_tasks.errors import ReleaseError
    from release_tasks.formats import text_files
    from release_tasks.pipelines import gitlab, gitlab_jobs, jobs, written
    from release_tasks.release import Release
    from release_tasks.tools.git import origin

    if origin.url(project.root) is None:
        raise ReleaseError(
            "this repository has no remote, so none on GitLab",
            "git remote add origin URL",
        )
    if project.repository is not None:
        raise ReleaseError(
            "origin is on GitHub, where GitLab runs no pipeline",
            "inv generate-ci",
        )
    present = text_files.peek(project.root, gitlab.PIPELINE)
    path = gitlab.path_for(present, written.is_ours(present))
    if path == gitlab.INCLUDED:
        terminal.say(
            f"{gitlab.PIPELINE} stays as it is: let it `include` /{path}, "
            f"and have the stage {gitlab_jobs.STAGE}"
        )
    now = Release.at(c, None, None)
    written_before = text_files.peek(project.root, path)
    rehearsal = []
    if merge_requests or gitlab.rehearses(written_before):
        rehearsal = jobs.rehearsal(project)
    made = gitlab.release(now, jobs.jobs(project, order.of(c)), rehearsal)
    return {path: made}

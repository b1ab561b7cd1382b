"""Write the workflows that rehearse and release this project on GitHub Actions."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.tasks import command


@command
def generate_ci(
    c: Context,
    check: bool = False,
    force: bool = False,
    pull_requests: bool = False,
) -> None:
    """Write the GitHub Actions workflow for releases."""
    from release_tasks import order, shell, terminal
    from release_tasks.errors import ReleaseError, raise_all
    from release_tasks.formats import text_files
    from release_tasks.pipelines import github, jobs, written
    from release_tasks.printable import word
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    root = git.top(Path.cwd())
    project = discover(root)
    _ = project.github_repository  # raises where origin is not on GitHub
    texts = {
        github.RELEASE: github.release(project, jobs.jobs(project, order.of(c)))
    }
    has_rehearsal = written.is_ours(text_files.peek(root, github.REHEARSAL))
    if pull_requests or has_rehearsal:
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
            errors.append(ReleaseError(fact, "inv generate-ci"))
        elif not shell.is_dry(c):
            written.write(root, path, present, new, force)
            terminal.say(f"next: git add {word(path)}, and commit it")
    raise_all(errors)

"""Write the workflow that releases this project on GitHub Actions."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.tasks import command


@command
def generate_ci(c: Context, check: bool = False, force: bool = False) -> None:
    """Write a workflow for GitHub Actions that releases this."""
    from release_tasks import files, order, shell, terminal
    from release_tasks.errors import ReleaseError
    from release_tasks.formats import text_files
    from release_tasks.pipelines import github, jobs, written
    from release_tasks.printable import word
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    root = git.top(Path.cwd())
    project = discover(root)
    _ = project.github_repository  # raises where origin is not on GitHub
    environment = project.settings.github.environment
    made = jobs.jobs(project, order.of(c), environment)
    new = written.with_header(github.workflow(project, made))
    path = github.PATH
    present = text_files.peek(root, path)
    change = written.difference(path, present, new)
    if not change:
        terminal.say(f"nothing to do, {path} is what the settings say")
        return
    if check:
        terminal.show(change)
        raise ReleaseError(
            f"{path} is not what the settings say", "inv generate-ci"
        )
    if shell.is_dry(c):
        terminal.show(change)
        return
    if present:
        terminal.show(change)
    written.refuse_edited(path, present, force)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(root / path, new.encode())
    names = ", ".join(job.name for job in made)
    terminal.say(f"wrote {path}: {names}")
    terminal.say(f"next: git add {word(path)}, and commit it")

"""Upload every file to a draft, so that another machine can finish the release."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"gh": "github"}


@step
def gh_draft(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Upload every file of the release to a GitHub draft."""
    from release_tasks import shell, terminal
    from release_tasks.channels import github, github_draft
    from release_tasks.converge import begin, untagged
    from release_tasks.errors import raise_all

    release = begin(c, version, component)
    raise_all(github_draft.assets_without_place(release))
    if why := github_draft.no_release_reason(release):
        terminal.say(f"nothing to do, {why}")
        return
    if not shell.is_dry(c):
        raise_all(untagged(release, github))
    github.fill_draft(c, release)

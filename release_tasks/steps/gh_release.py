"""Make the draft public: the moment that users see."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"gh": "github"}


@step
def gh_release(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Publish the GitHub draft with its files as the release."""
    from release_tasks import shell, terminal
    from release_tasks.channels import github, github_draft, sign_off
    from release_tasks.converge import begin, converge
    from release_tasks.errors import raise_all

    release = begin(c, version, component)
    raise_all(github_draft.assets_without_place(release))
    if why := github_draft.no_release_reason(release):
        terminal.say(f"nothing to do, {why}")
        return
    refused = sign_off.refusals(release)
    if shell.is_dry(c):
        for error in refused:
            terminal.say(f"would stop: {error.problem}")
    elif release.is_tagged:
        raise_all(refused)
    converge(c, release, github)

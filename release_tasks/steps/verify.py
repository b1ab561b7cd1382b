"""Download, install and run everything that was published."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"cargo": "crates", "helm": "charts"}


@step
def verify(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    here: bool = False,
) -> None:
    """Download, install and run everything that was published."""
    from release_tasks import channels, shell, terminal
    from release_tasks.checks.published import all
    from release_tasks.converge import begin
    from release_tasks.errors import counted, raise_problems

    release = begin(c, version, component)
    if here:
        raise_problems(all.problems_here(c, release))
        return
    raise_problems(all.problems(c, release))
    if shell.is_dry(c):
        return
    number = sum(len(one.expected(release)) for one in channels.every())
    terminal.say(f"verified {counted(number, 'artifact')} as users get them")

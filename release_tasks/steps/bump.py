"""Set the version in every file that contains it."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import NEW_VERSION_HELP, step


@step
def bump(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    show: bool = False,
    json: bool = False,
) -> None:
    """Set the version in every file that contains it."""
    from release_tasks import terminal
    from release_tasks.bumping.set_version import set_version

    changes = set_version(c, version or "", component, show)
    if json:
        terminal.print_json(changes)


# without a value there is nothing to set
bump.help["version"] = NEW_VERSION_HELP

"""Every finding about a release, none hidden behind the first."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.errors import ReleaseError, collect
from release_tasks.findings import gates, programs, promises, registries, repository, versions, workflows
from release_tasks.release import Release


def problems(c: Context, release: Release, new: str | None) -> list[ReleaseError]:
    """Return everything that would break the release; the gates run last, and only when all else is well."""
    found: list[ReleaseError] = []
    for look in (
        lambda: programs.missing(c.config.release_tasks.order, release.project),
        lambda: repository.look(release),
        lambda: versions.look(release),
        lambda: workflows.look(release),
        lambda: registries.look(release, new),
        lambda: promises.look(release),
    ):
        found += collect(look)
    if not found and not release.is_tagged:
        found += collect(lambda: gates.run(c, release))
    if not found:
        shell.say(f"nothing stands in the way of {release.title}")
    return found

"""Pack each bundle: a binary with files that others publish."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step


@step
def package_bundles(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    sign_off: str | None = None,
) -> None:
    """Pack each binary with the files that it needs."""
    from release_tasks.building import bundles
    from release_tasks.converge import begin

    bundles.pack(c, begin(c, version, component), sign_off)

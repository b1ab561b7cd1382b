"""Find every problem at once, before anything changes."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import CHECK_VERSION_HELP, step

NEEDS = {"cargo": "rust"}


@step
def check(  # noqa: PLR0913  # each is an option of the command line
    c: Context,
    version: str | None = None,
    component: str | None = None,
    new: str | None = None,
    fast: bool = False,
    json: bool = False,
    no_credentials: bool = False,
    trusted_publishing: bool = False,
) -> None:
    """Find everything that would break the release."""
    from release_tasks.checks import report
    from release_tasks.checks.credentials import Credentials
    from release_tasks.checks.preflight.engine import run_checks

    credentials = Credentials.HERE
    if trusted_publishing:
        credentials = Credentials.TRUSTED
    elif no_credentials:
        credentials = Credentials.ELSEWHERE
    release, found = run_checks(
        c,
        version,
        component,
        new,
        fast=fast,
        credentials=credentials,
    )
    report.show(found, release.title, json)


check.help["version"] = CHECK_VERSION_HELP

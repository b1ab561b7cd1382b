"""Run every check on a release, while git and cargo already read the project."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import memo
from release_tasks.release import Release

if TYPE_CHECKING:
    from release_tasks.checks.check import Finding


def run_checks(
    c: Context,
    version: str | None,
    component: str | None,
    new: str | None,
    *,
    fast: bool,
    has_credentials: bool = True,
) -> tuple[Release, list[Finding]]:
    """Return the release and everything that is found about it, problems last.

    `new` are the names that may be published for the first time; `fast` skips the gates.
    Without `has_credentials` no token is looked for, because other jobs have them.
    """
    # as slow as the imports below
    memo.prefetch(Release.at, c, version, component)
    from release_tasks.checks.check import CheckContext
    from release_tasks.checks.preflight.all import check_release

    release = Release.at(c, version, component)
    found = check_release(CheckContext(c, release, new, has_credentials), fast)
    gc.freeze()  # else Python scans the metadata of every crate three more times before it ends
    return release, found

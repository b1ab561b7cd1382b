"""Run every check on a release, while git and cargo already read the project."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import memo
from release_tasks.checks.credentials import Credentials
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
    credentials: Credentials = Credentials.HERE,
) -> tuple[Release, list[Finding]]:
    """Return the release and everything that is found about it, problems last.

    `new` are the names that may be published for the first time; `fast` skips the gates.
    Where `credentials` are elsewhere, none is looked for.
    """
    # as slow as the imports below
    memo.prefetch(Release.at_or_next, c, version, component)
    from release_tasks.checks.check import CheckContext
    from release_tasks.checks.preflight.all import check_release

    release = Release.at_or_next(c, version, component)
    context = CheckContext(c, release, new, credentials)
    found = check_release(context, fast)
    gc.freeze()  # else Python scans the metadata of every crate three more times before it ends
    return release, found

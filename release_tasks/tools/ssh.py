"""ssh: which host an alias of its configuration stands for."""

from __future__ import annotations

import re

from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.shell import ask, found


@memoized_on(On.GIT)
def host_name(alias: str) -> str:
    """Return the host that ssh connects to for a name, the name itself without ssh (`ssh -G`)."""
    if not found("ssh") or alias.startswith("-"):
        return alias
    try:
        settings = ask(["ssh", "-G", alias])
    except ReleaseError:
        return alias
    match = re.search(r"^hostname (\S+)$", settings, re.M)
    return match[1] if match else alias

"""What a client prints when a service fails, and where that service says so itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, shell
from release_tasks.errors import ReleaseError

# cargo: "(status 503 Service Unavailable)"; twine: "503 Service Unavailable from"; gh: "HTTP 503";
# helm, buildkit: "unexpected status code 503", "unexpected status from PUT ...: 503 Service"
_FAILS = re.compile(
    r"\bHTTP 5\d\d\b|\bstatus(?: code)? 5\d\d\b"
    r"|\b5\d\d (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)\b"
)


def push(
    c: Context, argv: Sequence[str | Path], host: str, secrets: Sequence[str]
) -> None:
    """Run a client that pushes to a host; a 5xx of that host is an error that says so.

    Raises `Failed` for every other failure.
    """
    try:
        shell.do(c, argv, secrets=secrets)
    except shell.Failed as error:
        outage = explain(error.output, host)
        raise outage or error from error


def explain(output: str, host: str) -> ReleaseError | None:
    """Return the error of a client to which a service answered 5xx, None for any other failure.

    `host` is that of the service. Its fact is the line that says so.
    """
    for line in output.splitlines():
        if _FAILS.search(line):
            page = endpoints.status_page(host)
            fix = "try again later"
            if page:
                fix = f"look at {page}, then run the same line again"
            return ReleaseError(f"{host} fails: {line.strip()}", fix)
    return None

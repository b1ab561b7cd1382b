"""What GitHub refuses, and what a person can do about it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from release_tasks import endpoints
from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask
from release_tasks.tools.gh import hosts

RESUME = "run the release again to resume"
# HTTP 5xx, and what Go says of a connection that broke (net, net/http).
PASSING = (
    r"HTTP 5\d\d|: (unexpected )?EOF\b|connection reset|connection refused|broken pipe"
    r"|i/o timeout|TLS handshake timeout|timeout awaiting|server closed|Temporary failure"
)
RATE_LIMIT = r"rate limit|HTTP 429"
FIXES = (  # what gh prints, and what to do; the first pattern that matches counts
    (
        r"HTTP 401|Bad credentials|gh auth login",
        "set GH_TOKEN to a token that may write contents, or run `gh auth login`",
    ),
    (
        r"secondary rate limit|abuse detection",
        f"wait some minutes, then {RESUME}",
    ),
    (RATE_LIMIT, "wait until {reset}, then " + RESUME),
    (r"HTTP 403", "give the token `contents: write` for this repository"),
    (
        r"HTTP 404",
        "set GH_TOKEN to a token that may read and write this repository,"
        " or fix the URL of the remote origin",
    ),
    (r"HTTP 422", f"fix that, then {RESUME}"),
)


def is_passing(error: Failed) -> bool:
    """Tell whether GitHub failed, or the connection, so that the same call may work again."""
    return re.search(PASSING, error.output) is not None


def explain(error: Failed, host: str = hosts.DOT_COM) -> ReleaseError:
    """Return a failed call of gh as an error with a fix."""
    fix = _fix(error.output)
    page = endpoints.status_page(host)
    if page and re.search(r"HTTP 5\d\d", error.output):
        fix = f"look at {page}, then {RESUME}"
    if "{reset}" in fix:
        fix = fix.format(reset=_reset(host))
    if host not in (hosts.DOT_COM, *hosts.ALSO_DOT_COM):
        fix = fix.replace(hosts.TOKENS[0], hosts.tokens(host)[0])
    return ReleaseError(f"GitHub refused: {_message(error)}", fix)


def time_of_day(seconds: object) -> str:
    """Return a moment in seconds since 1970 as a time of day; 0 is an unknown one.

    So is what a server sends in its place.
    """
    text = str(seconds)
    if seconds in (0, "") or not re.fullmatch(r"[0-9]{1,11}", text):
        return "an hour has passed"
    return datetime.fromtimestamp(int(text), UTC).strftime("%H:%M UTC")


def _message(error: Failed) -> str:
    """Return the line in which gh says what is wrong: it prints the answer's body, too."""
    lines = error.output.strip().splitlines() or [error.problem]
    for line in lines:
        if re.match(r"gh: |HTTP \d", line):
            return line
    return lines[-1]


def _fix(output: str) -> str:
    for pattern, fix in FIXES:
        if re.search(pattern, output):
            return fix
    return RESUME


def _reset(host: str) -> str:
    """Return when an exhausted rate limit starts again; this call does not count."""
    try:
        argv = ["gh", "api", "rate_limit"]
        text = ask(argv, env=hosts.pinned(host), secrets=hosts.tokens(host))
    except Failed:
        return time_of_day(0)
    limits = json.loads(text)["resources"].values()
    resets = [limit["reset"] for limit in limits if not limit["remaining"]]
    return time_of_day(max(resets, default=0))

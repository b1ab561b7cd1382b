"""What GitHub refuses, and what a person can do about it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask

TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
RESUME = "run the release again to resume"
RATE_LIMIT = r"rate limit|HTTP 429"
FIXES = (  # what gh prints, and what to do; the first pattern that matches counts
    (
        r"HTTP 401|Bad credentials|gh auth login",
        "set GH_TOKEN to a token that may write contents, or run `gh auth login`",
    ),
    (r"secondary rate limit|abuse detection", f"wait some minutes, then {RESUME}"),
    (RATE_LIMIT, "wait until {reset}, then " + RESUME),
    (r"HTTP 403", "give the token `contents: write` for this repository"),
    (
        r"HTTP 404",
        "set GH_TOKEN to a token that may read and write this repository,"
        " or fix the URL of the remote origin",
    ),
    (r"HTTP 422", f"fix that, then {RESUME}"),
)


def explain(error: Failed) -> ReleaseError:
    """Return a failed call of gh as an error with a fix."""
    fix = _fix(error.output)
    if "{reset}" in fix:
        fix = fix.format(reset=_reset())
    return ReleaseError(f"GitHub refused: {_message(error)}", fix)


def time_of_day(seconds: int) -> str:
    """Return a moment in seconds since 1970 as a time of day; 0 is an unknown one."""
    if not seconds:
        return "an hour has passed"
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M UTC")


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


def _reset() -> str:
    """Return when an exhausted rate limit starts again; this call does not count."""
    try:
        limits = json.loads(ask(["gh", "api", "rate_limit"], secrets=TOKENS))[
            "resources"
        ].values()
    except Failed:
        return time_of_day(0)
    resets = [limit["reset"] for limit in limits if not limit["remaining"]]
    return time_of_day(max(resets, default=0))

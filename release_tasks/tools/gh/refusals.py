"""What GitHub refuses, and what a person can do about it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask

TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
GO_ON = "run the release again: it goes on where this stopped"
REFUSALS = (  # what gh prints, and the way out
    (
        r"HTTP 401|Bad credentials|gh auth login",
        "set GH_TOKEN to a token that may write contents, or run `gh auth login`",
    ),
    (r"secondary rate limit|abuse detection", f"wait some minutes, then {GO_ON}"),
    (r"rate limit|HTTP 429", "wait until {reset}, then " + GO_ON),
    (r"HTTP 403", "give the token `contents: write` for this repository"),
    (r"HTTP 404", "let GH_TOKEN be a token that may see and write this repository, or mend origin"),
    (r"HTTP 422", "mend that, then " + GO_ON),
)


def explain(error: Failed) -> ReleaseError:
    """Return what a failed call of gh means, with a way out."""
    lines = error.output.strip().splitlines() or [error.problem]
    said = next(
        (line for line in lines if re.match(r"gh: |HTTP \d", line)), lines[-1]
    )  # it prints the body, too
    fix = next((fix for words, fix in REFUSALS if re.search(words, error.output)), GO_ON)
    return ReleaseError(f"GitHub refused: {said}", fix.format(reset=_reset() if "{" in fix else ""))


def _reset() -> str:
    """Return when GitHub counts anew; this question itself is not counted."""
    try:
        limits = json.loads(ask(["gh", "api", "rate_limit"], secrets=TOKENS))["resources"].values()
    except Failed:
        return clock(0)
    return clock(max((limit["reset"] for limit in limits if not limit["remaining"]), default=0))


def clock(seconds: int) -> str:
    """Return a moment in seconds since 1970 as a time of day; 0 is one that GitHub did not tell."""
    return (
        datetime.fromtimestamp(seconds, UTC).strftime("%H:%M UTC")
        if seconds
        else "an hour has passed"
    )

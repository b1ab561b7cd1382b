"""What the CI that runs this says of itself."""

from __future__ import annotations

import os
import sys

# Variables with the tag that started the run: GitHub Actions (also Gitea and Forgejo) is asked
# first; GitLab CI, CircleCI, Travis CI, AppVeyor, Drone and Woodpecker, Cirrus CI, Buildkite
TAG_VARIABLES = (
    *("CI_COMMIT_TAG", "CIRCLE_TAG", "TRAVIS_TAG", "APPVEYOR_REPO_TAG_NAME"),
    *("DRONE_TAG", "CIRRUS_TAG", "BUILDKITE_TAG"),
)
TAGS = "refs/tags/"


def mask(secret: str) -> None:
    """Let GitHub Actions hide a secret that was made in this job in all output that follows."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print(f"::add-mask::{secret}", file=sys.stdout, flush=True)


def tag() -> str:
    """Return the tag that started this run of CI, "" outside of one and for other events."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        ref = os.environ.get("GITHUB_REF", "")
        return ref.removeprefix(TAGS) if ref.startswith(TAGS) else ""
    for name in TAG_VARIABLES:
        if value := os.environ.get(name):
            return value
    return ""

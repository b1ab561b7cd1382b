"""What the CI that runs this says of itself."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from release_tasks import files, masking
from release_tasks.display import amount
from release_tasks.errors import ReleaseError

# Variables with the tag that started the run: GitHub Actions (also Gitea and Forgejo) is asked
# first; GitLab CI, CircleCI, Travis CI, AppVeyor, Drone and Woodpecker, Cirrus CI, Buildkite
TAG_VARIABLES = (
    *("CI_COMMIT_TAG", "CIRCLE_TAG", "TRAVIS_TAG", "APPVEYOR_REPO_TAG_NAME"),
    *("DRONE_TAG", "CIRRUS_TAG", "BUILDKITE_TAG"),
)
TAGS = "refs/tags/"


def mask(secret: str) -> None:
    """Let GitHub Actions hide a secret that was made in this job in all output that follows."""
    if amount.is_github():
        print(f"::add-mask::{secret}", file=sys.stdout, flush=True)


def output(name: str, value: str) -> None:
    """Give the jobs that follow on GitHub Actions a value of one line.

    Raises `ReleaseError` where no file for it is named, and for a value of several lines, which
    could set other outputs.
    """
    path = os.environ.get("GITHUB_OUTPUT")
    if not path:
        raise ReleaseError(
            "GITHUB_OUTPUT is not set, so no job would read the outputs",
            "leave out --github-output, except on GitHub Actions",
        )
    if "\n" in value or "\r" in value:
        raise ReleaseError(f"the output {name} has several lines: {value!r}")
    files.append(Path(path), f"{name}={value}\n".encode())


def output_json(name: str, data: object) -> None:
    """Give the jobs that follow on GitHub Actions an object as JSON, without secrets.

    Raises `ReleaseError` where no file for it is named.
    """
    output(name, masking.hidden(json.dumps(data)))


def tag() -> str:
    """Return the tag that started this run of CI, "" outside of one and for other events."""
    if amount.is_github():
        ref = os.environ.get("GITHUB_REF", "")
        return ref.removeprefix(TAGS) if ref.startswith(TAGS) else ""
    for name in TAG_VARIABLES:
        if value := os.environ.get(name):
            return value
    return ""

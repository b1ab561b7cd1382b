"""cargo publish: uploads crates, and says why crates.io refused one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, shell
from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed
from release_tasks.tools import outages
from release_tasks.tools.cargo import CRATES_IO, select, steering

TOKEN = "CARGO_REGISTRY_TOKEN"
FIXES = (  # what cargo or crates.io prints, and what to do
    (
        r"no token found",
        f"set {TOKEN}, run cargo login, or on GitHub Actions give the job "
        "`permissions: id-token: write`",
    ),
    (
        r"do not support creating new crates",
        "publish the first version with a personal token",
    ),
    (
        r"can only be published using Trusted Publishing",
        "publish from the workflow that crates.io trusts, or allow tokens in the crate's settings",
    ),
    (
        r"was recently deleted",
        "rename the crate, or wait until the name is free again",
    ),
    (
        r"don't seem to be an owner",
        "let an owner of that crate run `cargo owner --add`, or rename the crate",
    ),
    (
        r"authentication failed|status 40[13]",
        f"make a token that may publish new crates and updates: {endpoints.CRATES}/settings/tokens",
    ),
    (
        r"verified email",
        f"verify your address: {endpoints.CRATES}/settings/profile",
    ),
    (
        r"in the last 24 hours",
        "run the release again tomorrow; it publishes only what is missing",
    ),
    (
        r"missing or empty metadata fields",
        "add those fields to the crate's [package], and release the next version",
    ),
    (
        r"not yet committed into git",
        "commit or remove those files: crates are packed from a commit",
    ),
    (
        r"--locked",
        "run cargo update --workspace in its folder, and commit Cargo.lock",
    ),
    (
        r"no matching package named",
        "release that crate, too, or require a version that crates.io has",
    ),
)
OTHER_FIX = (
    "fix that, then run the release again; it publishes only what is missing"
)
TRANSIENT = (
    r"(status|response, got) (5\d\d|408|429)|timed? ?out|timeout|\[\d+\] |failed to send"
    r"|connection|Recv failure|spurious network"
)


def publish(
    c: Context, tree: Path, target: Path, names: Sequence[str], is_locked: bool
) -> None:
    """Upload crates, dependencies first; between them cargo waits up to 60 s for the index.

    They were checked when they were packed. Raises `Failed`, with cargo's whole output.
    """
    argv = ["cargo", "publish", "--no-verify", *CRATES_IO]
    argv += ["--target-dir", str(target)]
    argv += select(names, is_locked)
    shell.do(c, argv, cwd=tree, env=steering.pins(tree), secrets=[TOKEN])


def plain(output: str) -> str:
    """Return a program's output without colors, which CARGO_TERM_COLOR=always turns on."""
    return re.sub(r"\x1b\[[0-9;]*m", "", output)


def uploaded(output: str) -> set[str]:
    """Return the crates that crates.io has now, according to cargo's output."""
    text = plain(output)
    names = set(re.findall(r"^ *Uploaded (\S+) v", text, re.M))
    if "is already uploaded" in text:
        names |= set(re.findall(r"failed to publish (\S+) v", text))
    return names | set(re.findall(r"crate (\S+?)@\S+ already exists", text))


def retry_at(output: str) -> datetime | None:
    """Return when crates.io accepts the next upload after a 429, or None where it does not say."""
    date = re.search(
        r"try again after (\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} GMT)",
        plain(output),
    )
    return parsedate_to_datetime(date[1]).astimezone(UTC) if date else None


def is_transient(output: str) -> bool:
    """Tell whether the next try can succeed: after a server's error or a broken connection."""
    errors = re.search(r"^error.*", plain(output), re.M | re.S)
    return (
        errors is not None and re.search(TRANSIENT, errors[0], re.I) is not None
    )


def explain(error: Failed) -> ReleaseError:
    """Return cargo's failure as an error with a fix."""
    output = plain(error.output)
    for pattern, fix in FIXES:
        if re.search(pattern, output):
            return ReleaseError(error.problem, fix)
    outage = outages.explain(output, endpoints.host(endpoints.CRATES))
    return outage or ReleaseError(error.problem, OTHER_FIX)

"""cargo: upload crates, and understand why crates.io said no."""

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
from release_tasks.tools.cargo import select

TOKEN = "CARGO_REGISTRY_TOKEN"
FIXES = (  # what cargo or crates.io says, and what a person can do about it
    (r"no token found", f"set {TOKEN}, or run cargo login"),
    (r"do not support creating new crates", "publish the first version with a personal token"),
    (
        r"don't seem to be an owner",
        "let an owner of that crate run `cargo owner --add`, or rename the crate",
    ),
    (
        r"authentication failed|status 40[13]",
        f"make a token that may publish new crates and updates: {endpoints.CRATES}/settings/tokens",
    ),
    (r"verified email", f"verify your address: {endpoints.CRATES}/settings/profile"),
    (r"in the last 24 hours", "run the release again tomorrow; it goes on with the rest"),
    (
        r"missing or empty metadata fields",
        "add those fields to the crate's [package], and release the next version",
    ),
    (
        r"not yet committed into git",
        "commit or remove those files; what is published must be a commit's",
    ),
    (r"--locked", "run cargo update --workspace, and commit Cargo.lock"),
    (
        r"no matching package named",
        "release the crate it needs, too, or give it a version that crates.io has",
    ),
)
GO_ON = "mend that, then run the release again; it goes on with the rest"
TRANSIENT = r"(status|response, got) (5\d\d|408|429)|timed? ?out|timeout|\[\d+\] |failed to send|connection|Recv failure|spurious network"


def publish(c: Context, tree: Path, target: Path, names: Sequence[str], locked: bool) -> None:
    """Upload crates, dependencies first; cargo waits for the index between them, 60 s at most.

    They were checked when they were packed. Raises `Failed`, with cargo's whole output.
    """
    argv: list[str | Path] = [
        "cargo",
        "publish",
        "--no-verify",
        "--target-dir",
        target,
        *select(names, locked),
    ]
    shell.do(c, argv, cwd=tree, secrets=[TOKEN])


def plain(output: str) -> str:
    """Return a program's output without colours, which CARGO_TERM_COLOR=always turns on."""
    return re.sub(r"\x1b\[[0-9;]*m", "", output)


def uploaded(output: str) -> set[str]:
    """Return the crates that the registry took, as far as cargo's output tells."""
    text = plain(output)
    taken = set(re.findall(r"^ *Uploaded (\S+) v", text, re.M))
    if "is already uploaded" in text:
        taken |= set(re.findall(r"failed to publish (\S+) v", text))
    return taken | set(re.findall(r"crate (\S+?)@\S+ already exists", text))


def retry_at(output: str) -> datetime | None:
    """Return when crates.io wants to be asked again after a 429, or None where it did not say."""
    got = re.search(r"try again after (\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} GMT)", plain(output))
    return parsedate_to_datetime(got[1]).astimezone(UTC) if got else None


def is_transient(output: str) -> bool:
    """Tell whether an upload failed for a reason that passes: a server's error, a cut connection."""
    said = re.search(r"^error.*", plain(output), re.M | re.S)
    return said is not None and re.search(TRANSIENT, said[0], re.I) is not None


def explain(error: Failed) -> ReleaseError:
    """Return cargo's failure with a way out."""
    text = plain(error.output)
    fix = next((fix for said, fix in FIXES if re.search(said, text)), GO_ON)
    return ReleaseError(error.problem, fix)

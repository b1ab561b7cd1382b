"""The names that git accepts for a tag and a branch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.rules.rule import rule

FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?=/|$)"
)


@rule("git", "git-check-ref-format(1), rules 1 to 10; git-tag(1)")
def tag(value: str) -> Iterator[str]:
    """Check a tag, with its version filled in: `core@0.2.0` is one, `core@{0.2.0` is none."""
    is_option = value.startswith("-")  # git tag takes it for one
    if is_option or value in ("", "HEAD") or _is_invalid(value):
        yield f"fatal: '{value}' is not a valid tag name."


@rule("git", "git-check-ref-format(1), --branch")
def branch(value: str) -> Iterator[str]:
    """Check the name of a branch: `releases/1.x` is one, `--orphan` is none."""
    is_option = value.startswith("-")
    if is_option or value in ("", "HEAD", "@") or _is_invalid(value):
        yield f"fatal: '{value}' is not a valid branch name"


def _is_invalid(value: str) -> bool:
    return bool(
        FORBIDDEN.search(value)
        or value.startswith((".", "/"))
        or value.endswith((".", "/"))
    )

"""Which names a tag may have: the rule and git say the same."""

from __future__ import annotations

import subprocess

import pytest

from release_tasks.rules.git import tag

ACCEPTED = (
    "v0.2.0",
    "0.2.0",
    "core@0.2.0",
    "@scope/core@0.2.0",
    "api/v0.2.0",
    "release/v0.2.0",
    "rust-v0.2.0+build.1",
    "v0.2.0-rc.1",
    "a{0.2.0}",
    "core_0.2.0!",
    "lock.0.2.0",
    "v0.2.0.locked",
)
REFUSED = (
    "",
    "my tag 0.2.0",
    "core@{0.2.0}",
    "a..0.2.0",
    "a//0.2.0",
    "/0.2.0",
    "0.2.0/",
    "0.2.0.",
    ".v0.2.0",
    "a/.v0.2.0",
    "v0.2.0.lock",
    "a.lock/v0.2.0",
    "v~0.2.0",
    "v^0.2.0",
    "v:0.2.0",
    "v?0.2.0",
    "v*0.2.0",
    "v[0.2.0",
    "v\\0.2.0",
    "v\t0.2.0",
    "v\x7f0.2.0",
)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_git_accepts_is_accepted(name: str) -> None:
    assert tag(name) == []


@pytest.mark.parametrize("name", [*REFUSED, "-v0.2.0", "HEAD"])
def test_what_git_refuses_is_refused(name: str) -> None:
    assert tag(name) == [f"fatal: '{name}' is not a valid tag name."]


@pytest.mark.tools("git")
def test_git_says_the_same() -> None:
    for name in (*ACCEPTED, *REFUSED):
        argv = ["git", "check-ref-format", f"refs/tags/{name}"]
        is_accepted = subprocess.run(argv, check=False).returncode == 0
        assert (name, is_accepted) == (name, name in ACCEPTED)

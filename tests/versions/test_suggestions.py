"""The level that a commit, a group of a changelog or a kind of fragments asks for."""

from __future__ import annotations

import pytest

from release_tasks.versions import suggestions


@pytest.mark.statement("B5.2")
@pytest.mark.parametrize(
    ("subject", "body", "level"),
    [
        ("feat: show the light", "", "minor"),
        ("feat(cli): show the light", "", "minor"),
        ("Feat: show the light", "", "minor"),
        ("feat!: show the light", "", "major"),
        ("fix(core)!: no light", "", "major"),
        ("fix: no light", "BREAKING CHANGE: it is dark", "major"),
        ("fix: no light", "See\n\nBREAKING-CHANGE: it is dark", "major"),
        ("fix: no light", "No BREAKING CHANGE: here", "patch"),
        ("docs: say so", "", "patch"),
        ("Show the light", "", "patch"),
        ("feature: none of the types", "", "patch"),
    ],
)
def test_a_commit_says_its_level(subject: str, body: str, level: str) -> None:
    assert suggestions.of_commit(subject, body) == level


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("Added", "minor"),
        ("✨ Added", "minor"),
        ("Features", "minor"),
        ("Removed", "major"),
        ("Breaking changes", "major"),
        ("Deprecations and Removals", "major"),
        ("Deprecated", "minor"),
        ("Fixed", "patch"),
        ("bugfix", "patch"),
        ("removal", "major"),
        ("misc", "patch"),
    ],
)
def test_a_group_says_its_level(name: str, level: str) -> None:
    assert suggestions.of_group(name) == level


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Show the light (#12)", 12),
        ("Merge pull request #34 from me/light", 34),
        ("Fix #12", 0),
    ],
)
def test_the_pull_request_of_a_commit(subject: str, number: int) -> None:
    assert suggestions.pull_request(subject) == number


def test_the_highest_level_counts_and_1_0_is_never_suggested() -> None:
    assert suggestions.highest(["patch", "minor", "patch"]) == "minor"
    assert suggestions.highest([]) == ""
    assert suggestions.before_one("major", 0) == "minor"
    assert suggestions.before_one("major", 1) == "major"

"""Version requests: a version, a level such as `minor`, or one of them per component."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import parse
from release_tasks.versions.requests import (
    matches_level,
    next_version,
    parse_request,
)

NUMBERS = st.integers(0, 30)
COUNTED = st.tuples(st.sampled_from(("alpha", "beta", "rc")), NUMBERS).map(
    lambda pair: f"-{pair[0]}.{pair[1]}"
)
VERSIONS = st.builds(
    "{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, st.just("") | COUNTED
)
LEVELS = st.sampled_from(
    ("major", "minor", "patch", "prerelease", "release", "alpha", "beta", "rc")
)


@pytest.mark.parametrize(
    ("current", "level", "following"),
    [
        ("0.1.0", "minor", "0.2.0"),
        ("0.1.0", "patch", "0.1.1"),
        ("0.1.0", "major", "1.0.0"),
        ("1.2.0-rc.1", "minor", "1.2.0"),
        ("1.2.1-rc.1", "minor", "1.3.0"),
        ("1.2.1-rc.1", "patch", "1.2.1"),
        ("2.0.0-beta.1", "major", "2.0.0"),
        ("2.1.0-beta.1", "major", "3.0.0"),
        ("1.0.0", "prerelease", "1.0.1-rc.1"),
        ("1.0.1-rc.9", "prerelease", "1.0.1-rc.10"),
        ("1.0.1-beta.2", "prerelease", "1.0.1-beta.3"),
        ("1.0.1-beta.2", "rc", "1.0.1-rc.1"),
        ("1.0.0", "alpha", "1.0.1-alpha.1"),
        ("1.0.1-rc.2", "release", "1.0.1"),
        ("1.0.0+build", "patch", "1.0.1"),
        ("1.0.0", "0.5.0", "0.5.0"),
    ],
)
def test_a_level_counts_from_the_current_version(current, level, following):
    assert next_version(current, level) == following


@pytest.mark.parametrize(
    ("current", "level"),
    [
        ("1.0.0", "release"),
        ("1.0.0-rc.1", "alpha"),
        ("1.0.0-rc1", "prerelease"),
        ("1.0.0", "mnor"),
        ("nothing", "minor"),
    ],
)
def test_a_level_that_has_no_meaning_here_is_refused(current, level):
    with pytest.raises(ReleaseError):
        next_version(current, level)


@given(VERSIONS, LEVELS)
def test_a_level_always_gives_a_higher_version(current, level):
    try:
        following = next_version(current, level)
    except ReleaseError:
        return
    assert parse(following) > parse(current)


@given(VERSIONS, LEVELS)
def test_the_version_that_a_level_gave_matches_that_level(current, level):
    finished = str(parse(current).finalize_version())
    if level != "release":
        assert matches_level(next_version(finished, level), level)


def test_a_request_can_name_several_components():
    assert parse_request("core=0.5.0,python=minor") == {
        "core": "0.5.0",
        "python": "minor",
    }
    assert parse_request("core=rc, py-x=1.0.0-rc.1") == {
        "core": "rc",
        "py-x": "1.0.0-rc.1",
    }
    assert parse_request("0.5.0") == {None: "0.5.0"}
    assert parse_request("minor") == {None: "minor"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--help",
        "core=",
        "=1.0.0",
        "core=1.0.0,core=2.0.0",
        "core=1.0.0,",
        "1.0.0,2.0.0",
        "core=v1.0.0",
        "a=b=c",
    ],
)
def test_a_wrong_request_is_refused(text):
    with pytest.raises(ReleaseError) as caught:
        parse_request(text)
    assert caught.value.fix.startswith("--version ")

"""Which versions helm's ranges admit, and what they become (Masterminds/semver, README)."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.versions.helm_ranges import admits, updated


@pytest.mark.parametrize(
    ("wanted", "version", "is_admitted"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "1.2.4", False),
        ("v1.2.3", "1.2.3", True),
        ("=1.2.3", "1.2.3", True),
        ("1.2", "1.2.9", True),
        ("1.x", "1.9.0", True),
        ("1.x", "2.0.0", False),
        ("*", "0.1.0", True),
        ("*", "0.1.0-rc.1", False),
        (">=0.1.0-0", "0.1.0-rc.1", True),
        ("~1.2.3", "1.2.9", True),
        ("~1.2.3", "1.3.0", False),
        ("~1", "1.9.0", True),
        ("^1.2.3", "1.9.0", True),
        ("^1.2.3", "2.0.0", False),
        ("^0.2.3", "0.2.9", True),
        ("^0.2.3", "0.3.0", False),
        ("^0.0.3", "0.0.4", False),
        ("^0.0", "0.0.9", True),
        ("^0", "0.9.0", True),
        (">= 1.2, < 2.0", "1.9.0", True),
        (">=1.2 <2.0", "2.0.0", False),
        ("1.2.x || 3.x", "3.1.0", True),
        ("1.2.x || 3.x", "2.0.0", False),
        ("1.2 - 1.4.5", "1.4.5", True),
        ("1.2 - 1.4.5", "1.4.6", False),
        ("!=1.2.3", "1.2.4", True),
        (">1.2", "1.3.0", True),
        (">1.2", "1.2.9", False),
        ("<=1.2", "1.2.9", True),
        # one part with a prerelease admits those of the whole group
        (">=0.1.0-0 <3", "2.0.0-rc.1", True),
        (">=0.1.0-0 <3 || 2.x", "2.0.0-rc.1", True),
        (">=0.1.0-0 <2 || 2.x", "2.1.0-rc.1", False),
        ("1.2 - 2.0.0-0", "1.4.0-rc.1", True),
        # without a number, only `*`, `~*` and `>=*` admit everything
        ("~0.0.0", "0.1.0", True),
        ("!=x", "1.2.2", True),
        (">x", "0.2.3", True),
        ("<=x", "0.2.0", False),
        ("^x", "0.1.1", False),
        ("1.1.0 - *", "1.1.1", False),
        ("!=1.2", "1.2.3", False),
        # between two parts is a blank or a comma; one invalid group makes the range invalid
        (">=1<2", "1.5.0", False),
        (">=1,<2", "1.5.0", True),
        ("= 1 0", "1.0.0", False),
        ("1.x || latest", "1.0.0", False),
        ("1 ||", "1.0.0", False),
        ("latest", "1.0.0", False),
        ("", "1.0.0", False),
    ],
)
def test_what_a_range_admits(
    wanted: str, version: str, is_admitted: bool
) -> None:
    assert admits(wanted, version) is is_admitted


@pytest.mark.parametrize(
    ("wanted", "new"),
    [
        ("1.2.3", "1.3.0"),
        ("=1.2.3", "=1.3.0"),
        ("v1.2.3", "v1.3.0"),
        ("^1.2.3", "^1.3.0"),
        ("~1.2.3", "~1.3.0"),
        ("~ 1.2.3", "~ 1.3.0"),
        ("1.2.3-rc.1", "1.3.0"),
        ("1.x", "1.x"),
        (">=1.0.0", ">=1.0.0"),
        (">=1.0.0 <2.0.0", ">=1.0.0 <2.0.0"),
        ("*", "*"),
    ],
)
def test_a_whole_version_follows_and_what_fits_stays(
    wanted: str, new: str
) -> None:
    assert updated(wanted, "1.3.0") == new


@pytest.mark.parametrize(
    "wanted", ["0.x", "~1.2", "<1.3.0", ">=1.0.0 <1.3.0", "none"]
)
def test_what_does_not_admit_the_new_version_is_an_error(wanted: str) -> None:
    with pytest.raises(ReleaseError, match=r"does not admit 1\.3\.0"):
        updated(wanted, "1.3.0")

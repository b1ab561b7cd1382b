"""Cargo's version requirements: what they admit, and how they are updated."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.versions.requirements import admits, followed, updated


@pytest.mark.parametrize(
    "requirement", ["", "one", "1.0.0.0", ">=1.0 <2.0", "^", "1.0.0-"]
)
def test_an_invalid_requirement_is_refused(requirement):
    with pytest.raises(
        ReleaseError, match="is not a valid requirement for cargo"
    ):
        updated(requirement, "1.0.0")


@pytest.mark.parametrize(
    ("requirement", "version"),
    [
        ("<0.2", "0.3.0"),
        (">0.3", "0.3.9"),
        ("<=0.2.0", "0.2.1"),
        (">=0.1, <0.1.5", "0.2.0"),
        ("<1", "0.2.0-rc.1"),
        ("> 3.2.2-rc.3, < 4.5", "5.0.0"),
        ("<=0.3.0-rc.1", "0.3.0"),
        ("> 0.2.2-rc.2, <0", "0.2.2"),
    ],
)
def test_a_bound_that_does_not_admit_the_version_is_refused(
    requirement, version
):
    with pytest.raises(ReleaseError, match="admit"):
        updated(requirement, version)


@pytest.mark.parametrize(
    ("requirement", "yes", "no"),
    [
        ("0.6.14", "0.6.26", "0.7.0"),
        ("0.6.14", "0.6.14", "0.6.13"),
        ("^0.6", "0.6.0", "0.5.9"),
        ("0", "0.9.0", "1.0.0"),
        ("0.0", "0.0.5", "0.1.0"),
        ("0.0.3", "0.0.3", "0.0.4"),
        ("1", "1.9.9", "2.0.0"),
        ("~1.2.3", "1.2.9", "1.3.0"),
        ("~1", "1.9.0", "2.0.0"),
        ("=1.2", "1.2.5", "1.3.0"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("*", "3.0.0", "3.0.0-rc.1"),
        ("1.*", "1.5.0", "2.0.0"),
        ("0.2.x", "0.2.9", "0.3.0"),
        ("1.2.*", "1.2.9", "1.3.0"),
        (">=0.1, <0.3", "0.2.5", "0.3.0"),
        (">0.1.2", "0.1.3", "0.1.2"),
        (">=0.1, <0.4", "0.2.0", "0.3.0-rc.1"),
        ("0.3.0-rc.1", "0.3.0-rc.2", "0.3.0-beta.1"),
        ("0.3.0-rc.1", "0.3.0", "0.3.1-rc.1"),
        ("=0.3.0-rc.1", "0.3.0-rc.1", "0.3.0"),
        ("0.3.0-rc.2", "0.3.1", "0.3.0-rc.1"),
    ],
)
def test_a_requirement_admits_what_cargo_accepts(
    requirement: str, yes: str, no: str
) -> None:
    assert admits(requirement, yes)
    assert not admits(requirement, no)


def test_an_invalid_requirement_admits_nothing() -> None:
    assert not admits("newest", "1.0.0")


@pytest.mark.parametrize(
    ("requirement", "patch", "minor", "major"),
    [
        ("1.2.3", "1.2.4", "1.3.0", "2.0.0"),
        ("^1.2.3", "^1.2.4", "^1.3.0", "^2.0.0"),
        ("~1.2.3", "~1.2.4", "~1.3.0", "~2.0.0"),
        ("=1.2.3", "=1.2.4", "=1.3.0", "=2.0.0"),
        ("1.2.0", "1.2.0", "1.2.0", "2.0.0"),  # older than the crate: a bound
        ("1.2", "1.2", "1.2", "2.0"),
        ("1", "1", "1", "2"),
        ("~1.2", "~1.2", "~1.3", "~2.0"),
        ("1.2.*", "1.2.*", "1.3.*", "2.0.*"),
        (">=1.2.3", ">=1.2.3", ">=1.2.3", ">=1.2.3"),
        (">=1.2, <2", ">=1.2, <2", ">=1.2, <2", ">=2.0, <3"),
        (">=1.0, <3", ">=1.0, <3", ">=1.0, <3", ">=1.0, <3"),
        ("*", "*", "*", "*"),
    ],
)
def test_the_form_of_a_requirement_says_whether_it_follows(
    requirement: str, patch: str, minor: str, major: str
) -> None:
    for version, wanted in (
        ("1.2.4", patch),
        ("1.3.0", minor),
        ("2.0.0", major),
    ):
        assert followed(requirement, version, "1.2.3") == wanted
        assert followed(wanted, version, version) == wanted


def test_without_the_present_version_every_requirement_follows() -> None:
    assert followed("1.2.0", "1.3.0", None) == "1.3.0"

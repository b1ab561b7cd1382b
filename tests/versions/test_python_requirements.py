"""Requirements of Python packages on siblings: which follow, and which stay."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.versions.python_requirements import (
    admits,
    followed,
    read,
    unmet,
)

PRESENT = "0.3.1"


@pytest.mark.parametrize(
    ("specifiers", "patch", "minor", "candidate"),
    [
        ("==0.3.1", "==0.3.2", "==0.4.0", "==0.4.0rc1"),
        ("===0.3.1", "===0.3.2", "===0.4.0", "===0.4.0rc1"),
        ("== 0.3.1", "== 0.3.2", "== 0.4.0", "== 0.4.0rc1"),
        (
            "==0.3.0",
            "==0.3.2",
            "==0.4.0",
            "==0.4.0rc1",
        ),  # does not fit, so it follows
        ("==0.3.*", "==0.3.*", "==0.4.*", "==0.4.*"),
        ("==0.*", "==0.*", "==0.*", "==0.*"),
        ("~=0.3.1", "~=0.3.2", "~=0.4.0", "~=0.4.0rc1"),
        ("~=0.3.0", "~=0.3.0", "~=0.4.0", "~=0.4.0rc1"),
        ("~=0.3", "~=0.3", "~=0.3", "~=0.3"),
        (">=0.3.1", ">=0.3.1", ">=0.3.1", ">=0.3.1"),
        (">=0.1", ">=0.1", ">=0.1", ">=0.1"),
        (">=0.3,<0.4", ">=0.3,<0.4", ">=0.4,<0.5", ">=0.4.0rc1,<0.5"),
        (
            ">=0.3.1, <0.4.0",
            ">=0.3.1, <0.4.0",
            ">=0.4.0, <0.5.0",
            ">=0.4.0rc1, <0.5.0",
        ),
        (">=0.3,<1", ">=0.3,<1", ">=0.3,<1", ">=0.3,<1"),
        (">0.2,!=0.3.0", ">0.2,!=0.3.0", ">0.2,!=0.3.0", ">0.2,!=0.3.0"),
        ("^0.3.1", "^0.3.2", "^0.4.0", "^0.4.0rc1"),
        ("^0.3", "^0.3", "^0.4", "^0.4.0rc1"),
        ("~0.3.1", "~0.3.2", "~0.4.0", "~0.4.0rc1"),
        ("0.3.1", "0.3.2", "0.4.0", "0.4.0rc1"),
        ("*", "*", "*", "*"),
        ("", "", "", ""),
    ],
)
def test_the_form_of_a_requirement_says_whether_it_follows(
    specifiers: str, patch: str, minor: str, candidate: str
) -> None:
    assert followed(specifiers, "0.3.2", PRESENT) == patch
    assert followed(specifiers, "0.4.0", PRESENT) == minor
    assert followed(specifiers, "0.4.0-rc.1", PRESENT) == candidate


@pytest.mark.parametrize(
    "specifiers",
    ["<0.4", "<=0.3.1", "!=0.4.0", ">=0.3,<0.3.5", "==0.3.1,<0.4", ">1"],
)
def test_a_form_that_cannot_admit_the_new_version_is_refused(
    specifiers: str,
) -> None:
    with pytest.raises(ReleaseError, match=r"does not admit 0\.4\.0"):
        followed(specifiers, "0.4.0", PRESENT)


@pytest.mark.parametrize(
    ("specifiers", "version"),
    [("==0.3.1", "0.3.1"), ("~=0.3.1", "0.3.1"), ("==0.3.1", "0.3.2-rc.1")],
)
def test_a_second_time_changes_nothing(specifiers: str, version: str) -> None:
    once = followed(specifiers, version, PRESENT)
    assert followed(once, version, version) == once
    assert followed(once, version, PRESENT) == once


@pytest.mark.parametrize(
    ("text", "name", "specifiers"),
    [
        ("acme-core==0.3.1", "acme-core", "==0.3.1"),
        (
            "acme.core [x,y] >= 0.3, < 0.4 ; python_version < '3.12'",
            "acme.core",
            ">= 0.3, < 0.4",
        ),
        ("acme_core (==0.3.1)", "acme_core", "==0.3.1"),
        ("acme-core[all]", "acme-core", ""),
        ("acme-core; sys_platform == 'linux'", "acme-core", ""),
        ("acme-core~=0.3 # the oldest", "acme-core", "~=0.3"),
    ],
)
def test_a_requirement_is_read(text: str, name: str, specifiers: str) -> None:
    found = read(text)
    assert found is not None
    assert (found.name, found.specifiers) == (name, specifiers)
    assert text[found.start : found.end] == specifiers


@pytest.mark.parametrize(
    "text", ["acme @ https://x/acme-0.3.1.whl", "-r other.txt", ""]
)
def test_a_text_without_a_version_requirement_is_none(text: str) -> None:
    assert read(text) is None


def test_an_invalid_specifier_admits_nothing() -> None:
    assert not admits(">=newest", "1.0.0")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("Kit.Core==0.1.0",), [("kit-core", "==0.1.0")]),
        (("kit_core (>=0.1,<0.2)",), [("kit-core", "<0.2,>=0.1")]),
        (
            ("kit-core~=0.1.0 ; extra == 'all'", "kit-core"),
            [("kit-core", "~=0.1.0")],
        ),
        (
            ("kit-core==0.1 ; python_version<'3'", "kit-core==0.1.*"),
            [("kit-core", "==0.1")],
        ),
        (("kit-core>=0.1", "left==0.1.0", "kit-core"), []),
        (("kit-core==0.1 ; python_version<'3'", "kit-core==0.2.0"), []),
        (("kit-core @ https://example.org/kit.whl", "not a requirement"), []),
    ],
)
def test_what_a_built_file_requires_is_compared_with_what_is_released(
    rows: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert list(unmet(rows, {"kit-core": "0.2.0"})) == expected

"""Errors and problems: none hides another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from release_tasks.errors import (
    MultipleErrors,
    Problem,
    ReleaseError,
    collect,
    collect_problems,
    of_disk,
    raise_problems,
)


def test_collect_hides_no_error_behind_another() -> None:
    def look() -> Iterator[ReleaseError]:
        yield ReleaseError("one")
        raise ReleaseError("two")

    assert [error.problem for error in collect(look)] == ["one", "two"]


def test_an_error_that_ends_a_check_is_a_problem_beside_those_found_before() -> (
    None
):
    def look() -> Iterator[Problem]:
        yield Problem("one", "fix one", "file", 3)
        raise MultipleErrors(
            [ReleaseError("two", "fix two"), ReleaseError("three", "fix three")]
        )

    assert collect_problems(look) == [
        Problem("one", "fix one", "file", 3),
        Problem("two", "fix two"),
        Problem("three", "fix three"),
    ]
    assert collect_problems(lambda: None) == []


def test_problems_are_raised_together() -> None:
    raise_problems([])
    with pytest.raises(ReleaseError, match=r"^one\nfix: fix one$"):
        raise_problems([Problem("one", "fix one")])
    with pytest.raises(
        MultipleErrors, match=r"^2 problems\none\ntwo\nfix: fix two$"
    ):
        raise_problems([Problem("one"), Problem("two", "fix two")])


@pytest.mark.parametrize(
    ("error", "fact", "fix"),
    [
        (
            PermissionError(13, "Permission denied", "/x/a b"),
            "/x/a b cannot be opened: Permission denied",
            "ls -ld '/x/a b'",
        ),
        (
            OSError(30, "Read-only file system", b"/x"),
            "/x cannot be opened: Read-only file system",
            "ls -ld /x",
        ),
        (
            OSError(28, "No space left on device"),
            "a file cannot be written: No space left on device",
            "df -h",
        ),
    ],
)
def test_a_closed_file_or_a_full_disk_is_no_bug(
    error: OSError, fact: str, fix: str
) -> None:
    shown = of_disk(error)
    assert shown is not None
    assert (shown.problem, shown.fix) == (fact, fix)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "/x"),
        PermissionError(13, "Permission denied"),
        OSError("anything"),
    ],
)
def test_what_may_be_a_bug_keeps_its_traceback(error: OSError) -> None:
    assert of_disk(error) is None

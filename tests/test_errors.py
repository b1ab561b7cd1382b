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

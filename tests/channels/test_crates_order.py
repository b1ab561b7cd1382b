"""How many crates one call of cargo uploads: as many as have no circle among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.channels import crates_order
from release_tasks.tools.cargo import Member

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("tests_with", "batches"),
    [
        ({}, ["abcd"]),
        ({"a": "b"}, ["a", "bcd"]),
        ({"b": "d"}, ["abc", "d"]),
        ({"a": "b", "c": "d"}, ["a", "bc", "d"]),
        ({"a": "d"}, ["abc", "d"]),
    ],
)
def test_a_batch_ends_before_the_crate_that_closes_a_circle(
    tests_with: dict[str, str], batches: list[str]
) -> None:
    """Each crate needs the one before it; a dev-dependency leads to a later one."""
    members = []
    for number, name in enumerate("abcd"):
        needs = ("abcd"[number - 1],) if number else ()
        tests = tuple(tests_with.get(name, ""))
        members.append(
            Member(name, "1.0.0", Path(name), True, needs, (), tests)
        )
    found = crates_order.batches(members)
    assert ["".join(one.name for one in batch) for batch in found] == batches


def test_nothing_is_no_batch() -> None:
    assert list(crates_order.batches(())) == []

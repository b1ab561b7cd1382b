"""Which command corrects what a gate of cargo finds."""

from __future__ import annotations

import pytest

from release_tasks.tools.cargo import fixes

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ("cargo fmt --all --check", "cargo fmt --all"),
        ("cargo fmt --all -- --check", "cargo fmt --all"),
        (
            "cargo fmt -- --check --edition 2021",
            "cargo fmt -- --edition 2021",
        ),
        ("cargo +nightly fmt --check", "cargo +nightly fmt"),
        (
            "cargo clippy --all-targets -- -D warnings",
            "cargo clippy --fix --allow-dirty --allow-staged --all-targets -- -W warnings",
        ),
        (
            "cargo clippy -- -Dwarnings",
            "cargo clippy --fix --allow-dirty --allow-staged -- -Wwarnings",
        ),
        ("cargo fmt", None),  # it formats already
        ("cargo test", None),
        ("cargo", None),
        ("ruff check", None),
    ],
)
def test_a_gate_is_corrected_by_its_own_command(
    gate: str, expected: str | None
) -> None:
    found = fixes.of(tuple(gate.split()))
    assert (" ".join(found.argv) if found else None) == expected

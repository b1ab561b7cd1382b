"""Which command corrects what a gate finds."""

from __future__ import annotations

import pytest

from release_tasks.tools import fixes

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
        ("ruff format --check .", "ruff format ."),
        ("ruff format --check --diff", "ruff format"),
        ("ruff format .", None),
        ("ruff check src", "ruff check --fix --exit-zero src"),
        ("ruff check --fix .", None),
        ("ruff --version", None),
        ("uv run ruff format --check", "uv run ruff format"),
        ("python -m black --check .", "python -m black ."),
        ("black .", None),
        ("poetry run isort --check-only src", "poetry run isort src"),
        ("isort -c --diff .", "isort ."),
        ("npx prettier --check .", "npx prettier --write ."),
        ("pnpm exec prettier -l src", "pnpm exec prettier --write src"),
        ("prettier .", None),  # it prints the files
        ("taplo fmt --check", "taplo fmt"),
        ("deno fmt --check", "deno fmt"),
        ("terraform fmt -check -recursive", "terraform fmt -recursive"),
        ("npm run format-check", None),  # nobody knows what corrects it
        ("make black --check", None),
        ("uv run --group lint ruff format --check", None),
        ("uv run", None),
        ("sh -c cargo", None),
    ],
)
def test_a_gate_is_corrected_by_its_own_command(
    gate: str, expected: str | None
) -> None:
    found = fixes.of(tuple(gate.split()))
    assert (" ".join(found.argv) if found else None) == expected

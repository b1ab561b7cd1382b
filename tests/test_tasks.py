"""What a task does with its options: repeated ones, and those that every task has."""

from __future__ import annotations

import os

import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.program import Program

from release_tasks.display import amount
from release_tasks.display.amount import Amount
from release_tasks.errors import ReleaseError
from release_tasks.tasks import command

pytestmark = pytest.mark.quick
seen: list[object] = []


@command
def publish(
    c: Context, version: str | None = None, new: str | None = None
) -> None:
    """Publish it."""
    seen.append((version, new))


@command
def stop(c: Context) -> None:
    """Stop."""
    raise ReleaseError("it is wrong", "inv check", file="a.toml", line=2)


def run(*words: str) -> object:
    seen.clear()
    program = Program(namespace=Collection(publish, stop), version="1")
    program.run(["inv", *words], exit=False)
    return seen[-1] if seen else None


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(amount.VARIABLE, "quiet")


@pytest.mark.parametrize(
    ("words", "new"),
    [
        ([], None),
        (["--new", "a"], "a"),
        (["--new", "a", "--new", "b,c"], "a,b,c"),
        (["--new=all"], "all"),
    ],
)
def test_new_can_be_repeated_and_takes_a_list(
    words: list[str], new: str | None
) -> None:
    assert run("publish", *words) == (None, new)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["publish"], Amount.QUIET),
        (["publish", "--verbose"], Amount.VERBOSE),
        (["--echo", "publish"], Amount.ECHO),
        (["--echo", "publish", "--verbose"], Amount.VERBOSE),
    ],
)
def test_verbose_and_echo_show_more(words: list[str], wanted: Amount) -> None:
    assert run(*words) == (None, None)
    assert os.environ[amount.VARIABLE] == wanted


def test_an_error_is_printed_once_with_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("stop")
    assert capsys.readouterr().err.splitlines() == [
        "error: it is wrong",
        "  --> a.toml:2",
        "  help: inv check",
    ]


def test_in_a_rehearsal_a_fix_says_that_it_is_for_a_real_release(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(amount.REHEARSAL, "1")
    run("stop")
    assert "help: in a real release: inv check" in capsys.readouterr().err

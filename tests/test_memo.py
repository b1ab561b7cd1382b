"""What was asked is not asked again until something has acted, by however many threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from support.contexts import context

from release_tasks import files, memo, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many


class Source:
    """Something to ask, which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.barrier = threading.Event()

    @memo.memoized
    def number(self, name: str) -> int:
        self.asked.append(name)
        if name == "none":
            raise ReleaseError("there is no such number")
        if name == "slow":
            self.barrier.wait()
        return len(self.asked)

    def answer_last(self, name: str) -> int:
        """Ask for a number; "answer" lets the slow one be answered."""
        if name == "answer":
            self.barrier.set()
            return 0
        return self.number(name)


def test_everything_is_asked_again_where_things_may_change() -> None:
    source = Source()
    assert [source.number("one"), source.number("one")] == [1, 2]


def test_an_answer_is_remembered_to_the_end_of_the_outermost_block() -> None:
    source = Source()
    with memo.memoizing():
        assert [
            source.number("one"),
            source.number("one"),
            source.number("two"),
        ] == [
            1,
            1,
            2,
        ]
        with memo.memoizing():
            assert source.number("one") == 1
    assert source.number("one") == 3


def test_an_error_is_an_answer_too() -> None:
    source = Source()
    with memo.memoizing():
        for _ in range(2):
            with pytest.raises(ReleaseError, match="no such number"):
                source.number("none")
    assert source.asked == ["none"]


def test_threads_that_want_the_same_wait_for_the_one_that_asks() -> None:
    source = Source()
    with memo.memoizing():
        memo.prefetch(source.number, "slow")
        # the last of them begins when the others have
        words = ["slow"] * 5 + ["answer"]
        assert get_many(source.answer_last, words) == [1] * 5 + [0]
    assert source.asked == ["slow"]


def test_what_is_asked_ahead_fails_for_those_who_need_it() -> None:
    source = Source()
    # nobody remembers it here, so it is not asked
    memo.prefetch(source.number, "none")
    assert source.asked == []
    with memo.memoizing():
        memo.prefetch(source.number, "none")
        with pytest.raises(ReleaseError, match="no such number"):
            source.number("none")
    assert source.asked == ["none"]


def test_what_acts_makes_all_answers_old_and_a_dry_run_does_not_act(
    tmp_path: Path,
) -> None:
    source = Source()
    with memo.memoizing():
        source.number("one")
        shell.do(context(dry=True), ["true"])
        assert source.number("one") == 1
        shell.do(context(), ["true"])
        assert source.number("one") == 2
        files.write_all(context(dry=True), {tmp_path / "version": "0.2.0"})
        assert source.number("one") == 2
        files.write_all(context(), {tmp_path / "version": "0.2.0"})
        assert source.number("one") == 3


class Parts:
    """Answers that depend on different things."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @memo.memoized_on(memo.On.GIT)
    def commit(self) -> None:
        self.asked.append("commit")

    @memo.memoized_on(memo.On.REMOTE)
    def branches(self) -> None:
        self.asked.append("branches")

    @memo.memoized_on()
    def folder(self) -> None:
        self.asked.append("folder")

    def ask(self) -> list[str]:
        self.asked.clear()
        self.commit()
        self.branches()
        self.folder()
        return self.asked


def test_what_changes_one_thing_leaves_the_answers_about_others() -> None:
    parts = Parts()
    with memo.memoizing():
        assert parts.ask() == ["commit", "branches", "folder"]
        with memo.changing(memo.On.GIT):
            shell.do(context(), ["true"])
        assert parts.ask() == ["commit"]
        shell.do(context(), ["true"])
        assert parts.ask() == ["commit", "branches"]


def test_what_was_waited_for_is_asked_again() -> None:
    parts = Parts()
    with memo.memoizing():
        parts.ask()
        terminal.pause(0, "waiting for the branch")
        assert parts.ask() == ["commit", "branches"]

"""A wait is one line that counts on a terminal, and is printed once everywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from release_tasks import terminal
from release_tasks.errors import ReleaseError

WAITS = """
from release_tasks import terminal
looks = ["the upload", "the upload", "the index", ""]
terminal.wait_for(lambda: looks.pop(0), 60)
terminal.say("done")
"""


def on_a_terminal(**env: str) -> str:
    ours, theirs = pty.openpty()
    known = {key: value for key, value in os.environ.items() if key != "CI"}
    subprocess.run(
        [sys.executable, "-c", WAITS],
        stderr=theirs,
        env=known | env,
        check=True,
    )
    os.close(theirs)
    with os.fdopen(ours, "rb") as file:
        return file.read1(100_000).decode()


def test_on_a_terminal_a_wait_is_redrawn_and_erased_at_the_end() -> None:
    said = on_a_terminal().replace("\r\n", "\n")
    assert "\r\x1b[2Kwaiting for the upload (0 s)" in said
    assert said.count("\n") == 1
    assert said.endswith("\r\x1b[2Kdone\n")


def test_in_ci_a_wait_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = ["waiting for the upload", "waiting for the index", "done"]
    assert on_a_terminal(CI="true").split("\r\n")[:3] == plain
    done = subprocess.run(
        [sys.executable, "-c", WAITS],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == plain


def test_a_wait_ends_with_an_error_after_its_time() -> None:
    with pytest.raises(
        ReleaseError, match="gave up waiting for rain after 0 s"
    ) as raised:
        terminal.wait_for(lambda: "rain", 0.0)
    assert raised.value.fix


def test_what_is_kept_for_the_end_is_said_twice(
    capfd: pytest.CaptureFixture[str],
) -> None:
    terminal.say_remembered()  # what other tests have left
    terminal.say_at_end("latest stays")
    terminal.say_at_end("latest stays")
    capfd.readouterr()
    terminal.say_remembered()
    terminal.say_remembered()
    assert capfd.readouterr().err == "latest stays\n"

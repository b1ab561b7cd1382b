"""A wait is one line that counts on a terminal, and is said once everywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from release_tasks import terminal
from release_tasks.errors import ReleaseError

WAITS = """
from release_tasks import shell
looks = ["the shop to open", "the shop to open", "the till to open", ""]
shell.wait_for(lambda: looks.pop(0), 60)
shell.say("it is open")
"""


def on_a_terminal(**env: str) -> str:
    ours, theirs = pty.openpty()
    known = {key: value for key, value in os.environ.items() if key != "CI"}
    subprocess.run([sys.executable, "-c", WAITS], stderr=theirs, env=known | env, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb") as file:
        return file.read1(100_000).decode()


def test_on_a_terminal_a_wait_is_drawn_over_and_gone_at_the_end() -> None:
    said = on_a_terminal().replace("\r\n", "\n")
    assert "\r\x1b[2Kwaiting for the shop to open (0 s)" in said
    assert said.count("\n") == 1
    assert said.endswith("\r\x1b[2Kit is open\n")


def test_in_ci_a_wait_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    plain = ["waiting for the shop to open", "waiting for the till to open", "it is open"]
    assert on_a_terminal(CI="true").split("\r\n")[:3] == plain
    done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == plain


def test_a_wait_in_vain_ends() -> None:
    with pytest.raises(ReleaseError, match="waited 0 s in vain for rain") as told:
        terminal.wait_for(lambda: "rain", 0.0)
    assert told.value.fix

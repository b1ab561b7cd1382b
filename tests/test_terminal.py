"""A wait is one line that counts on a terminal, and is printed once everywhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.screen import on_a_terminal, python, screen

from manual.terminal import NOT_PASSED
from release_tasks import terminal
from release_tasks.display.messages import Message
from release_tasks.errors import ReleaseError

WAITS = """
from release_tasks import terminal
looks = ["the upload", "the upload", "the index", ""]
terminal.wait_for(lambda: looks.pop(0), 60)
terminal.say("done")
terminal.end_task()
"""


def test_on_a_terminal_a_wait_is_redrawn_and_erased_at_the_end() -> None:
    code, said = on_a_terminal(python(WAITS))
    assert code == 0
    assert "waiting for the upload (0 s)" in said or "(1 s)" in said
    assert screen(said) == ["done"]


def test_in_ci_a_wait_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = ["waiting for the upload", "waiting for the index", "done"]
    _, said = on_a_terminal(python(WAITS), CI="true")
    assert said.split("\r\n")[:3] == plain
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
    terminal.show_remembered()  # what other tests have left
    stays = Message("warning", "latest stays")
    terminal.show_at_end(stays)
    terminal.show_at_end(stays)
    capfd.readouterr()
    terminal.show_remembered()
    terminal.show_remembered()
    assert capfd.readouterr().err == "warning: latest stays\n"


STEPS = """
import sys
from pathlib import Path
from support.contexts import context
from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError
terminal.keep_logs_in(Path({folder!r}))
with terminal.folded("build"):
    with terminal.running("build"):
        shell.do(context(), [sys.executable, "-c", "print('compiling a')"])
        terminal.notice("built on a slow machine")
        terminal.say("built two files")
    with terminal.running("package"):
        terminal.say("nothing to do, no charts")
terminal.end_task()
"""
FAILS = """
import sys
from pathlib import Path
from support.contexts import context
from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError
terminal.keep_logs_in(Path({folder!r}))
try:
    with terminal.running("build"):
        shell.do(context(), [sys.executable, "-c", {child!r}])
except ReleaseError as error:
    terminal.show_error(error.in_step("build"))
terminal.end_task()
"""
CHILD = "print(*range(40), sep='\\n'); raise SystemExit(3)"


def script(text: str, folder: Path, **values: str) -> tuple[str, ...]:
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    return python(path + text.format(folder=str(folder), **values))


def test_on_a_terminal_a_step_that_ended_is_one_line_with_a_fact(
    tmp_path: Path,
) -> None:
    code, said = on_a_terminal(script(STEPS, tmp_path))
    assert code == 0, said
    lines = screen(said)
    assert lines[0] == "build: built on a slow machine"
    assert re.fullmatch(r"✓ build {12}built two files +\d s", lines[1])
    assert re.fullmatch(
        r"· package {10}nothing to do, no charts +\d s", lines[2]
    )
    assert {len(line) for line in lines[1:]} == {79}
    assert len(lines) == 3
    log = (tmp_path / "build.log").read_text().splitlines()
    assert log[1:] == [
        "  compiling a",
        "built on a slow machine",
        "built two files",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(
    tmp_path: Path, columns: int
) -> None:
    _, said = on_a_terminal(script(STEPS, tmp_path), columns)
    assert max(map(len, screen(said))) <= columns


def test_a_program_that_failed_shows_its_last_lines_once_and_names_its_log(
    tmp_path: Path,
) -> None:
    _, said = on_a_terminal(script(FAILS, tmp_path, child=CHILD))
    lines = screen(said)
    assert re.fullmatch(r"✗ build {12}failed +\d s", lines[0])
    assert lines.count("    39") == 1
    assert "    24" not in lines
    assert lines[-1] == f"  the whole log: {tmp_path}/build.log"
    assert (tmp_path / "build.log").read_text().count("\n  39") == 1


def test_in_a_pipe_nothing_of_programs_is_shown(tmp_path: Path) -> None:
    done = subprocess.run(
        script(STEPS, tmp_path),
        capture_output=True,
        text=True,
        check=True,
        env=plain_environment(),
    )
    assert done.stderr.splitlines() == [
        "build: built on a slow machine",
        "build: built two files",
        "package: nothing to do, no charts",
    ]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("echo", ["build: $"]), ("verbose", ["build: $", "build:   compiling a"])],
)
def test_more_is_shown_where_it_is_asked_for(
    tmp_path: Path, amount: str, shown: list[str]
) -> None:
    env = plain_environment() | {"RELEASE_TASKS_OUTPUT": amount}
    done = subprocess.run(
        script(STEPS, tmp_path),
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    lines = done.stderr.splitlines()[: len(shown)]
    pairs = zip(lines, shown, strict=True)
    assert all(line.startswith(start) for line, start in pairs), lines


def test_on_github_a_stage_is_folded_and_followed_by_one_line_for_each_step(
    tmp_path: Path,
) -> None:
    env = plain_environment() | {"CI": "true", "GITHUB_ACTIONS": "true"}
    done = subprocess.run(
        script(STEPS, tmp_path),
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    lines = done.stderr.splitlines()
    assert lines[0] == "::group::build"
    assert "build:   compiling a" in lines
    end = lines.index("::endgroup::")
    assert re.fullmatch(r"[✓+] build +built two files \(\d s\)", lines[end + 1])
    assert len(lines) == end + 3


def test_every_error_is_an_annotation_on_github(tmp_path: Path) -> None:
    env = plain_environment() | {"CI": "true", "GITHUB_ACTIONS": "true"}
    done = subprocess.run(
        script(FAILS, tmp_path, child=CHILD),
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    found = [
        line for line in done.stderr.splitlines() if line.startswith("::error")
    ]
    assert len(found) == 1
    assert "ended with status 3%0A" in found[0]


@pytest.mark.parametrize(
    ("env", "is_colored"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"CI": "true", "FORCE_COLOR": "1"}, True),
        ({"CI": "true"}, False),
    ],
)
def test_colors_follow_the_terminal_and_the_variables(
    tmp_path: Path, env: dict[str, str], is_colored: bool
) -> None:
    _, said = on_a_terminal(script(FAILS, tmp_path, child=CHILD), **env)
    assert ("\x1b[1;31merror\x1b[0m" in said) is is_colored


def plain_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in NOT_PASSED
    }


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "/x/venv/bin/python -P -m maturin build --release",
            "maturin build --release",
        ),
        ("python3.12 -m build --wheel", "build --wheel"),
        ("env A=1 B=/x/y /usr/bin/cargo publish", "cargo publish"),
        ("python script.py -m x", "python script.py -m x"),
        ("git push origin v1", "git push origin v1"),
    ],
)
def test_what_a_step_does_begins_with_the_name_of_its_program(
    line: str, shown: str
) -> None:
    assert terminal._program_and_words(line) == shown


def test_what_a_check_has_said_is_not_said_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    fact = ["2 lines are old:", "  a:1: x", "  b:2: y"]
    terminal.notice_unless_shown(fact, "add them")
    terminal.show_messages([Message("warning", "\n".join(fact), "add them")])
    assert capfd.readouterr().err.count("a:1: x") == 2
    terminal.notice_unless_shown(fact, "add them")
    assert capfd.readouterr().err == ""
    terminal.notice_unless_shown([*fact, "  c:3: z"], "add them")
    assert "c:3: z" in capfd.readouterr().err

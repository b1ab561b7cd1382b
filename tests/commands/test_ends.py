"""How commands end early: Ctrl-C, or a reader of stdout that stops reading."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiny_project import TINY, TinyProject, tiny_project
from support.waiting import SECONDS, HeldRequest, wait_until

INV = (sys.executable, "-m", "invoke")


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (("status",), "run `inv status` again"),
        (
            ("plan", "--version", "0.2.0", "--json"),
            "run `inv plan --version 0.2.0 --json` again",
        ),
        (
            ("check", "--version", "0.2.0", "--fast"),
            "run `inv check --version 0.2.0 --fast` to resume",
        ),
    ],
)
@pytest.mark.tools("gh")
def test_ctrl_c_ends_a_command_at_once_and_prints_how_to_continue(
    tiny: TinyProject, words: tuple[str, ...], fix: str
) -> None:
    slow = HeldRequest("GET", "/simple/tiny-plain")
    tiny.registries.faults.add(slow)
    process = subprocess.Popen(
        [*INV, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(slow.arrived.is_set, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    slow.released.set()
    assert process.returncode == 130, said
    assert said.endswith(f"error: interrupted\n  help: {fix}\n")
    assert "Traceback" not in said


def test_a_reader_that_stops_reading_is_not_an_error(tiny: TinyProject) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*INV, "settings"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_init_works_without_a_tasks_py(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path / "empty"], check=True)
    monkeypatch.chdir(tmp_path / "empty")
    done = subprocess.run(
        [sys.executable, "-m", "release_tasks", "init"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"wrote tasks.py", "wrote release-tasks.toml"} <= set(
        done.stderr.splitlines()
    )
    assert (
        subprocess.run(
            [*INV, "settings"], capture_output=True, check=False
        ).returncode
        == 0
    )

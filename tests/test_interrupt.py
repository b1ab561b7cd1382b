"""Ctrl-C ends every child, leaves nothing behind, and the same line goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hosted_project import HostedProject, hosted_project
from support.processes import running

from release_tasks.rehearsal.faults import Fault

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "buildkitd", "runc", "helm"),
]
RELEASE = ("release", "--version", "0.2.0", "--new", "all")


def interrupt(
    kit: HostedProject, where: Path, when: Callable[[str], object], *words: str
) -> tuple[int, str]:
    """Start `inv`, press Ctrl-C as soon as `when` is true of what it has printed, and return how it ended."""
    log = kit.folder / "interrupted.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "invoke", *words],
            cwd=where,
            env=kit.environment(),
            stdout=sink,
            stderr=sink,
        )
        deadline = time.monotonic() + 300
        while not when(log.read_text()) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    return process.returncode, log.read_text()


def left_behind(kit: HostedProject) -> list[str]:
    """Return the processes that belong to this test, and what lies in its temporary folder."""
    return [path.name for path in (kit.folder / "tmp").iterdir()] + running(
        f"TMPDIR={kit.folder}/tmp"
    )


def test_ctrl_c_at_many_moments_leaves_a_state_from_which_the_same_line_goes_on(
    tmp_path: Path,
) -> None:
    with hosted_project(tmp_path) as kit:
        clone = kit.clone()
        moments: list[Callable[[str], object]] = [
            lambda said, words=words: words in said
            for words in (
                "Starting session clippy",
                "set version",
                "cargo rustc",
                "-m build --wheel",
                "docker buildx build",
            )
        ]
        for fault in (
            Fault("PUT", r"/v2/example/kit/manifests/0\.2\.0", delay=3),
            Fault("PUT", "/api/v1/crates/new", delay=3),
            Fault("DELETE", "/repos/example/kit/releases/assets", delay=3),
        ):
            kit.registries.faults.add(fault)
            moments.append(lambda _, fault=fault: not fault.times)
        for moment in moments:
            code, said = interrupt(kit, clone, moment, *RELEASE)
            assert code == 130, said[-2000:]
            assert said.endswith(
                "interrupted\nfix: run `inv release --version 0.2.0` to resume\n"
            ), said[-2000:]
            assert "Traceback" not in said
            assert left_behind(kit) == []

        ran = kit.inv(clone, *RELEASE)

        assert ran.code == 0, ran.err[-3000:]
        assert kit.inv(clone, "status", "--version", "0.2.0").code == 0
        assert len([row for row in kit.uploads() if "crates/new" in row]) == 2
        [release] = kit.registries.github.releases("example", "kit")
        assert not release["draft"]


def test_ctrl_c_in_a_single_step_ends_its_children(tmp_path: Path) -> None:
    with hosted_project(tmp_path) as kit:
        clone = kit.clone()
        for step in ("bump", "tag"):
            assert kit.inv(clone, step, "--version", "0.2.0").code == 0
        code, said = interrupt(
            kit, clone, lambda said: "-m build" in said, "build-wheels", "--version", "0.2.0"
        )
        assert code == 130, said
        assert said.endswith(
            "interrupted\nfix: run `inv build-wheels --version 0.2.0` to resume\n"
        ), said
        assert "Traceback" not in said
        assert left_behind(kit) == []
        assert kit.inv(clone, "build-wheels", "--version", "0.2.0").code == 0

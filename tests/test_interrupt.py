"""Ctrl-C ends every child, leaves nothing behind, and the same line goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hosted_project import CommandResult, HostedProject, hosted_project
from support.processes import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools("cargo", "gh", "docker", "buildkitd", "runc", "helm"),
]
RELEASE = ("release", "--version", "0.2.0", "--new", "all")
INTERRUPTED = "interrupted\n  help: run `inv {} --version 0.2.0{}` to resume\n"


PRINTED = (  # when Ctrl-C is pressed: as soon as this is printed,
    "Starting session clippy",
    "set version",
    "cargo rustc",
    "-m build --wheel",
    "docker buildx build",
)
HELD = (  # and while such a request is handled
    ("PUT", r"/v2/example/kit/manifests/0\.2\.0"),
    ("PUT", "/api/v1/crates/new"),
    ("DELETE", "/repos/example/kit/releases/assets"),
)


def is_printed(words: str) -> Callable[[str], bool]:
    return lambda text: words in text


def assert_interrupted(
    kit: HostedProject, ran: CommandResult, command: str = "release"
) -> None:
    """Assert that a command ended as it should, and that nothing remains of it."""
    assert ran.code == 130, ran.err[-2000:]
    given = " --new all" if command == "release" else ""
    said = INTERRUPTED.format(command, given)
    assert ran.err.endswith(said), ran.err[-2000:]
    assert "Traceback" not in ran.err
    temporary = kit.folder / "tmp"
    assert list(temporary.iterdir()) == []
    assert running(f"TMPDIR={temporary}") == []


@pytest.mark.long
def test_ctrl_c_at_many_moments_leaves_a_state_from_which_the_same_line_goes_on(
    tmp_path: Path,
) -> None:
    with hosted_project(tmp_path) as kit:
        clone = kit.clone()
        for words in PRINTED:
            ran = kit.signal_when(
                signal.SIGINT, is_printed(words), clone, *RELEASE
            )
            assert_interrupted(kit, ran)
        for request in HELD:
            ran = kit.signal_during(signal.SIGINT, request, clone, *RELEASE)
            assert_interrupted(kit, ran)

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
        argv = ("build-wheels", "--version", "0.2.0")
        ran = kit.signal_when(
            signal.SIGINT, is_printed("-m build"), clone, *argv
        )
        assert_interrupted(kit, ran, "build-wheels")
        assert kit.inv(clone, *argv).code == 0

"""The builder: the user's own where it can do the work, else one that leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from invoke.context import Context
from support.contexts import context
from support.local_registries import local_registries

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.tools.docker import buildkit

pytestmark = pytest.mark.tools("docker", "buildkitd", "runc")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A folder for everything temporary, short enough for a socket."""
    with (
        tempfile.TemporaryDirectory(prefix="rt-") as folder,
        local_registries(tmp_path, monkeypatch),
    ):
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def buildx(*words: str) -> str:
    return subprocess.run(
        ["docker", "buildx", *words], capture_output=True, text=True, check=True
    ).stdout


def running(folder: Path) -> bool:
    """Whether a process has the folder in its command line."""
    lines = [
        Path(f"/proc/{pid}/cmdline")
        for pid in os.listdir("/proc")
        if pid.isdigit()
    ]
    return any(
        str(folder).encode() in line.read_bytes()
        for line in lines
        if line.exists()
    )


def test_a_builder_of_our_own_runs_for_the_length_of_the_block(temporary):
    before = buildx("ls")
    with buildkit.builder(Context()) as env:
        assert running(temporary)
        shown = subprocess.run(
            ["docker", "buildx", "inspect"],
            env=os.environ | env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Status:           running" in shown.stdout
        assert buildx("ls") == before
    assert not running(temporary)
    assert list(temporary.iterdir()) == []


def test_an_interrupt_leaves_no_builder_behind(temporary):
    with pytest.raises(KeyboardInterrupt), buildkit.builder(Context()):
        raise KeyboardInterrupt
    assert not running(temporary)
    assert list(temporary.iterdir()) == []


def test_the_builder_that_the_user_chose_is_used_and_stays(temporary):
    address = f"unix://{temporary}/theirs.sock"
    argv = [
        "buildkitd",
        f"--addr={address}",
        f"--root={temporary}/theirs",
        "--oci-worker-net=host",
        "--oci-worker-snapshotter=native",
        "--containerd-worker=false",
    ]
    with shell.running(argv) as process:
        while not (temporary / "theirs.sock").exists():
            assert process.poll() is None
            terminal.pause(0.05)
        buildx("create", "--name=theirs", "--driver=remote", "--use", address)
        with buildkit.builder(Context()) as env:
            assert env == {}
        assert process.poll() is None
        assert "theirs" in buildx("ls")


def test_no_builder_and_no_buildkitd_is_an_error_with_the_command_that_makes_one(
    temporary, monkeypatch
):
    folder = temporary / "bin"
    folder.mkdir()
    (folder / "docker").symlink_to(str(shell.found("docker")))
    monkeypatch.setenv("PATH", str(folder))
    with (
        pytest.raises(ReleaseError, match="no builder") as caught,
        buildkit.builder(Context()),
    ):
        pass
    assert caught.value.fix.startswith("docker buildx create --use")


def test_a_deep_temporary_folder_is_no_obstacle(temporary, monkeypatch):
    deep = temporary / ("deep" * 30)
    deep.mkdir()
    # longer than a socket's name may be
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with buildkit.builder(Context()) as env:
        said = shell.ask(
            ["docker", "buildx", "inspect", "--bootstrap"], env=env
        )
        assert "running" in said
    assert list(deep.iterdir()) == []


def test_a_buildkitd_that_does_not_start_says_why(temporary, monkeypatch):
    folder = temporary / "bin"
    folder.mkdir()
    (folder / "buildkitd").write_text(
        "#!/bin/sh\necho no room left >&2\nexit 1\n"
    )
    (folder / "buildkitd").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    with (
        pytest.raises(
            ReleaseError, match="buildkitd did not start: no room left"
        ),
        buildkit.builder(Context()),
    ):
        pass


def test_a_dry_run_starts_no_builder(temporary):
    with buildkit.builder(context(dry=True)) as env:
        assert env == {}
        assert list(temporary.iterdir()) == []

"""A builder for images: docker's current one where it can build them, else one of our own."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines
from release_tasks.memo import memoized

START = 30.0  # seconds that buildkitd may take to listen
LONGEST_FOLDER = 80  # characters; the path of a socket in it may have 104 bytes
NAME = "release-tasks"


@contextmanager
def builder(c: Context) -> Iterator[Mapping[str, str]]:
    """Give the variables with which `docker buildx build` finds a builder.

    A builder of our own ends with the block. Raises `ReleaseError` where docker has none and
    none can be started.
    """
    if shell.is_dry(c) or is_usable():
        yield {}
        return
    if error := refusal():
        raise error
    with files.scratch("builder") as folder, _buildkitd(folder) as address:
        # Our own configuration: the user's builders stay as they are, and it goes with its folder.
        env = {"BUILDX_CONFIG": str(folder / "buildx"), "BUILDX_BUILDER": NAME}
        argv = [
            "docker",
            "buildx",
            "create",
            f"--name={NAME}",
            "--driver=remote",
            address,
        ]
        shell.do(c, argv, env=env)
        yield env


@memoized
def is_usable() -> bool:
    """Tell whether docker's current builder can make an OCI image."""
    shown = _inspect()
    driver = re.search(r"^Driver:\s*(\S+)", shown, re.M)
    if driver is None or re.search(r"^Error:", shown, re.M):
        return False
    if driver[1] == "remote":
        return re.search(r"^Status:\s*running", shown, re.M) is not None
    if driver[1] == "docker":
        # without containerd's image store it has neither OCI output nor several platforms
        stores = shell.ask(["docker", "info", "--format={{.DriverStatus}}"])
        return "io.containerd.snapshotter" in stores
    return True


def native() -> set[str]:
    """Return the platforms that the builder's nodes run natively, else that of this machine."""
    shown = _inspect() if is_usable() else ""
    # a node's own is the first
    found = re.findall(r"^Platforms:\s*([^\s,*]+)", shown, re.M)
    return set(found) or {machines.this_platform()}


def platforms() -> frozenset[str]:
    """Return the platforms that docker's builder runs, natively or emulated, as far as it says."""
    if not is_usable():
        return frozenset()
    shown = re.search(r"^Platforms:\s*(.+)", _inspect(), re.M)
    return frozenset(re.findall(r"[\w/]+", shown[1])) if shown else frozenset()


@memoized
def _inspect() -> str:
    """Return what buildx shows of its builder; the status is 0 for a broken one, too."""
    return shell.ask(["docker", "buildx", "inspect"])


def refusal() -> ReleaseError | None:
    """Return an error where no builder can make images and none can be started."""
    if is_usable():
        return None
    runc = shell.found("runc") or shell.found("buildkit-runc")
    is_startable = bool(shell.found("buildkitd") and runc)
    if sys.platform == "linux" and is_startable and os.geteuid() == 0:
        return None
    return ReleaseError(
        "docker buildx has no builder that can make an OCI image",
        "docker buildx create --use, or as root on Linux install buildkitd and runc",
    )


@contextmanager
def _buildkitd(folder: Path) -> Iterator[str]:
    """Run buildkitd for the length of the block, and give its address."""
    log = folder / "log"
    with _short_path(folder) as short:
        address = f"unix://{short / 'bk.sock'}"
        argv = [
            "buildkitd",
            f"--addr={address}",
            f"--otel-socket-path={short / 'otel.sock'}",
            f"--root={folder / 'root'}",
            "--containerd-worker=false",
            "--oci-worker-net=host",
            "--oci-worker-snapshotter=native",
        ]
        with shell.running(argv, log=log) as process:
            _wait(process, folder / "bk.sock", log)
            yield address


@contextmanager
def _short_path(folder: Path) -> Iterator[Path]:
    """Give a path of a folder that is short enough for a socket in it."""
    if len(str(folder)) < LONGEST_FOLDER:
        yield folder
        return
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _wait(process: shell.Process, socket: Path, log: Path) -> None:
    """Wait until buildkitd listens; raise `ReleaseError` where it ends, or takes too long."""
    deadline = time.monotonic() + START
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").strip().splitlines()
            reason = lines[-1][:300] if lines else "it printed nothing"
            raise ReleaseError(
                f"buildkitd did not start: {reason}",
                "docker buildx create --use",
            )
        terminal.pause(0.05)

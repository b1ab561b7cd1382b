"""A builder for images: docker's current one where it can do the work, else one of our own."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines
from release_tasks.memo import memoized

START = 30.0  # seconds in which buildkitd must listen


@contextmanager
def builder(c: Context) -> Iterator[Mapping[str, str]]:
    """Give the variables with which `docker buildx build` finds a builder; its end ends one of our own.

    Raises `ReleaseError` where there is none and none can be started.
    """
    if shell.is_dry(c) or is_usable():
        yield {}
        return
    if error := refusal():
        raise error
    with files.scratch("builder") as folder, _buildkitd(folder) as address:
        # A configuration of its own leaves the user's builders alone, and is gone with its folder.
        env = {"BUILDX_CONFIG": str(folder / "buildx"), "BUILDX_BUILDER": "release-tasks"}
        shell.do(
            c,
            ["docker", "buildx", "create", "--name=release-tasks", "--driver=remote", address],
            env=env,
        )
        yield env


@memoized
def is_usable() -> bool:
    """Tell whether docker's current builder is there and can make an OCI image."""
    said = _inspected()  # ends with status 0 for a broken builder, too
    driver = re.search(r"^Driver:\s*(\S+)", said, re.M)
    if driver is None or re.search(r"^Error:", said, re.M):
        return False
    if driver[1] == "remote":
        return bool(re.search(r"^Status:\s*running", said, re.M))
    if (
        driver[1] == "docker"
    ):  # without containerd's store it knows neither OCI output nor several platforms
        return "io.containerd.snapshotter" in shell.ask(
            ["docker", "info", "--format={{.DriverStatus}}"]
        )
    return True


def native() -> set[str]:
    """Return the platforms that the nodes of the builder are, as far as it tells; else that of this machine."""
    said = _inspected() if is_usable() else ""
    return set(re.findall(r"^Platforms:\s*([^\s,*]+)", said, re.M)) or {machines.this_platform()}


def platforms() -> frozenset[str]:
    """Return the platforms whose programs docker's builder runs, natively or emulated; none where it does not say."""
    said = re.search(r"^Platforms:\s*(.+)", _inspected(), re.M) if is_usable() else None
    return frozenset(re.findall(r"[\w/]+", said[1])) if said else frozenset()


@memoized
def _inspected() -> str:
    return shell.ask(["docker", "buildx", "inspect"])


def refusal() -> ReleaseError | None:
    """Return an error where there is no builder that can make images, and none of our own can be started."""
    runs = shell.found("runc") or shell.found("buildkit-runc")
    if is_usable() or (shell.found("buildkitd") and runs and os.geteuid() == 0):
        return None
    return ReleaseError(
        "docker buildx has no builder that can make an OCI image",
        "docker buildx create --use, or as root on Linux install buildkitd and runc",
    )


@contextmanager
def _buildkitd(folder: Path) -> Iterator[str]:
    log = folder / "log"
    with _short(folder) as place:
        address = f"unix://{place / 'bk.sock'}"
        sockets = [f"--addr={address}", f"--otel-socket-path={place / 'otel.sock'}"]
        worker = [
            "--containerd-worker=false",
            "--oci-worker-net=host",
            "--oci-worker-snapshotter=native",
        ]
        with shell.running(
            ["buildkitd", *sockets, f"--root={folder / 'root'}", *worker], log=log
        ) as process:
            _wait(process, folder / "bk.sock", log)
            yield address


@contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """Give a short name for a folder: the path of a socket may not be longer than 104 bytes."""
    if len(str(folder)) < 80:
        yield folder
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{handle}")
    finally:
        os.close(handle)


def _wait(process: shell.Process, socket: Path, log: Path) -> None:
    deadline = time.monotonic() + START
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise ReleaseError(
                f"buildkitd did not start: {last[0][:300]}", "docker buildx create --use"
            )
        terminal.pause(0.05)

"""A docker daemon that only the tests use, where one can run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.published_project import run

SECONDS_TO_START = 300


@contextmanager
def running_daemon() -> Iterator[str]:
    """Run a docker daemon without network, and give its address; skip where none can run."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("only root can start a docker daemon")
    # not in the folder of the test: the path of a socket may have 107 characters
    folder = Path(tempfile.mkdtemp(prefix="d-", dir="/tmp"))
    address = f"unix://{folder}/sock"
    argv = [
        "dockerd",
        f"--host={address}",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
    ]
    log = folder / "log"
    with (
        log.open("wb") as sink,
        subprocess.Popen(argv, stdout=sink, stderr=sink) as process,
    ):
        try:
            if not _answers(address, process):
                pytest.skip(
                    f"no docker daemon can run here: {log.read_text()[-300:]}"
                )
            yield address
        finally:
            process.terminate()
            process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the daemon answers; False when it ended, or takes too long."""
    argv = ["docker", "--host", address, "info"]
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        if (
            subprocess.run(argv, capture_output=True, check=False).returncode
            == 0
        ):
            return True
        time.sleep(0.1)
    return False


def kept() -> str:
    """Return the containers and images that the daemon has."""
    return run("docker", "ps", "--all", "--quiet") + run(
        "docker", "images", "--all", "--quiet"
    )

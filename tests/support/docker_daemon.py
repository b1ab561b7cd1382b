"""A docker daemon of the tests' own, where one can run."""

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


@contextmanager
def running_daemon() -> Iterator[str]:
    """A daemon of our own, which knows no proxy and has no network."""
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("only root can start a docker daemon")
    folder = Path(
        tempfile.mkdtemp(prefix="d-", dir="/tmp")
    )  # the path of a socket may have 107 characters
    places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    argv = [
        "dockerd",
        f"--host=unix://{folder}/sock",
        *places,
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(argv, stdout=log, stderr=log) as process,
    ):
        address = f"unix://{folder}/sock"
        try:
            if not _answers(address, process):
                pytest.skip(f"no docker daemon can run here: {(folder / 'log').read_text()[-300:]}")
            yield address
        finally:
            process.terminate()
            process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(300):
        done = subprocess.run(
            ["docker", "--host", address, "info"], capture_output=True, check=False
        )
        if done.returncode == 0:
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def kept() -> str:
    """Return the containers and images that the daemon has."""
    return run("docker", "ps", "--all", "--quiet") + run("docker", "images", "--all", "--quiet")

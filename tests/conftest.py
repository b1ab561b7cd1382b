"""What every test shares: programs it needs, a name for its commits, and a network that only the rehearsal may use."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["support.fixtures"]
collect_ignore = ["projects", "golden"]  # samples, with tests of their own
UPSTREAM = "release_tasks.rehearsal.upstream"  # reads third-party crates and packages for the local registries
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ.pop("SOURCE_DATE_EPOCH", None)  # a rehearsal of this project sets it
os.environ |= {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Tester"), ("EMAIL", "tester@localhost"))
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("tools"):
        for name in mark.args:
            if shutil.which(name) is None:
                if os.environ.get("RELEASE_TASKS_REQUIRE_TOOLS") == "1":
                    pytest.fail(f"{name} is not installed and RELEASE_TASKS_REQUIRE_TOOLS=1")
                pytest.skip(f"{name} is not installed")


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection of the tests themselves that leaves this machine, the rehearsal's reads aside."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        is_away = self.family != socket.AF_UNIX and str(address[0]) not in (
            "127.0.0.1",
            "::1",
            "localhost",
        )
        if is_away and not _is_upstream():
            raise OSError(f"a test wanted to reach {address}")
        connect(self, address)

    socket.socket.connect = checked  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


def _is_upstream() -> bool:
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_globals.get("__name__") == UPSTREAM:
            return True
    return False

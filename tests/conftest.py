"""What every test shares: the programs it needs, an identity for its commits, and no network."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support.quick import is_quick
from support.repositories import IDENTITY

pytest_plugins = ["support.fixtures"]
collect_ignore = ["projects", "golden"]  # samples, with tests of their own
# reads third-party crates and packages
UPSTREAM = "release_tasks.rehearsal.upstream"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

# `nohup pytest &` starts with SIGINT ignored, and every child inherits that
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["PATH"] = (
    f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)
os.environ.pop("SOURCE_DATE_EPOCH", None)  # a rehearsal of this project sets it
# what a machine may set, and its users do not: without it, Python leaves __pycache__ in trees
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# tests read what programs are called and print; tests/test_terminal.py sees what users see
os.environ["RELEASE_TASKS_OUTPUT"] = "verbose"
os.environ |= {
    name: value
    for name, value in IDENTITY.items()
    if not name.endswith("_DATE")
}

# a busy machine makes no input wrong
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rows: Counter[str] = Counter()
    for item in items:
        if isinstance(item, pytest.Function) and is_quick(item):
            item.add_marker("quick")
        sample = item.get_closest_marker("sample")
        if sample:
            table = item.nodeid.partition("[")[0]
            if rows[table] % sample.args[0]:
                item.add_marker("long")
            rows[table] += 1
    # else one worker is busy with a whole release after all others have finished
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = [name for mark in item.iter_markers("tools") for name in mark.args]
    for name in needed:
        if shutil.which(name) is not None:
            continue
        if os.environ.get("RELEASE_TASKS_REQUIRE_TOOLS") == "1":
            pytest.fail(
                f"{name} is not installed and RELEASE_TASKS_REQUIRE_TOOLS=1"
            )
        pytest.skip(f"{name} is not installed")


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse connections of the tests that leave this machine, except the rehearsal's reads."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        is_local = self.family == socket.AF_UNIX or str(address[0]) in LOOPBACK
        if not is_local and not _is_upstream():
            raise OSError(f"a test wanted to reach {address}")
        connect(self, address)

    socket.socket.connect = checked  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


def _is_upstream() -> bool:
    """Return True when the rehearsal's reader of the real registries is among the callers."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_globals.get("__name__") == UPSTREAM:
            return True
    return False

"""Waits for what happens: a test that passes never waits for a time to pass."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from release_tasks.rehearsal.faults import Fault

# only a test that fails waits so long
SECONDS = 300


def wait_until(
    condition: Callable[[], object],
    process: subprocess.Popen[Any] | None = None,
) -> None:
    """Wait until a condition is true; fail where the process that it waits for has ended."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process is None or process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.01)


@dataclass
class HeldRequest(Fault):
    """Holds the requests that it is for, each until `released` is set."""

    arrived: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)

    def wait(self) -> None:
        """Say that a request is here, and wait until it may be handled."""
        self.arrived.set()
        self.released.wait()

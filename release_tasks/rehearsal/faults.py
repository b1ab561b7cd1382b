"""Faults on demand, for any local registry: lag, errors, lost answers and cut connections."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field

from release_tasks.rehearsal.web import App, Request, Response


@dataclass
class Fault:
    """A fault for the next `times` requests whose method and target match."""

    method: str  # regular expressions, matched from the start
    target: str
    status: int = 0  # answer this instead of handling the request
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0  # seconds before the request is handled
    cut: bool = False  # close the connection instead of handling the request
    # handle the request, then close the connection without an answer
    lose: bool = False
    times: int = 1

    def matches(self, request: Request) -> bool:
        """Return whether this fault is for that request."""
        if self.times <= 0 or not re.match(self.method, request.method):
            return False
        return re.match(self.target, request.target) is not None

    def wait(self) -> None:
        """Wait before the request is handled."""
        time.sleep(self.delay)


class Lost(Exception):
    """The connection is to be closed without an answer."""


class Faults:
    """The faults of one rehearsal, in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Apply a fault to the next matching requests."""
        with self._lock:
            self._faults.append(fault)

    def answer(self, app: App, request: Request) -> Response:
        """Return the answer of `app`, or that of a fault; raise `Lost` for a cut connection."""
        fault = self._take(request)
        if fault is None:
            return app.handle(request)
        fault.wait()
        if fault.cut:
            raise Lost
        if fault.status:
            return Response(fault.status, fault.body, dict(fault.headers))
        answer = app.handle(request)
        if fault.lose:
            raise Lost
        return answer

    def _take(self, request: Request) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.matches(request):
                    fault.times -= 1
                    return fault
        return None

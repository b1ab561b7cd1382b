"""A clock for the rules of registries that take minutes or days, and buckets that it refills."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


class Clock:
    """The time of the registries: real time, `speed` times as fast, moved on by `skip`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.time()
        self._skipped = 0.0

    def now(self) -> float:
        """Return the time of this clock, in seconds since 1970."""
        return (
            self._start
            + (time.time() - self._start) * self.speed
            + self._skipped
        )

    def skip(self, seconds: float) -> None:
        """Move this clock on by that many seconds."""
        self._skipped += seconds

    def real(self, moment: float) -> float:
        """Return when `moment` of this clock comes, in real time."""
        return time.time() + max(0.0, moment - self.now()) / self.speed


@dataclass
class Bucket:
    """Tokens for an action: `burst` at once, then one more every `seconds`."""

    clock: Clock
    burst: int
    seconds: float

    def __post_init__(self) -> None:
        self._tokens = self.burst
        self._filled = self.clock.now()
        self._lock = threading.Lock()

    def take(self) -> float | None:
        """Take a token and return None; return when there is one again where none is left."""
        with self._lock:
            self._refill()
            if self._tokens == 0:
                return self._filled + self.seconds
            if self._tokens == self.burst:
                self._filled = self.clock.now()
            self._tokens -= 1
            return None

    def _refill(self) -> None:
        added = int((self.clock.now() - self._filled) / self.seconds)
        if added == 0:
            return
        self._tokens = min(self._tokens + added, self.burst)
        self._filled += added * self.seconds
        if self._tokens == self.burst:
            self._filled = self.clock.now()

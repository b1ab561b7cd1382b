"""A clock for the rules of registries that take minutes or days, and buckets that it refills."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


class Clock:
    """Time as a stand-in sees it: real time, `speed` times as fast, moved on by `skip`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start, self._skipped = time.time(), 0.0

    def now(self) -> float:
        """Return the stand-in's time, in seconds since 1970."""
        return self._start + (time.time() - self._start) * self.speed + self._skipped

    def skip(self, seconds: float) -> None:
        """Let that many seconds of the stand-in's time pass at once."""
        self._skipped += seconds

    def real(self, moment: float) -> float:
        """Return when `moment` of the stand-in's time comes, in a client's own time."""
        return time.time() + max(0.0, moment - self.now()) / self.speed


@dataclass
class Bucket:
    """Tokens for an action: `burst` at once, then one more every `seconds`."""

    clock: Clock
    burst: int
    seconds: float

    def __post_init__(self) -> None:
        self._tokens, self._filled = self.burst, self.clock.now()
        self._lock = threading.Lock()

    def take(self) -> float | None:
        """Take a token and return None, or return when there is one again (stand-in's time)."""
        with self._lock:
            whole = int((self.clock.now() - self._filled) / self.seconds)
            if whole and self._tokens + whole >= self.burst:
                self._tokens, self._filled = self.burst, self.clock.now()
            elif whole:
                self._tokens, self._filled = (
                    self._tokens + whole,
                    self._filled + whole * self.seconds,
                )
            if self._tokens == 0:
                return self._filled + self.seconds
            if self._tokens == self.burst:
                self._filled = self.clock.now()
            self._tokens -= 1
            return None

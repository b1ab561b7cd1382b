"""How often crates.io lets one user publish and yank (its rate_limiter.rs)."""

from __future__ import annotations

import math
from email.utils import formatdate

from release_tasks import endpoints
from release_tasks.rehearsal.clock import Bucket, Clock
from release_tasks.rehearsal.crates_io.store import Refused

NEW = "published too many new crates"
UPDATE = "published too many updates to existing crates"
YANK = "yanked or unyanked too many versions"
# How many at once, and the seconds until one more is allowed.
LIMITS = {
    NEW: (5, 600.0),
    UPDATE: (30, 60.0),
    YANK: (100, 60.0),
}


class TooMany(Refused):
    """429, with the HTTP date at which there is a token again."""

    def __init__(self, action: str, date: str) -> None:
        super().__init__(
            f"You have {action} in a short period of time. Please try again after {date} and see "
            f"{endpoints.CRATES}/docs/rate-limits for more details.",
            429,
        )
        self.date = date


class Limits:
    """The buckets of the one user of a rehearsal; without `active` there is no limit."""

    def __init__(self, clock: Clock, active: bool) -> None:
        self.clock = clock
        self.active = active
        self._buckets: dict[str, Bucket] = {}
        for action, (burst, seconds) in LIMITS.items():
            self._buckets[action] = Bucket(clock, burst, seconds)

    def spend(self, action: str) -> None:
        """Count one action; raise `TooMany` where it exceeds the limit."""
        if not self.active:
            return
        again = self._buckets[action].take()
        if again is None:
            return
        moment = math.ceil(self.clock.real(again))
        raise TooMany(action, formatdate(moment, usegmt=True))

"""With what a release is published, as the machine that checks it is told."""

from __future__ import annotations

from enum import Enum, auto


class Credentials(Enum):
    """Those of this machine, those of other jobs, or none."""

    HERE = auto()
    ELSEWHERE = auto()
    TRUSTED = auto()  # crates.io and PyPI trust the jobs that publish

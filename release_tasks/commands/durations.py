"""How long each step took last time, and what that says of the next release."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from release_tasks.release import Release

FILE = "durations.json"  # in dist/<tag>/: seconds by step


def record(release: Release, seconds: Mapping[str, float]) -> None:
    """Keep how long steps took: of several runs of a version the longest, which did the work."""
    from release_tasks import files

    path = release.parts[0].dist / FILE
    kept = _read(path)
    for step, took in seconds.items():
        kept[step] = round(max(took, kept.get(step, 0.0)), 3)
    files.write_bytes(path, json.dumps(kept).encode())


def last(release: Release) -> dict[str, float]:
    """Return the seconds of each step, from the newest release here that ran it."""
    found: dict[str, float] = {}
    paths = (release.checkout / "dist").glob(f"**/{FILE}")
    for path in sorted(paths, key=_age, reverse=True):
        for step, seconds in _read(path).items():
            found.setdefault(step, seconds)
    return found


@dataclass(frozen=True)
class Outlook:
    """What is expected of a release: its longest chain of steps, and their seconds."""

    chain: tuple[str, ...]
    seconds: float


def outlook(
    stages: Sequence[Sequence[str]], seconds: Mapping[str, float]
) -> Outlook | None:
    """Return the longest chain through the stages, None where no step has run before.

    `seconds` has the steps that will have something to do; each stage waits for the slowest of
    the one before.
    """
    chain = []
    total = 0.0
    for stage in stages:
        known = [step for step in stage if step in seconds]
        if known:
            slowest = max(known, key=lambda step: seconds[step])
            chain.append(slowest)
            total += seconds[slowest]
    return Outlook(tuple(chain), total) if chain else None


def shown(seconds: float) -> str:
    """Return a duration for people: `12 s`, `3 min 05 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02} s"


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _read(path: Path) -> dict[str, float]:
    """Return the seconds of a file, none where it is missing or not what we write."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        str(step): float(took)
        for step, took in data.items()
        if isinstance(took, int | float)
    }

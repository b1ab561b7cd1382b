"""What runs on this machine, read from the system itself: no program need be installed for it."""

from __future__ import annotations

from pathlib import Path


def running(mark: str) -> list[str]:
    """Return the command lines of the processes that have `mark` in their arguments or their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes()
            if mark.encode() in line + (path / "environ").read_bytes():
                found.append(line.replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has just ended, or is not ours
            continue
    return found

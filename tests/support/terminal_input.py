"""A program that asks somebody at a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_answering(
    argv: Sequence[str],
    answer: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its stdin is a terminal at which `answer` was typed."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        return subprocess.run(
            argv,
            cwd=cwd,
            env=env,
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    finally:
        os.close(ours)
        os.close(theirs)

"""chroot: a program below another root folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from release_tasks import shell


def command(root: Path, words: Sequence[str], user: str = "") -> list[str]:
    """Return the argv that runs `words` with `root` as root folder; `user` is UID or UID:GID."""
    argv = [shell.found("chroot") or "/usr/sbin/chroot"]
    if user:
        argv.append(f"--userspec={user}")
    return [*argv, str(root), *words]

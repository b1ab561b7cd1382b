"""Git repositories for tests: the same files become the same commit in every folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

WHEN = "2026-01-02T03:04:05Z"  # the time of every commit and tag
PERSON = {"NAME": "Tester", "EMAIL": "tester@localhost", "DATE": WHEN}
IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in PERSON.items()
}


def git(root: Path, *words: str) -> str:
    """Run git, which must succeed, and return what it prints."""
    done = subprocess.run(
        ["git", *words],
        cwd=root,
        env=os.environ | IDENTITY,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below `root`, by path, and return `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def commit_all(root: Path, message: str = "A change") -> str:
    """Commit everything in `root`, which becomes a repository if it is none; return the commit."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return git(root, "rev-parse", "HEAD").strip()


def commit_files(
    root: Path, files: Mapping[str, str], message: str = "A project"
) -> Path:
    """Write files, commit everything in `root`, and return `root`."""
    write_files(root, files)
    commit_all(root, message)
    return root

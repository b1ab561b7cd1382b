"""A whole project on local registries: clone it, run `inv` in the clone, read what is public."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries, run_registries

PROJECTS = Path(__file__).parents[1] / "projects"
WHEN = "1767323045 +0000"
REMOTE = "git@github.com:example/{}.git"


@dataclass
class CommandResult:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        return json.loads(self.out)


@dataclass
class HostedProject:
    """A project that has an origin in local registries, and clones of it."""

    registries: LocalRegistries
    folder: Path
    name: str
    env: dict[str, str] = field(default_factory=dict)
    clones: int = 0

    def clone(self) -> Path:
        """Make a fresh clone, as on another machine."""
        self.clones += 1
        target = self.folder / f"clone-{self.clones}"
        origin = REMOTE.format(self.name)
        subprocess.run(
            ["git", "clone", "--quiet", origin, target], env=self.environment(), check=True
        )
        return target

    def environment(self) -> dict[str, str]:
        who = {"NAME": "Tester", "EMAIL": "tester@localhost", "DATE": WHEN}
        fixed = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in who.items()
        }
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        date = {
            "SOURCE_DATE_EPOCH": WHEN.split()[0],
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
        }
        return self.registries.environment() | fixed | date | self.env

    def inv(self, where: Path, *words: str, **env: str) -> CommandResult:
        """Run `inv` in a clone to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "invoke", *words],
            cwd=where,
            env=self.environment() | env,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def kill_during(self, where: Path, fault: Fault, *words: str) -> str:
        """Start `inv`, end it without a warning while a request that `fault` delays is on its way."""
        self.registries.faults.add(fault)
        log = self.folder / "killed.log"
        with log.open("w") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "invoke", *words],
                cwd=where,
                env=self.environment(),
                stdout=sink,
                stderr=sink,
            )
            deadline = time.monotonic() + 300
            while fault.times and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not fault.times, f"the request never came: {log.read_text()[-3000:]}"
            process.send_signal(signal.SIGKILL)
            process.wait()
        time.sleep(fault.delay + 0.5)  # the registry answers a client that is gone
        return log.read_text()

    def uploads(self) -> list[str]:
        """Return every accepted write to a registry, as method, host and path."""
        return [
            f"{e.method} {e.host}{e.target}"
            for e in self.registries.log.writes()
            if "git-" not in e.target
        ]


@contextmanager
def hosted_project(
    folder: Path, name: str = "kit", offline: bool = False, files: dict[str, str] | None = None
) -> Iterator[HostedProject]:
    """Put a sample project, or `files`, on the local GitHub, with registries to release it to."""
    source = folder / "source"
    if files is None:
        shutil.copytree(PROJECTS / name, source)
    for path, text in (files or {}).items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    commit(source, "Begin")
    subprocess.run(["git", "remote", "add", "origin", REMOTE.format(name)], cwd=source, check=True)
    with run_registries(folder / "registries", offline=offline) as running:
        running.github.create("example", name, source)
        yield HostedProject(running, folder, name)


def commit(folder: Path, message: str) -> None:
    """Commit everything in a folder, made a repository first where it is none."""
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@localhost"]
    env = os.environ | {"GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN}
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    subprocess.run(
        ["git", *who, "commit", "--quiet", f"--message={message}"], cwd=folder, env=env, check=True
    )

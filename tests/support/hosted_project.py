"""A project with an origin on the local GitHub, clones of it, and what is public of it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from release_tasks.rehearsal.registries import LocalRegistries, run_registries
from support.repositories import IDENTITY, commit_all, git, write_files
from support.waiting import SECONDS, HeldRequest, wait_until

PROJECTS = Path(__file__).parents[1] / "projects"
EPOCH = "1767323045"  # the time of repositories.WHEN, in seconds since 1970
ORIGIN = "git@github.com:example/{}.git"


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
    """A project that has an origin on the local GitHub, and its clones."""

    registries: LocalRegistries
    folder: Path
    name: str
    env: dict[str, str] = field(default_factory=dict)
    clones: int = 0

    def clone(self) -> Path:
        """Make a fresh clone, as on another machine."""
        self.clones += 1
        target = self.folder / f"clone-{self.clones}"
        argv = ["git", "clone", "--quiet", ORIGIN.format(self.name), target]
        subprocess.run(argv, env=self.environment(), check=True)
        return target

    def environment(self) -> dict[str, str]:
        """Return the environment of every command."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        fixed = {
            "SOURCE_DATE_EPOCH": EPOCH,
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
        }
        return self.registries.environment() | IDENTITY | fixed | self.env

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

    def signal_when(
        self,
        number: signal.Signals,
        when: Callable[[str], object],
        where: Path,
        *words: str,
    ) -> CommandResult:
        """Start `inv` and send it a signal as soon as `when` is true of what it has printed."""
        log = self.folder / "signaled.log"
        with log.open("w") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "invoke", *words],
                cwd=where,
                env=self.environment(),
                stdout=sink,
                stderr=sink,
            )
            wait_until(
                lambda: when(log.read_text()) or process.poll() is not None
            )
            process.send_signal(number)
            process.wait(timeout=SECONDS)
        return CommandResult(process.returncode, "", log.read_text())

    def signal_during(
        self,
        number: signal.Signals,
        request: tuple[str, str],
        where: Path,
        *words: str,
    ) -> CommandResult:
        """Start `inv`, send it a signal while a request is handled, and wait for the answer.

        The request is the next one of a method and a target, both regular expressions.
        """
        held = HeldRequest(*request)
        self.registries.faults.add(held)
        before = self._answers(held)
        try:
            ran = self.signal_when(
                number, lambda _: held.arrived.is_set(), where, *words
            )
        finally:
            held.released.set()
        arrived = held.arrived.is_set()
        assert arrived, f"the request never came: {ran.err[-3000:]}"
        wait_until(lambda: self._answers(held) > before)
        return ran

    def _answers(self, fault: HeldRequest) -> int:
        """Return how many of the requests that a fault is for have been handled."""
        return sum(
            bool(
                re.match(fault.method, entry.method)
                and re.match(fault.target, entry.target)
            )
            for entry in self.registries.log.entries()
        )

    def uploads(self) -> list[str]:
        """Return every accepted write to a registry, as method, host and path."""
        writes = [
            entry
            for entry in self.registries.log.writes()
            if "git-" not in entry.target
        ]
        return [
            f"{entry.method} {entry.host}{entry.target}" for entry in writes
        ]


@contextmanager
def hosted_project(
    folder: Path,
    name: str = "kit",
    offline: bool = False,
    files: Mapping[str, str] | None = None,
) -> Iterator[HostedProject]:
    """Run local registries, with a sample project, or `files`, on the local GitHub."""
    source = folder / "source"
    if files is None:
        shutil.copytree(PROJECTS / name, source)
    else:
        write_files(source, files)
    commit_all(source, "Begin")
    git(source, "remote", "add", "origin", ORIGIN.format(name))
    with run_registries(folder / "registries", offline=offline) as registries:
        registries.github.create("example", name, source)
        yield HostedProject(registries, folder, name)

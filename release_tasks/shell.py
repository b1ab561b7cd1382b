"""Every child process starts here: `ask` reads, `do` acts, without a shell and without secrets."""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.runners import Local

from release_tasks import environment as variables
from release_tasks import memo, terminal
from release_tasks.errors import ReleaseError
from release_tasks.masking import MASK, is_secret_name
from release_tasks.printable import word
from release_tasks.signals import deferred_signals
from release_tasks.terminal import hide_secrets, say

Process = subprocess.Popen[bytes]

UNATTENDED = {  # no program may ask a question or color its output
    "GIT_TERMINAL_PROMPT": "0",
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
}
# variables that ask for colors; nox, with one of them beside NO_COLOR, ends with an error
COLORING = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "CARGO_TERM_COLOR")
# characters of a variable's value; zig sets longer ones for bindgen
LONGEST_SHOWN = 500
BUSY = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)  # seconds between tries
LAST_LINES = 15  # of a failed program's output, which an error shows

# descriptors of locks that children keep when we end
_inherited: set[int] = set()
_running: set[Process] = set()
_running_lock = threading.Lock()
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Failed(ReleaseError):
    """A program that ended with another status than 0; `output` is what it printed."""

    def __init__(self, argv: Sequence[str], status: int, output: str) -> None:
        self.status = status
        self.output = hide_secrets(output)
        fix = _missing_variables(argv, self.output)
        fact = f"`{hide_secrets(shlex.join(argv))}` ended with status {status}"
        last = self.output.strip().splitlines()[-LAST_LINES:]
        super().__init__("\n".join([fact, *last]), fix)


@dataclass(frozen=True)
class _Limit:
    """Until when programs may run (`time.monotonic`), and which limit that is."""

    end: float
    minutes: float


_limit: ContextVar[_Limit | None] = ContextVar("limit", default=None)


@contextlib.contextmanager
def limited(minutes: float | None) -> Iterator[None]:
    """End what `do` runs in the block once it has taken that long; None is no limit."""
    if minutes is None:
        yield
        return
    token = _limit.set(_Limit(time.monotonic() + minutes * 60, minutes))
    try:
        yield
    finally:
        _limit.reset(token)


def ask(
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    stdin: bytes = b"",
    with_stderr: bool = False,
) -> str:
    """Run `argv` (also under `--dry`) and return its stdout, `with_stderr` behind it.

    The program gets the caller's environment without secrets (`environment`), and `env`;
    `secrets` are the names of the variables that it may see besides. Raises `Failed`, and
    `ReleaseError` where the program cannot be started.
    """
    answer = ask_bytes(argv, cwd, env, secrets, stdin, with_stderr)
    return answer.decode(errors="replace")


def ask_bytes(
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    stdin: bytes = b"",
    with_stderr: bool = False,
) -> bytes:
    """Do what `ask` does, for output that is not text."""
    words = [str(word) for word in argv]
    streams = Streams(stdin=subprocess.PIPE)
    process = _start(
        words,
        cwd,
        environment(env, secrets, words),
        streams,
        ends_with_us=False,
    )
    try:
        out, err = process.communicate(stdin)
    finally:
        if process.returncode is None:
            _end(process)
        _forget(process)
    if process.returncode:
        raise Failed(
            words, process.returncode, (err + out).decode(errors="replace")
        )
    return out + err if with_stderr else out


def do(
    c: Context,
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    stop_at: str = "",
) -> None:
    """Run `argv` and keep its output in the step's log, or only print the command under `--dry`.

    `env` and `secrets` are those of `ask`. A line of output that matches the regular expression
    `stop_at` ends the program, which then has failed. Nothing is returned: no code can depend on
    an answer that a dry run does not have. Raises `Failed`.
    """
    words = [str(word) for word in argv]
    child = Child(c, words, cwd, stop_at)
    result = child.run(
        _shown(words, env or {}),
        env=environment(env, secrets, words),
        replace_env=True,
        pty=False,
        in_stream=False,
        hide=False,
        warn=True,
        echo=True,
        out_stream=sys.stderr,
        err_stream=sys.stderr,
    )
    if not is_dry(c):
        memo.invalidate()
    if child.is_late and child.limit:
        terminal.has_failed()
        raise _took_too_long(words, child.limit)
    if not result.ok:
        terminal.has_failed()
        raise Failed(words, result.exited, result.stderr + result.stdout)


def follow(
    argv: Sequence[str | Path],
    cwd: Path,
    env: Mapping[str, str],
    out: Path | None = None,
) -> int:
    """Run one of our own commands with exactly the environment `env` and return its status.

    stderr is passed on, and so is stdout, unless it goes into the file `out`.
    """
    words = [str(word) for word in argv]
    with open(out or os.devnull, "wb") as sink:
        streams = Streams(out=sink if out else sys.stderr, err=sys.stderr)
        with _child(words, cwd, env, streams) as process:
            return process.wait()


@contextlib.contextmanager
def running(
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Process]:
    """Run a program until the end of the block; its output is appended to the file `log`.

    `env` is its whole environment; without it, it gets the caller's without secrets.
    """
    words = [str(word) for word in argv]
    seen = environment(argv=words) if env is None else env
    with open(log or os.devnull, "ab") as sink:
        streams = Streams(out=sink, err=subprocess.STDOUT)
        with _child(words, cwd, seen, streams) as process:
            yield process


def is_dry(c: Context) -> bool:
    """Tell whether this is a dry run (`inv --dry`)."""
    return bool(c.config.run.dry)


def found(program: str) -> str | None:
    """Return the path of a program on PATH, or None."""
    return shutil.which(program)


def environment(
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    argv: Sequence[str] = (),
) -> dict[str, str]:
    """Return the caller's environment without secrets, plus `env` and the named `secrets`.

    Of the caller's, what runs the project's own code gets only what builds need; `argv` tells.
    """
    kept = variables.for_child(argv, secrets)
    for name in COLORING:
        kept.pop(name, None)
    return kept | UNATTENDED | dict(env or {})


def inherit(descriptor: int) -> None:
    """Let every child started from now on hold `descriptor` (a lock) open until it ends."""
    if sys.platform == "win32":  # a child cannot hold it
        return
    os.set_inheritable(descriptor, True)
    _inherited.add(descriptor)


def end_children() -> None:
    """End every running child, and start no other one."""
    terminal.stopping.set()
    with _running_lock:
        left = list(_running)
    for process in left:
        _end(process)


@dataclass(frozen=True)
class Streams:
    """Where a child reads from and writes to: files, or constants of `subprocess`."""

    stdin: int = subprocess.DEVNULL
    out: Any = subprocess.PIPE
    err: Any = subprocess.PIPE


class Child(Local):
    """invoke's runner, for an argv without a shell, in a process group of its own."""

    def __init__(
        self,
        context: Context,
        argv: list[str],
        cwd: Path | None,
        stop_at: str = "",
    ) -> None:
        super().__init__(context)
        self.argv = argv
        self.cwd = cwd
        self.stop_at = stop_at
        self.step = terminal.prefix.get()
        self.limit = _limit.get()
        self.is_late = False
        self.timer: threading.Timer | None = None

    def start(self, command: str, shell: str, env: dict[str, Any]) -> None:
        """Start the child; invoke's own method needs bash and leaves stdin open."""
        self.process = _start(self.argv, self.cwd, env, Streams())
        if self.limit:
            seconds = max(0.0, self.limit.end - time.monotonic())
            self.timer = threading.Timer(seconds, self._end_late)
            self.timer.daemon = True
            self.timer.start()

    def _end_late(self) -> None:
        self.is_late = True
        _end(self.process)

    def echo(self, command: str) -> None:
        """Show the command on stderr: stdout is for the output of `--json`."""
        if is_dry(self.context):
            say(f"$ {command}")
        else:
            terminal.command_line(command, self.context.config.run.echo)

    def read_proc_output(self, reader: Any) -> Generator[str, None, None]:
        """Yield whole lines: invoke's chunks of 1000 bytes can cut a secret or a letter in two."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while data := reader(self.read_chunk_size):
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            for line in lines:
                yield f"{line}\n"
        if rest:
            yield f"{rest}\n"

    def write_our_output(self, stream: Any, string: str) -> None:
        """Show one line of output."""
        terminal.prefix.set(self.step)  # this is one of invoke's own threads
        terminal.output(string)
        if self.stop_at and re.search(self.stop_at, string):
            _end(self.process)

    def send_interrupt(self, interrupt: KeyboardInterrupt) -> None:
        """End the whole process group, then raise the interrupt again."""
        _end(self.process)
        raise interrupt

    def stop(self) -> None:
        """Drop the child, however it ended."""
        if self.timer:
            self.timer.cancel()
        if hasattr(self, "process"):
            _forget(self.process)
        super().stop()


def _shown(words: Sequence[str], env: Mapping[str, str]) -> str:
    """Return a command as a person would type it, with its variables and without secrets."""
    shown = []
    for name, value in env.items():
        if is_secret_name(name):
            shown.append(f"{name}={MASK}")
        elif len(value) < LONGEST_SHOWN:
            shown.append(f"{name}={shlex.quote(value)}")
    line = shlex.join(words)
    if not shown:
        return line
    return f"env {' '.join(shown)} {line}"


@contextlib.contextmanager
def _child(
    argv: list[str], cwd: Path | None, env: Mapping[str, str], streams: Streams
) -> Iterator[Process]:
    """Run a program, and end all that it started at the end of the block."""
    process = _start(argv, cwd, env, streams)
    try:
        yield process
    finally:
        _end(process)
        _forget(process)


def _start(
    argv: list[str],
    cwd: Path | None,
    env: Mapping[str, str],
    streams: Streams,
    ends_with_us: bool = True,
) -> Process:
    if terminal.stopping.is_set():
        raise ReleaseError("interrupted", code=130)
    before_exec = None
    if ends_with_us and _LIBC:
        before_exec = _die_with_parent
    try:
        with deferred_signals() as interrupts:
            process = _once_not_busy(
                lambda: subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=dict(env),
                    stdin=streams.stdin,
                    stdout=streams.out,
                    stderr=streams.err,
                    start_new_session=True,
                    umask=0o022,
                    pass_fds=tuple(_inherited),
                    preexec_fn=before_exec,
                )
            )
    except OSError as error:
        raise _not_started(argv[0], cwd, error) from error
    with _running_lock:
        _running.add(process)
    if interrupts:
        _end(process)
        raise KeyboardInterrupt
    return process


def _once_not_busy(start: Callable[[], Process]) -> Process:
    """Start a program, again for about a second while its file is open for writing (ETXTBSY).

    One that was just written can be: a child that another thread starts at that moment has what is
    open here, until it has become another program.
    """
    for seconds in BUSY:
        try:
            return start()
        except OSError as error:
            if error.errno != errno.ETXTBSY:
                raise
        time.sleep(seconds)
    return start()


def _took_too_long(words: Sequence[str], limit: _Limit) -> ReleaseError:
    return ReleaseError(
        f"`{hide_secrets(shlex.join(words))}` was ended: the build has taken "
        f"{limit.minutes:g} minutes, which is the limit in [build]",
        "build again, which goes on from what is compiled; or raise minutes in [build]",
    )


def _missing_variables(argv: Sequence[str], output: str) -> str:
    """Return how to pass on the variables that a failed program asks for and did not get."""
    if variables.is_client(argv):
        return ""
    names = [name for name in variables.withheld() if not is_secret_name(name)]
    asked = [
        name for name in names if re.search(rf"\b{re.escape(name)}\b", output)
    ]
    if not asked:
        return ""
    listed = ", ".join(f'"{name}"' for name in asked)
    return (
        f"if it needs them: [build] pass-env = [{listed}] in release-tasks.toml"
    )


def _not_started(
    program: str, cwd: Path | None, error: OSError
) -> ReleaseError:
    if not isinstance(error, FileNotFoundError):
        fact = f"{program} cannot be started: {error.strerror}"
        return ReleaseError(fact, f"ls -l {word(found(program) or program)}")
    if cwd is not None and not cwd.is_dir():
        return ReleaseError(f"the folder {cwd} does not exist")
    return ReleaseError(
        f"{program} is not installed", "inv doctor shows how to install it"
    )


def _end(process: Process) -> None:
    """End a child and what it started, even where only the latter still runs."""
    if sys.platform == "win32":
        words = ("taskkill", "/F", "/T", "/PID", str(process.pid))
        subprocess.run(words, capture_output=True, check=False)
        process.wait()
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(timeout=5)
    process.wait()


def _forget(process: Process) -> None:
    with _running_lock:
        _running.discard(process)


def _die_with_parent() -> None:
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

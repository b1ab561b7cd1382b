"""The only door to other programs: `ask` reads, `do` acts."""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.runners import Local

from release_tasks import memo, terminal
from release_tasks.errors import ReleaseError
from release_tasks.terminal import SECRET_NAME, hide_secrets, prefix, say

Process = subprocess.Popen[bytes]
UNATTENDED = {  # no program may ask a question or decorate its output
    "GIT_TERMINAL_PROMPT": "0",
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
}
LONG = 500  # characters of a variable that nobody reads, as zig's for bindgen
_inherited: set[int] = set()  # descriptors of locks that must outlive us in our children
_alive: set[subprocess.Popen[bytes]] = set()
_guard = threading.Lock()
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


class Failed(ReleaseError):
    """A program ended with another status than 0; `output` holds what it printed."""

    def __init__(self, argv: Sequence[str], status: int, output: str) -> None:
        self.output, self.status = hide_secrets(output), status
        shown = hide_secrets(shlex.join(argv))
        tail = "\n".join(self.output.strip().splitlines()[-15:])
        super().__init__(f"`{shown}` ended with status {status}" + (f"\n{tail}" if tail else ""))


def ask(
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    stdin: bytes = b"",
) -> str:
    """Run `argv` (also under `--dry`) and return what it printed to stdout.

    `env` is added to the caller's environment less every secret; `secrets` names the
    variables that this call may see. Raises `Failed`, or `ReleaseError` where the program is absent.
    """
    return ask_bytes(argv, cwd, env, secrets, stdin).decode(errors="replace")


def ask_bytes(
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    stdin: bytes = b"",
) -> bytes:
    """Do what `ask` does, for a program that answers in bytes."""
    words = [str(word) for word in argv]
    process = _start(words, cwd, environment(env, secrets), stdin=subprocess.PIPE, tied=False)
    try:
        out, err = process.communicate(stdin)
    finally:
        if process.returncode is None:
            _end(process)
        _forget(process)
    if process.returncode:
        raise Failed(words, process.returncode, (err + out).decode(errors="replace"))
    return out


def do(
    c: Context,
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    stop_at: str = "",
) -> None:
    """Run `argv` and show its output, or only print it under `--dry`; raise `Failed`.

    `env` and `secrets` are those of `ask`; a line of output that `stop_at` (a regular
    expression) is found in ends the program, and it has failed. Nothing is returned, so that no code can
    depend on an answer that a dry run does not have.
    """
    words = [str(word) for word in argv]
    added = " ".join(
        f"{k}={terminal.MASK if SECRET_NAME.search(k) else shlex.quote(v)}"
        for k, v in (env or {}).items()
        if len(v) < LONG
    )
    line = shlex.join(words) if not added else f"env {added} {shlex.join(words)}"
    result = Child(c, words, cwd, stop_at).run(
        line,
        env=environment(env, secrets),
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
    if not result.ok:
        raise Failed(words, result.exited, result.stderr + result.stdout)


def follow(
    argv: Sequence[str | Path], cwd: Path, env: Mapping[str, str], out: Path | None = None
) -> int:
    """Run one of our own commands with exactly `env`, its output passed on to stderr, and return its status.

    What it prints to stdout goes into the file `out` where one is given.
    """
    with open(out or os.devnull, "wb") as sink:
        process = _start(
            [str(word) for word in argv], cwd, env, out=sink if out else sys.stderr, err=sys.stderr
        )
        try:
            return process.wait()
        finally:
            _end(process)
            _forget(process)


def is_dry(c: Context) -> bool:
    """Tell whether this is a dry run (`inv --dry`)."""
    return bool(c.config.run.dry)


def found(program: str) -> str | None:
    """Return the path of a program on PATH, or None."""
    return shutil.which(program)


def environment(
    env: Mapping[str, str] | None = None, secrets: Sequence[str] = ()
) -> dict[str, str]:
    """Return the caller's environment without secrets, plus `env` and the named `secrets`."""
    kept = {k: v for k, v in os.environ.items() if k in secrets or not SECRET_NAME.search(k)}
    return kept | UNATTENDED | dict(env or {})


def inherit(descriptor: int) -> None:
    """Let every later child hold `descriptor` (a lock) open for as long as it lives."""
    os.set_inheritable(descriptor, True)
    _inherited.add(descriptor)


@contextlib.contextmanager
def running(
    argv: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a server of our own running inside the block; it ends with the block, or with us."""
    words = [str(word) for word in argv]
    with open(log or os.devnull, "ab") as sink:
        process = _start(
            words,
            cwd,
            dict(env) if env is not None else environment(),
            out=sink,
            err=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            _end(process)
            _forget(process)


def handle_sigterm() -> None:
    """Let SIGTERM end us as Ctrl-C does: with every child, and the children of those."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextlib.contextmanager
def deferred_signals() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM inside the block: Python ignores what a handler raises while it forks."""
    came: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    known = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM) if is_main
    }
    before = {number: handler for number, handler in known.items() if callable(handler)}
    for number in before:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_children() -> None:
    """End every child that still runs, and let nothing new start."""
    terminal.stopping.set()
    with _guard:
        left = list(_alive)
    for process in left:
        _end(process)


class Child(Local):
    """invoke's runner, for an argv without a shell, in a process group of its own."""

    def __init__(
        self, context: Context, argv: list[str], cwd: Path | None, stop_at: str = ""
    ) -> None:
        super().__init__(context)
        self.argv, self.cwd, self.step, self.stop_at = argv, cwd, prefix.get(), stop_at

    def start(self, command: str, shell: str, env: dict[str, Any]) -> None:
        """Start the child; invoke's own would need bash and leave stdin open."""
        self.process = _start(self.argv, self.cwd, env)

    def echo(self, command: str) -> None:
        """Show the command on stderr, where it cannot mix with `--json`."""
        say(f"$ {command}")

    def read_proc_output(self, reader: Any) -> Generator[str, None, None]:
        """Yield whole lines: invoke's chunks of 1000 bytes can cut a secret or a letter in two."""
        left, decoder = "", codecs.getincrementaldecoder("utf-8")("replace")
        while data := reader(self.read_chunk_size):
            *lines, left = (left + decoder.decode(data)).split("\n")
            yield from (f"{line}\n" for line in lines)
        if left:
            yield f"{left}\n"

    def write_our_output(self, stream: Any, string: str) -> None:
        """Print one line behind the step's name, without secrets."""
        prefix.set(self.step)  # we are in one of invoke's own threads
        say("  " + string.rstrip().rsplit("\r", 1)[-1])
        if self.stop_at and re.search(self.stop_at, string):
            _end(self.process)

    def send_interrupt(self, interrupt: KeyboardInterrupt) -> None:
        """End the whole process group, then go on with the interrupt."""
        _end(self.process)
        raise interrupt

    def stop(self) -> None:
        """Forget the child when it has ended, whatever the reason."""
        _forget(self.process) if hasattr(self, "process") else None
        super().stop()


def _start(
    argv: list[str],
    cwd: Path | None,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    out: Any = subprocess.PIPE,
    err: Any = subprocess.PIPE,
    tied: bool = True,
) -> subprocess.Popen[bytes]:
    if terminal.stopping.is_set():
        raise ReleaseError("interrupted", code=130)
    try:
        with deferred_signals() as interrupts:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=dict(env),
                stdin=stdin,
                stdout=out,
                stderr=err,
                start_new_session=True,
                umask=0o022,
                pass_fds=tuple(_inherited),
                preexec_fn=_die_with_parent if tied and _LIBC else None,
            )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise ReleaseError(f"{cwd} is no folder") from error
        raise ReleaseError(
            f"{argv[0]} is not installed", "inv doctor shows how to install it"
        ) from error
    except OSError as error:
        raise ReleaseError(
            f"{argv[0]} cannot be started: {error.strerror}", f"see what {found(argv[0])} is"
        ) from error
    with _guard:
        _alive.add(process)
    if interrupts:
        _end(process)
        raise KeyboardInterrupt
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started, also what stays when the child itself has gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(timeout=5)
    process.wait()


def _forget(process: subprocess.Popen[bytes]) -> None:
    with _guard:
        _alive.discard(process)


def _die_with_parent() -> None:
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

"""What a person sees on stderr: messages without secrets, and a line for each running step."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from release_tasks import masking, memo
from release_tasks.display import amount, github, lines, logs, messages
from release_tasks.display.messages import Message
from release_tasks.errors import ReleaseError, as_called
from release_tasks.printable import one_line, printable

# the name of the running step
prefix: ContextVar[str] = ContextVar("prefix", default="")
collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)
stopping = threading.Event()  # set once the release is interrupted

INTERRUPTED = 130  # exit status after Ctrl-C: 128 and the number of the signal
_MODULE = re.compile(r"^python[\d.]* (?:-\w+ )*-m ")  # of its command line
_CALLS_INV = re.compile(r"\b(inv|release-tasks) (?!rehearse)[a-z]")
_task = "inv"  # the task that the user has called
_last_wait = ""
_shown: set[str] = set()  # the facts of messages so far
_remembered: list[Message] = []  # what a release says again at its end
_ended: list[str] = []  # the last lines of steps, which a CI shows behind them


def say(*texts: str) -> None:
    """Print messages to stderr, each line after the name of the running step.

    While messages are collected (as `plan` does), they go into that list instead. Where a step is a
    line that changes, that line shows the last message.
    """
    if _is_collected(texts):
        return
    step = prefix.get()
    shown = _safe_lines(texts)
    logs.add(_log(), shown)
    if not shown:
        return
    lines.found(step, shown[0])
    if lines.is_step(step) and amount.is_live():
        lines.does(step, shown[0])
    else:
        _print(shown)


def notice(*texts: str) -> None:
    """Print messages that must be seen now, as `say` does where nothing is drawn."""
    if _is_collected(texts):
        return
    shown = _safe_lines(texts)
    logs.add(_log(), shown)
    _print(shown)


def notice_unless_shown(fact: Sequence[str], *texts: str) -> None:
    """Print lines as `notice` does, but only log them where a message had this fact already."""
    is_shown = "\n".join(_safe_lines(fact)) in _shown
    if is_shown and collected.get() is None:
        logs.add(_log(), _safe_lines((*fact, *texts)))
        return
    notice(*fact, *texts)


def show_at_end(message: Message) -> None:
    """Print a message now, and once more when the release is done (`show_remembered`)."""
    show_messages([message])
    if collected.get() is None:
        _remembered.append(message)


def show_remembered() -> None:
    """Print what was kept for the end, each message once."""
    found = tuple(dict.fromkeys(_remembered))
    _remembered.clear()
    show_messages(found)


def begin_task(name: str) -> None:
    """Remember the task that the user has called: it names the log outside of steps.

    What an earlier task has shown is no longer before the user's eyes.
    """
    global _task
    _task = name
    _shown.clear()


def end_task() -> None:
    """Remove the lines of what runs, and close the logs."""
    lines.stop()
    logs.close()


@contextmanager
def running(step: str) -> Iterator[None]:
    """Show a step while the block runs, then how it ended and how long it took."""
    token = prefix.set(step)
    lines.begin(step)
    is_well = False
    try:
        yield
        is_well = True
    finally:
        last = lines.end(step, is_well)
        if amount.is_live():
            lines.write(f"{last}\n")
        else:
            _ended.append(last)
        prefix.reset(token)


@contextmanager
def folded(title: str) -> Iterator[None]:
    """Fold on GitHub Actions what the block prints (workflow command `group`).

    Behind it stands how each of its steps has ended, in every CI.
    """
    if amount.is_github():
        lines.write(f"::group::{printable(title)}\n")
    try:
        yield
    finally:
        if amount.is_github():
            lines.write("::endgroup::\n")
        if amount.is_ci():
            lines.write("".join(f"{last}\n" for last in _ended))
        _ended.clear()


def activity(text: str) -> None:
    """Show what the task does now, on a terminal alone."""
    lines.does(prefix.get() or _task, one_line(printable(hide_secrets(text))))


def command_line(line: str, is_echoed: bool = False) -> None:
    """Show the command line of a program that begins."""
    text = f"$ {line}"
    logs.add(_log(), _safe_lines([text]))
    if is_echoed or amount.shows_commands():
        _print(_safe_lines([text]))
    activity(_program_and_words(line))


def output(line: str) -> None:
    """Show one line that a program has printed; of a progress bar, its last state."""
    last = line.rstrip().rsplit("\r", 1)[-1]
    shown = _safe_lines([f"  {last}"])
    logs.add(_log(), shown)
    if amount.shows_output():
        _print(shown)
    elif last.strip():
        activity(last)


def keep_beside_logs(name: str, data: object) -> None:
    """Write an object as JSON beside the logs, without secrets, where those are kept."""
    logs.keep(name, hide_secrets(json.dumps(data)))


def has_failed() -> None:
    """Remember that the program has failed whose output came last."""
    logs.has_failure(_log())


def show_messages(found: Sequence[Message]) -> None:
    """Print errors or findings, and show them on GitHub at their lines."""
    if not found or _is_collected([messages.rendered(one) for one in found]):
        return
    hide = masking.hider()
    safe = [_safe(one, hide) for one in found]
    _shown.update(one.fact for one in safe)
    for one in messages.merged(safe):
        text = messages.rendered(one)
        logs.add(_log(), text.splitlines())
        shown = messages.rendered(one, amount.width(), amount.is_colored())
        lines.write(f"{shown}\n")
    if amount.is_github():
        for one in safe:
            lines.write(f"{github.annotation(one)}\n")


def show_error(error: ReleaseError) -> None:
    """Print an error, all that it consists of, and where the output of programs is."""
    found = []
    for one in error.each:
        place = messages.place(one.file, one.line)
        found.append(Message("error", one.problem, one.fix, one.check, place))
    show_messages(found)
    if len(found) > 1:
        _print([messages.counts(found)])
    if error.code == INTERRUPTED:
        return  # programs that were ended have not failed
    for log in logs.with_failures():
        lines.write(f"{messages.INDENT}the whole log: {log}\n")


def keep_logs_in(folder: Path) -> None:
    """Write what each step and its programs say into a folder, one file for each step."""
    logs.keep_in(folder)


def show(text: str = "") -> None:
    """Print a text to stdout."""
    lines.stop()
    print(printable(text))


def print_json(data: object, indent: int | None = 2) -> None:
    """Print an object to stdout as JSON, without secrets; on one line when `indent` is None."""
    lines.stop()
    print(hide_secrets(json.dumps(data, indent=indent)))


def pause(seconds: float, why: str = "") -> None:
    """Sleep; raise `ReleaseError` as soon as the release is interrupted.

    On a terminal, `why` is a line that counts the seconds down and is erased at the end.
    Elsewhere it is printed once.
    """
    global _last_wait
    if why and why != _last_wait and not amount.is_live():
        say(why)
    _last_wait = why or _last_wait
    if why:
        memo.invalidate()  # what is waited for can change in the meantime
    end = time.monotonic() + seconds
    while True:
        left = max(0.0, end - time.monotonic())
        if why and left:
            activity(f"{why} ({left:.0f} s)")
        if stopping.wait(min(0.5, left)):
            raise ReleaseError("interrupted", code=INTERRUPTED)
        if not left:
            lines.rests(prefix.get() or _task)
            return


def wait_for(
    missing: Callable[[], str], at_most: float, longest: float = 5.0
) -> None:
    """Wait until `missing` returns an empty text; until then it returns what is waited for.

    It is called less and less often, in the end every `longest` seconds. Raises `ReleaseError`
    after `at_most` seconds.
    """
    end = time.monotonic() + at_most
    seconds = 0.1
    while what := missing():
        if time.monotonic() > end:
            raise ReleaseError(
                f"gave up waiting for {what} after {at_most:.0f} s",
                "run the release again later",
            )
        pause(seconds, f"waiting for {what}")
        seconds = min(seconds * 2, longest)


def hide_secrets(text: str) -> str:
    """Replace the values of secret variables in `text`, and logins and tokens in addresses."""
    return masking.hidden(text)


def _is_collected(texts: Sequence[str]) -> bool:
    """Add messages to the list that collects them, if there is one."""
    messages = collected.get()
    if messages is None:
        return False
    messages += [printable(hide_secrets(text)) for text in texts]
    return True


def _safe_lines(texts: Sequence[str]) -> list[str]:
    """Return the lines of messages, without secrets and without what a terminal obeys."""
    return printable(hide_secrets(as_called("\n".join(texts)))).splitlines()


def _safe(message: Message, hide: Callable[[str], str]) -> Message:
    """Return a message without secrets, and without what a terminal obeys."""

    def safe(text: str) -> str:
        return printable(hide(as_called(text)))

    fix = message.fix
    if amount.is_rehearsal() and _CALLS_INV.search(fix):
        fix = f"in a real release: {fix}"
    return replace(message, fact=safe(message.fact), fix=safe(fix))


def _print(shown: Sequence[str]) -> None:
    """Print lines after the name of the running step, and break them between words."""
    step = prefix.get()
    start = f"{step}: " if step else ""
    for line in shown:
        broken = messages.wrapped(f"{start}{line}", "    ", amount.width())
        lines.write("".join(f"{part}\n" for part in broken))


def _log() -> str:
    return prefix.get() or _task


def _program_and_words(line: str) -> str:
    """Return a command line from the name of its program on.

    Left out are `env A=1`, the folder of the program, and the Python that runs it as a module.
    """
    words = line.split(" ")
    if words[0] == "env":
        words = [word for word in words[1:] if "=" not in word.split("/")[0]]
    shown = " ".join([words[0].rpartition("/")[2], *words[1:]])
    return _MODULE.sub("", shown)

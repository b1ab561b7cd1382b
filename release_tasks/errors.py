"""Errors that end a command: what is wrong, and how to fix it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from invoke.exceptions import Exit

from release_tasks import masking
from release_tasks.printable import printable, quoted, word

SHOWN_NAMES = 5  # how many names `shorten` prints
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)
_INV = re.compile(r"(?<![\w/-])inv (?=[a-z-])")

program = "inv"  # what the tasks were called with; `release_tasks.program` sets another


@dataclass(frozen=True)
class Problem:
    """What is wrong, and how to fix it; `file` is relative to the root, `line` counts from 1.

    `file` is empty and `line` is 0 where the fact is not about a file or a line.
    """

    fact: str
    fix: str = ""
    file: str = ""
    line: int = 0


class ReleaseError(Exit):
    """End the command with exit status 1.

    `problem` is a fact, `fix` is what to do about it; neither has a secret. `check` is the name of
    the check that found it, if one did; `file` and `line` are those of `Problem`.
    """

    def __init__(
        self,
        problem: str,
        fix: str = "",
        code: int = 1,
        check: str = "",
        file: str = "",
        line: int = 0,
    ) -> None:
        self.check = check
        self.file = file
        self.line = line
        hide = masking.hider()
        self.problem = printable(hide(as_called(problem)))
        self.fix = printable(hide(as_called(fix)))
        super().__init__(self._text(), code)
        # Python stores the arguments of a subclass's constructor here, secrets included
        self.args = (self.message,)

    def _text(self) -> str:
        """Return both, in lines that nothing in them can imitate."""
        text = quoted(self.problem)
        if self.fix:
            text += f"\nfix: {quoted(self.fix)}"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        place = (self.check, self.file, self.line)
        return type(self), (self.problem, self.fix, self.code, *place)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what it says, as values."""
        return (Problem(self.problem, self.fix, self.file, self.line),)

    @property
    def each(self) -> tuple[ReleaseError, ...]:
        """Return the errors that this one consists of."""
        return (self,)

    def in_step(self, name: str) -> ReleaseError:
        """Return it with the name of the step that it ended; a check's own name says enough."""
        fact = self.problem
        if not self.check:
            fact = f"{name}: {fact}"
        return ReleaseError(
            fact, self.fix, self.code or 1, self.check, self.file, self.line
        )


class MultipleErrors(ReleaseError):
    """Several errors, reported together."""

    def __init__(self, errors: Iterable[ReleaseError]) -> None:
        self.errors = tuple(errors)
        text = "\n".join(str(error.message) for error in self.errors)
        if len(self.errors) > 1:
            text = f"{len(self.errors)} problems\n{text}"
        super().__init__(text)

    def _text(self) -> str:
        return self.problem  # each of them is quoted already

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.errors,)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what all of them say, as values."""
        return tuple(problems_of(self.errors))

    @property
    def each(self) -> tuple[ReleaseError, ...]:
        """Return the errors that this one consists of."""
        return self.errors

    def in_step(self, name: str) -> ReleaseError:
        """Return them with the name of the step that they ended."""
        return MultipleErrors(error.in_step(name) for error in self.errors)


def of_disk(error: OSError) -> ReleaseError | None:
    """Return the error for a full disk, or a file that belongs to others; None for a bug."""
    name = ""
    if error.filename is not None:
        name = os.fsdecode(error.filename)
    if error.errno in FULL:
        # the one of a write names no file
        fact = f"{name or 'a file'} cannot be written: {error.strerror}"
        return ReleaseError(fact, "df -h")
    if name and error.errno in CLOSED:
        fact = f"{name} cannot be opened: {error.strerror}"
        return ReleaseError(fact, f"ls -ld {word(name)}")
    return None


def collect(
    check: Callable[[], Iterable[ReleaseError] | None],
) -> list[ReleaseError]:
    """Return every error that `check` yields or returns, and the one that it raises."""
    errors: list[ReleaseError] = []
    try:
        for error in check() or ():
            errors.append(error)
    except MultipleErrors as several:
        errors += several.errors
    except ReleaseError as error:
        errors.append(error)
    return errors


def as_called(text: str) -> str:
    """Return a text with the commands as the user can type them: `inv`, or `release-tasks`."""
    if program == "inv":
        return text
    return _INV.sub(f"{program} ", text)


def shorten(names: Sequence[str]) -> str:
    """Return the first five names in one line, and how many more there are."""
    text = ", ".join(names[:SHOWN_NAMES])
    hidden = len(names) - SHOWN_NAMES
    if hidden > 0:
        text += f" and {hidden} more"
    return text


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `2 files`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}s"


def raise_all(errors: Iterable[ReleaseError]) -> None:
    """Raise the error, or one `MultipleErrors` for several. Do nothing when there are none.

    Errors with the same problem and fix are reported once.
    """
    unique = {(error.problem, error.fix): error for error in errors}
    found = list(unique.values())
    if len(found) == 1:
        raise found[0]
    if found:
        raise MultipleErrors(found)


def problems_of(errors: Iterable[ReleaseError]) -> list[Problem]:
    """Return what errors say, as values."""
    return [problem for error in errors for problem in error.problems]


def collect_problems(
    look: Callable[[], Iterable[Problem] | None],
) -> list[Problem]:
    """Return the problems that `look` finds, and those of the error that ends it, if any."""
    found: list[Problem] = []
    try:
        for problem in look() or ():
            found.append(problem)
    except ReleaseError as error:
        found += error.problems
    return found


def raise_problems(found: Iterable[Problem]) -> None:
    """Raise the problems as `ReleaseError`, several together; return when there are none."""
    raise_all(
        ReleaseError(
            problem.fact, problem.fix, file=problem.file, line=problem.line
        )
        for problem in found
    )

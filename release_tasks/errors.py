"""Errors that end a command: what is wrong, and how to fix it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from invoke.exceptions import Exit

SHOWN_NAMES = 5  # how many names `shorten` prints


class ReleaseError(Exit):
    """End the command with exit status 1.

    `problem` is a fact, `fix` is what to do about it. Each is one line.
    """

    def __init__(self, problem: str, fix: str = "", code: int = 1) -> None:
        self.problem = problem
        self.fix = fix
        text = problem
        if fix:
            text += f"\nfix: {fix}"
        super().__init__(text, code)
        # Python stores the arguments of a subclass's constructor here, secrets included
        self.args = (self.message,)

    def __reduce__(self) -> tuple[type[ReleaseError], tuple[str, str, int]]:
        return type(self), (self.problem, self.fix, self.code)


class MultipleErrors(ReleaseError):
    """Several errors, reported together."""

    def __init__(self, errors: Iterable[ReleaseError]) -> None:
        self.errors = tuple(errors)
        text = "\n".join(str(error.message) for error in self.errors)
        if len(self.errors) > 1:
            text = f"{len(self.errors)} problems\n{text}"
        super().__init__(text)


def collect(check: Callable[[], Iterable[ReleaseError] | None]) -> list[ReleaseError]:
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


def shorten(names: Sequence[str]) -> str:
    """Return the first five names in one line, and how many more there are."""
    text = ", ".join(names[:SHOWN_NAMES])
    hidden = len(names) - SHOWN_NAMES
    if hidden > 0:
        text += f" and {hidden} more"
    return text


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

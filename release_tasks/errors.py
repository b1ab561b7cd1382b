"""What stops a release: a fact and a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from invoke.exceptions import Exit


class ReleaseError(Exit):
    """Stop with exit status 1: `problem` is a fact, `fix` is a way out, one line each."""

    def __init__(self, problem: str, fix: str = "", code: int = 1) -> None:
        self.problem, self.fix = problem, fix
        super().__init__(f"{problem}\nfix: {fix}" if fix else problem, code)
        self.args = (self.message,)  # Python keeps what a subclass was given, secrets included

    def __reduce__(self) -> tuple[type[ReleaseError], tuple[str, str, int]]:
        return type(self), (self.problem, self.fix, self.code)


class MultipleErrors(ReleaseError):
    """Several errors at once; none is hidden behind the first."""

    def __init__(self, errors: Iterable[ReleaseError]) -> None:
        self.errors = tuple(errors)
        count = len(self.errors)
        listed = "\n".join(str(error.message) for error in self.errors)
        super().__init__(f"{count} problems\n{listed}" if count > 1 else listed)


def collect(look: Callable[[], Iterable[ReleaseError] | None]) -> list[ReleaseError]:
    """Return every error that `look` yields, and the one that ends it, where it raises."""
    found: list[ReleaseError] = []
    try:
        for error in look() or ():
            found.append(error)
    except MultipleErrors as several:
        found += several.errors
    except ReleaseError as error:
        found.append(error)
    return found


def shorten(names: Sequence[str]) -> str:
    """Return the first five names in one line, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")


def raise_all(errors: Iterable[ReleaseError]) -> None:
    """Raise nothing for no error, the error itself for one, `Problems` for several."""
    found = tuple(
        {(error.problem, error.fix): error for error in errors}.values()
    )  # one fact is said once
    if len(found) == 1:
        raise found[0]
    if found:
        raise MultipleErrors(found)

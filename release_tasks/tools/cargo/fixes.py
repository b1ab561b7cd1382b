"""cargo fmt and cargo clippy: the commands that correct what a gate with the same words finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# cargo clippy --fix leaves a program alone that does not compile, and a denied lint is an error
_AS_WARNING = {"-D": "-W", "--deny": "--warn", "-F": "-W", "--forbid": "--warn"}


class Fix(NamedTuple):
    """A command that corrects files, and the message of the commit with what it has changed."""

    argv: tuple[str, ...]
    message: str


def of(argv: Sequence[str]) -> Fix | None:
    """Return what corrects the findings of a gate's command, None where no command does."""
    if argv[:1] != ("cargo",):
        return None
    place = 2 if argv[1:2] and argv[1].startswith("+") else 1
    name = argv[place] if len(argv) > place else ""
    until, after = tuple(argv[: place + 1]), tuple(argv[place + 1 :])
    if name == "fmt" and "--check" in after:
        return Fix(
            (*until, *_formatting(after)), "style: Apply cargo fmt fixes"
        )
    if name == "clippy":
        options = ("--fix", "--allow-dirty", "--allow-staged")
        lints = tuple(map(_as_warning, after))
        return Fix((*until, *options, *lints), "fix: Resolve clippy warnings")
    return None


def _formatting(words: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(word for word in words if word != "--check")
    return kept[:-1] if kept[-1:] == ("--",) else kept


def _as_warning(word: str) -> str:
    if word.startswith(("-D", "-F")) and word not in _AS_WARNING:
        return f"-W{word[2:]}"
    return _AS_WARNING.get(word, word)

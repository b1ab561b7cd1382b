"""The commands that correct what a gate with the same words finds: formatters, and some lints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# cargo clippy --fix leaves a program alone that does not compile, and a denied lint is an error
_AS_WARNING = {"-D": "-W", "--deny": "--warn", "-F": "-W", "--forbid": "--warn"}
# programs that run a tool of the project, and the words that may stand between
_RUNNERS = (
    *("uv", "uvx", "poetry", "pdm", "hatch", "pipx", "python", "python3"),
    *("npx", "npm", "pnpm", "yarn", "bunx"),
)
_BETWEEN = ("run", "exec", "-m", "--")


class Fix(NamedTuple):
    """A command that corrects files, and the message of the commit with what it has changed."""

    argv: tuple[str, ...]
    message: str
    is_format: bool = True  # else it may leave its files unformatted


class _Rule(NamedTuple):
    """How a tool that checks becomes one that corrects: its words, without some, with others.

    It is a check where it has one of the words `without`; where that is empty, always.
    """

    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    is_format: bool = True


# docs.astral.sh/ruff, black.readthedocs.io, pycqa.github.io/isort, prettier.io, taplo.tamasfe.dev,
# docs.deno.com, developer.hashicorp.com/terraform: the options of their commands
_RULES = (
    _Rule(("ruff", "format"), ("--check", "--diff")),
    # it ends with 0 whatever is left: the gate runs again
    _Rule(("ruff", "check"), added=("--fix", "--exit-zero"), is_format=False),
    _Rule(("black",), ("--check", "--diff")),
    _Rule(("isort",), ("--check-only", "--check", "-c", "--diff")),
    _Rule(
        ("prettier",),
        ("--check", "-c", "--list-different", "-l"),
        ("--write",),
    ),
    _Rule(("taplo", "fmt"), ("--check",)),
    _Rule(("taplo", "format"), ("--check",)),
    _Rule(("deno", "fmt"), ("--check",)),
    _Rule(("terraform", "fmt"), ("-check", "-diff")),
)


def of(argv: Sequence[str]) -> Fix | None:
    """Return what corrects the findings of a gate's command, None where no command does."""
    if argv[:1] == ("cargo",):
        return _of_cargo(tuple(argv))
    start = _tool(argv)
    for rule in _RULES:
        end = start + len(rule.words)
        if tuple(argv[start:end]) != rule.words:
            continue
        rest = tuple(argv[end:])
        kept = tuple(word for word in rest if word not in rule.without)
        is_check = kept != rest or not rule.without
        if not is_check or "--fix" in rest:
            return None
        name = " ".join(rule.words)
        message = f"style: Apply {name} fixes"
        if not rule.is_format:
            message = f"fix: Resolve {name} findings"
        words = (*argv[:end], *rule.added, *kept)
        return Fix(words, message, rule.is_format)
    return None


def _tool(argv: Sequence[str]) -> int:
    """Return where the words of a tool begin, behind the program of the project that runs it."""
    start = 0
    if argv[:1] and argv[0] in _RUNNERS:
        start = 1
        while start < len(argv) and argv[start] in _BETWEEN:
            start += 1
    return start


def _of_cargo(argv: tuple[str, ...]) -> Fix | None:
    place = 2 if argv[1:2] and argv[1].startswith("+") else 1
    name = argv[place] if len(argv) > place else ""
    until, after = argv[: place + 1], argv[place + 1 :]
    if name == "fmt" and "--check" in after:
        return Fix(
            (*until, *_formatting(after)), "style: Apply cargo fmt fixes"
        )
    if name == "clippy":
        options = ("--fix", "--allow-dirty", "--allow-staged")
        lints = tuple(map(_as_warning, after))
        message = "fix: Resolve clippy warnings"
        return Fix((*until, *options, *lints), message, is_format=False)
    return None


def _formatting(words: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(word for word in words if word != "--check")
    return kept[:-1] if kept[-1:] == ("--",) else kept


def _as_warning(word: str) -> str:
    if word.startswith(("-D", "-F")) and word not in _AS_WARNING:
        return f"-W{word[2:]}"
    return _AS_WARNING.get(word, word)

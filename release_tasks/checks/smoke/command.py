"""Which program an image starts: the project's own one, somebody else's, or one that is not known.

An interpreter, a shell or an init is not what an image is about: its version is not the project's.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

SHELLS = ("sh", "bash", "ash", "dash", "zsh", "ksh")
INTERPRETERS = re.compile(
    r"(python|pypy|node|nodejs|deno|bun|ruby|perl|php|lua|java|dotnet|mono|Rscript|julia|elixir"
    r"|erl|guile|racket|tclsh|pwsh)[\d.]*"
)
# programs that start another one: which of their options have a value, and how many words
# stand before the program
WRAPPERS: dict[str, tuple[str, int]] = {
    "catatonit": ("-p", 0),
    "chpst": ("-u -U -e -/ -n -b", 0),
    "docker-init": ("-p -e", 0),
    "dumb-init": ("-r --rewrite", 0),
    "env": ("-u --unset -C --chdir", 0),
    "exec": ("-a", 0),
    "gosu": ("", 1),
    "nice": ("-n --adjustment", 0),
    "nohup": ("", 0),
    "runuser": ("-u --user -g --group", 0),
    "s6-setuidgid": ("", 1),
    "setpriv": ("", 0),
    "setuidgid": ("", 1),
    "stdbuf": ("-i -o -e", 0),
    "su-exec": ("", 1),
    "sudo": ("-u --user -g --group", 0),
    "timeout": ("-k --kill-after -s --signal", 1),
    "tini": ("-p -e", 0),
    "tini-static": ("-p -e", 0),
    "with-contenv": ("", 0),
}
# with `run` before the program
RUNNERS = ("uv", "poetry", "pipenv", "pdm", "hatch", "rye")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_ENDINGS = re.compile(
    r"\.(py|pyz|pex|js|cjs|mjs|ts|rb|pl|php|jar|dll|exe|sh|lua)$"
)
# it commonly ends with `exec "$@"`
_SCRIPT = re.compile(r"\.sh$|entrypoint|^init$")
_VERSION = re.compile(r"-v?\d[\w.+-]*$")
_OPTIONS_WITH_VALUE = ("-X", "-W", "-I", "-cp", "-classpath", "--require", "-r")


@dataclass(frozen=True)
class Started:
    """What an image starts, without its own arguments; `is_ours` if the project makes it."""

    argv: tuple[str, ...]
    is_ours: bool


def started(
    entrypoint: Sequence[str], command: Sequence[str], ours: Collection[str]
) -> Started | None:
    """Return the program that an image starts; None for an interpreter without one of ours.

    `ours` are the names of the project's programs. A script as entry point commonly starts the
    command, so that is looked at, too.
    """
    names = {_plain(name) for name in ours}
    first = _unwrapped([*entrypoint, *command])
    found = _program(first, names)
    if found and found.is_ours:
        return found
    if entrypoint and command and _SCRIPT.search(posixpath.basename(first[0])):
        of_command = _program(_unwrapped(command), names)
        if of_command and of_command.is_ours:
            return of_command
    return found


def _program(words: Sequence[str], ours: Collection[str]) -> Started | None:
    """Return the program in words without wrappers, None where it cannot be known."""
    if not words or "$" in words[0]:
        return None
    name = posixpath.basename(words[0])
    if name in SHELLS:
        return _in_shell(words, ours)
    if INTERPRETERS.fullmatch(name):
        length = _length_with_script(words)
        if length and _plain(words[length - 1]) in ours:
            return Started(tuple(words[:length]), is_ours=True)
        return None
    return Started((words[0],), is_ours=_plain(words[0]) in ours)


def _in_shell(words: Sequence[str], ours: Collection[str]) -> Started | None:
    """Return the program of ours that the line of `sh -c` ends with."""
    options = [word for word in words[1:] if re.fullmatch(r"-\w*c", word)]
    if not options:
        return None
    line = words[words.index(options[0]) + 1 :][:1]
    try:
        parts = shlex.split(re.split(r"&&|;", "".join(line))[-1])
    except ValueError:
        return None
    found = _program(_unwrapped(parts), ours)
    return found if found and found.is_ours else None


def _unwrapped(words: Sequence[str]) -> list[str]:
    """Return the words behind inits and other programs that start another one."""
    rest = list(words)
    while rest:
        name = posixpath.basename(rest[0])
        if name in RUNNERS and rest[1:2] == ["run"]:
            rest = _without_options(rest[2:], "")
        elif name in WRAPPERS:
            options, count = WRAPPERS[name]
            rest = _without_options(rest[1:], options)[count:]
        else:
            break
    return rest


def _without_options(words: Sequence[str], with_value: str) -> list[str]:
    """Return the words behind options and assignments, or behind `--`."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            break
        if word in with_value.split():
            at += 1
        elif not word.startswith("-") and not _ASSIGNMENT.match(word):
            return list(words[at - 1 :])
    return list(words[at:])


def _length_with_script(words: Sequence[str]) -> int:
    """Return how many words an interpreter and its script, module or archive are; 0 for none."""
    at = 1
    while at < len(words):
        word = words[at]
        if word in ("-m", "-jar"):
            return at + 2 if at + 1 < len(words) else 0
        if word in ("-c", "-e"):
            return 0
        if word in _OPTIONS_WITH_VALUE:
            at += 1
        elif not word.startswith("-"):
            return at + 1
        at += 1
    return 0


def _plain(word: str) -> str:
    """Return a name for comparison: without folder, ending and version."""
    name = _ENDINGS.sub("", posixpath.basename(word))
    return _VERSION.sub("", name).partition(":")[0].lower().replace("_", "-")

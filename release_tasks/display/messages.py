"""How an error or finding is shown: what is wrong, where, and what to do, as rustc does it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from release_tasks.printable import quoted

ERROR, WARNING, NOTE = "error", "warning", "note"
COLORS = {ERROR: "1;31", WARNING: "1;33", NOTE: "1;36", "help": "1;32"}
INDENT = "  "
# a help that begins with one of these is copied and typed: the terminal breaks its lines
COMMANDS = (
    *("inv", "release-tasks", "nox", "git", "gh", "cargo", "rustup", "docker"),
    *("helm", "apt-get", "apt", "pip", "python", "python3", "uv", "npm"),
    *("rm", "ls", "env", "cp", "mv", "chmod", "export", "sudo", "brew"),
)
MOST_SUBJECTS = 25  # that a message lists; --json has all
_SPACE = "\x00"  # a space at which no line ends


@dataclass(frozen=True)
class Message:
    """What is wrong and what to do; `also` are further subjects that the same is true of."""

    severity: str
    fact: str
    fix: str = ""
    name: str = ""
    places: tuple[str, ...] = ()  # FILE or FILE:LINE
    ignored: str = ""  # why the settings ignore it
    also: tuple[str, ...] = ()


def place(file: str, line: int) -> tuple[str, ...]:
    """Return where something is, as editors take it: `FILE:LINE`."""
    if not file:
        return ()
    if not line:
        return (file,)
    return (f"{file}:{line}",)


def rendered(message: Message, width: int = 0, is_colored: bool = False) -> str:
    """Return a message in lines of at most `width` columns, 0 for any.

    A command is never broken, as it could not be copied then.
    """
    first, _, rest = message.fact.partition("\n")
    label = message.severity
    if message.name:
        label += f"[{message.name}]"
    lines = [*wrapped(f"{label}: {first}", INDENT, width)]
    lines += [f"{INDENT}--> {place}" for place in message.places]
    for line in _further(rest):
        lines += wrapped(f"{INDENT * 2}{line}", INDENT * 4, width)
    if message.also:
        also = f"{INDENT}also: {_listed(message.also)}"
        lines += wrapped(also, INDENT * 2, width)
    if message.ignored:
        lines += wrapped(
            f"{INDENT}ignored: {message.ignored}", INDENT * 2, width
        )
    elif message.fix:
        lines += _help(message.fix, width)
    text = "\n".join(lines)
    if is_colored:
        text = _colored(text, label, message.severity)
    return text


def merged(messages: Iterable[Message]) -> list[Message]:
    """Return messages with one for each fact, whatever number of subjects or places it has."""
    found: list[Message] = []
    for message in messages:
        for index, other in enumerate(found):
            if joined := _joined(other, message):
                found[index] = joined
                break
        else:
            found.append(message)
    return found


def wrapped(text: str, indent: str, width: int) -> list[str]:
    """Return a text in lines; what stands between backticks stays in one."""
    if not width or len(text) <= width:
        return [text]
    blank = text[: len(text) - len(text.lstrip())]
    parts = text.split("`")
    for index in range(1, len(parts), 2):
        if len(parts[index]) < width - len(indent):
            parts[index] = parts[index].replace(" ", _SPACE)
    lines = textwrap.wrap(
        "`".join(parts).lstrip(),
        width,
        initial_indent=blank,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_SPACE, " ") for line in lines]


def counts(messages: Sequence[Message]) -> str:
    """Return how many messages of each severity there are: `1 error, 3 warnings`."""
    shown = []
    for severity in (ERROR, WARNING, NOTE):
        number = sum(1 for one in messages if one.severity == severity)
        if number == 1:
            shown.append(f"1 {severity}")
        elif number:
            shown.append(f"{number} {severity}s")
    return ", ".join(shown)


def _joined(one: Message, other: Message) -> Message | None:
    """Return one message for two that say the same of two subjects, None for different ones."""
    if (one.severity, one.name, one.ignored) != (
        other.severity,
        other.name,
        other.ignored,
    ):
        return None
    if (one.fact, one.fix) == (other.fact, other.fix):
        places = tuple(dict.fromkeys((*one.places, *other.places)))
        return replace(one, places=places)
    if one.places != other.places or "\n" in one.fact:
        return None
    subjects = _difference(one.fact, other.fact)
    if subjects is None:
        return None
    first, second = subjects
    fix = _joined_fix(one, other, _bare(first), _bare(second))
    if fix is None:
        return None
    return replace(one, fix=fix, also=(*one.also, second))


def _joined_fix(
    one: Message, other: Message, first: str, second: str
) -> str | None:
    """Return a fix for two subjects: the same, or a list of `--new`; None where there is none."""
    if one.fix == other.fix:
        return one.fix
    option = f"--new {first}"
    if f"--new {second}" not in other.fix or option not in one.fix:
        return None
    listed = ",".join([first, *map(_bare, one.also)])
    plain = one.fix.replace(f"--new {listed}", option)
    if plain != other.fix.replace(f"--new {second}", option):
        return None
    return plain.replace(option, f"--new {listed},{second}", 1)


def _difference(one: str, other: str) -> tuple[str, str] | None:
    """Return the only word that is different in two sentences, None where there are more."""
    words, others = one.split(" "), other.split(" ")
    if len(words) != len(others):
        return None
    pairs = zip(words, others, strict=True)
    different = [pair for pair in pairs if pair[0] != pair[1]]
    if len(different) != 1:
        return None
    return different[0]


def _listed(subjects: tuple[str, ...]) -> str:
    """Return some subjects, of very many only the first ones."""
    if len(subjects) <= MOST_SUBJECTS:
        return ", ".join(subjects)
    shown = subjects[: MOST_SUBJECTS - 5]
    return f"{', '.join(shown)} and {len(subjects) - len(shown)} more"


def _bare(word: str) -> str:
    return word.strip("`'\",:;")


def _further(rest: str) -> list[str]:
    """Return the lines behind the first: what a program has said, which is no message of ours."""
    if not rest:
        return []
    return quoted(f"\n{rest}").split("\n")[1:]


def _help(fix: str, width: int) -> list[str]:
    first, *rest = fix.split("\n")
    if first.split(" ")[0] in COMMANDS:
        width = 0
    lines = wrapped(f"{INDENT}help: {first}", INDENT * 4, width)
    # settings to add begin in the first column, as in their file
    return [*lines, *_further("\n".join(rest))]


def _colored(text: str, label: str, severity: str) -> str:
    text = text.replace(label, f"\x1b[{COLORS[severity]}m{label}\x1b[0m", 1)
    colored = f"\n{INDENT}\x1b[{COLORS['help']}mhelp:\x1b[0m"
    return text.replace(f"\n{INDENT}help:", colored, 1)

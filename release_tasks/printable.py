"""Text of servers, programs and repositories, as it may be printed: data, and no command.

A terminal obeys escape codes, GitHub Actions lines that begin with `::` or have `##[`, and a
person a line that begins with `help:`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

# ECMA-48: control sequences, strings of commands (titles, links) up to their end, two-letter codes
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
)
# The other control characters, line ends that only some readers know, and those of Unicode that
# change the direction of a line or cannot be seen (UTS 55, Unicode Source Code Handling)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u2028\u2029\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
# GitHub Actions and Azure Pipelines (workflow commands), TeamCity (service messages)
_COMMAND = re.compile(
    r"(?m)##(?=\[|vso\[|teamcity\[)|^(?P<start>[^\S\n]*)::(?=[\w-])"
)
_LABEL = re.compile(
    r"(?im)(?<=\n)(?=[^\S\n]*(?:fix|help|error|problem|warning|note)[ \t]*(?:\[[\w-]*\])?:)"
)


def printable(text: str) -> str:
    """Return a text without anything that a terminal or a CI would obey.

    Colors and the like are dropped; another control character is shown as Python writes it.
    """
    if _CONTROL.search(text):
        text = _CONTROL.sub(_escaped, _SEQUENCE.sub("", text))
    if "##" in text or "::" in text:
        text = _COMMAND.sub(_disarmed, text)
    return text


def quoted(text: str) -> str:
    """Return a text whose further lines cannot be taken for a message of ours: they are indented.

    Only those are changed that begin as one, as `help:`.
    """
    if "\n" not in text:
        return text
    return _LABEL.sub("  | ", text)


def one_line(text: str) -> str:
    """Return a text in one line, each run of white space as one space."""
    return " ".join(text.split())


def word(value: object) -> str:
    """Return a value as one word of a command that is printed to be typed."""
    return shlex.quote(str(value))


def words(values: Iterable[object]) -> str:
    """Return values as words of a command."""
    return " ".join(map(word, values))


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\r":
        return ""
    return char.encode("unicode_escape", "surrogatepass").decode()


def _disarmed(match: re.Match[str]) -> str:
    if match[0].startswith("##"):
        return "# #"
    return f"{match['start']}: :"

"""What GitHub Actions shows beside its log: annotations at lines, and a summary of the job."""

from __future__ import annotations

import os

from release_tasks.display.messages import Message
from release_tasks.printable import printable

# GitHub's words
ANNOTATIONS = {"note": "notice", "warning": "warning", "error": "error"}
SUMMARY = "GITHUB_STEP_SUMMARY"  # the file that it shows as Markdown


def annotation(message: Message) -> str:
    """Return the workflow command that shows a message at its line.

    Its documentation says what is escaped: %, line ends, and `,` and `:` in values.
    """
    file, line = _file_and_line("".join(message.places[:1]))
    values = {"file": file, "line": line, "title": message.name}
    shown = ",".join(
        f"{key}={_escaped(value, ',:')}"
        for key, value in values.items()
        if value
    )
    text = message.fact
    if message.fix:
        text += f"\nhelp: {message.fix}"
    start = f"::{ANNOTATIONS[message.severity]} {shown}".rstrip()
    return f"{start}::{_escaped(text)}"


def summary_file() -> str:
    """Return the path of the summary of this job, "" outside of GitHub Actions."""
    return os.environ.get(SUMMARY, "")


def _file_and_line(place: str) -> tuple[str, str]:
    file, _, line = place.rpartition(":")
    if not line.isdecimal():
        return place, ""
    return file, line


def _escaped(text: str, more: str = "") -> str:
    text = printable(text)
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text

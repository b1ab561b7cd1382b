"""How findings are shown: as text, as JSON, and on GitHub at their lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from release_tasks import terminal
from release_tasks.checks.check import Finding
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.printable import printable, quoted

# GitHub's words
ANNOTATIONS = {"note": "notice", "warning": "warning", "problem": "error"}


def show(found: Sequence[Finding], title: str, as_json: bool) -> None:
    """Show what was found about a release, and raise the problems as `ReleaseError`."""
    if as_json:
        import json

        rows = [finding.data() for finding in found]
        print(json.dumps({"release": title, "findings": rows}, indent=2))
    print_findings(found)
    terminal.say(f"{title} is ready to release")


def print_findings(found: Sequence[Finding]) -> None:
    """Print the warnings and notes, and raise the problems as `ReleaseError`."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for finding in found:
            sys.stderr.write(terminal.hide_secrets(annotation(finding)) + "\n")
    harmless = [finding for finding in found if finding.severity != "problem"]
    terminal.say(*map(_text, harmless))
    raise_all(
        ReleaseError(_fact(finding), finding.fix)
        for finding in found
        if finding.severity == "problem"
    )


def annotation(finding: Finding) -> str:
    """Return the workflow command that shows a finding on GitHub.

    Its documentation says what is escaped: %, line ends, and `,` and `:` in values.
    """
    place = {
        "file": finding.file,
        "line": str(finding.line or ""),
        "title": finding.name,
    }
    values = ",".join(
        f"{key}={_escaped(value, ',:')}"
        for key, value in place.items()
        if value
    )
    message = _escaped(f"{finding.fact}\nfix: {finding.fix}")
    return f"::{ANNOTATIONS[finding.severity]} {values}::{message}"


def _escaped(text: str, more: str = "") -> str:
    text = printable(text)
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _text(finding: Finding) -> str:
    last = f"fix: {quoted(finding.fix)}"
    if finding.ignored:
        last = f"ignored: {quoted(finding.ignored)}"
    return f"{finding.severity}: {quoted(_fact(finding))}\n{last}"


def _fact(finding: Finding) -> str:
    """Return the fact with the line behind the name of the file, which it may already have."""
    place = finding.file
    if finding.line:
        place = f"{finding.file}:{finding.line}"
    if finding.file in finding.fact:
        fact = finding.fact.replace(finding.file, place, 1)
    else:
        fact = f"{place}: {finding.fact}"
    return f"{finding.area}/{finding.name}: {fact}"

"""How findings are shown: by area, to programs as JSON, on GitHub at their lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from release_tasks import terminal
from release_tasks.checks.check import Finding
from release_tasks.errors import ReleaseError, raise_all

ANNOTATIONS = {"note": "notice", "warning": "warning", "problem": "error"}  # GitHub's words


def show(found: Sequence[Finding], title: str, as_json: bool) -> None:
    """Show what was found about a release, and raise the problems as `ReleaseError`."""
    if as_json:
        import json

        print(json.dumps({"release": title, "findings": [one.data() for one in found]}, indent=2))
    print_findings(found)
    terminal.say(f"nothing stands in the way of {title}")


def print_findings(found: Sequence[Finding]) -> None:
    """Say the warnings and notes, and raise the problems as `ReleaseError`."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for one in found:
            sys.stderr.write(terminal.hide_secrets(annotation(one)) + "\n")
    rest = (one for one in found if one.severity != "problem")
    terminal.say(
        *(
            f"{one.severity}: {_fact(one)}\n{f'silenced: {one.silenced}' if one.silenced else f'fix: {one.fix}'}"
            for one in rest
        )
    )
    raise_all(ReleaseError(_fact(one), one.fix) for one in found if one.severity == "problem")


def annotation(one: Finding) -> str:
    """Return the workflow command that shows a finding on GitHub (its docs: %, line ends and `,` `:` are escaped)."""
    place = {"file": one.file, "line": str(one.line or ""), "title": one.name}
    values = ",".join(f"{key}={_escaped(value, ',:')}" for key, value in place.items() if value)
    return f"::{ANNOTATIONS[one.severity]} {values}::{_escaped(f'{one.problem}{chr(10)}fix: {one.fix}')}"


def _escaped(text: str, more: str = "") -> str:
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _fact(one: Finding) -> str:
    place = f"{one.file}:{one.line}" if one.line else one.file
    fact = (
        one.problem.replace(one.file, place, 1)
        if one.file in one.problem
        else f"{place}: {one.problem}"
    )
    return f"{one.area}/{one.name}: {fact}"

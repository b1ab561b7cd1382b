"""How findings are shown: as text, as JSON, and on GitHub at their lines."""

from __future__ import annotations

from collections.abc import Sequence

from release_tasks import terminal
from release_tasks.checks.check import Finding
from release_tasks.display import messages
from release_tasks.display.messages import Message
from release_tasks.errors import ReleaseError, raise_all

FINDINGS = "findings.json"


def show(found: Sequence[Finding], title: str, as_json: bool) -> None:
    """Show what was found about a release, and raise the problems as `ReleaseError`."""
    rows = [finding.data() for finding in found]
    terminal.keep_beside_logs(FINDINGS, rows)
    if as_json:
        terminal.print_json({"release": title, "findings": rows})
    print_findings(found)
    counted = messages.counts(messages.merged(map(message, found)))
    more = f" ({counted})" if counted else ""
    terminal.say(f"{title} is ready to release{more}")


def print_findings(found: Sequence[Finding]) -> None:
    """Print the warnings and notes, and raise the problems as `ReleaseError`."""
    problems = [finding for finding in found if finding.severity == "problem"]
    harmless = [finding for finding in found if finding.severity != "problem"]
    terminal.show_messages([message(finding) for finding in harmless])
    raise_all(map(_error, problems))


def message(finding: Finding) -> Message:
    """Return a finding as it is shown."""
    severity = finding.severity
    if severity == "problem":
        severity = messages.ERROR
    return Message(
        severity,
        finding.fact,
        finding.fix,
        finding.name,
        messages.place(finding.file, finding.line),
        finding.ignored,
    )


def _error(finding: Finding) -> ReleaseError:
    return ReleaseError(
        finding.fact,
        finding.fix,
        check=finding.name,
        file=finding.file,
        line=finding.line,
    )

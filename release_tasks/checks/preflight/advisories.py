"""Known vulnerabilities that the project's own audit passes over, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.checks.check import CheckContext, note
from release_tasks.errors import Problem
from release_tasks.formats import text_files

# of cargo-audit and of cargo-deny; both have a table `advisories` with a list `ignore`
FILES = (".cargo/audit.toml", "deny.toml", ".cargo/deny.toml")
ADVISORY = re.compile(r"\b(?:RUSTSEC|CVE|GHSA)-[\w-]+")
TABLE = re.compile(r"^\s*\[+\s*([\w.-]+)\s*\]+")
REASON = re.compile(r"\breason\s*=\s*\"([^\"]*)\"")


@note
def ignored_advisory(context: CheckContext) -> Iterator[Problem]:
    """Find each advisory that the settings of cargo-audit or cargo-deny ignore."""
    tree = context.release.source_tree
    for name in FILES:
        if not (tree / name).is_file():
            continue
        for number, advisory, reason in _ignored(text_files.read(tree, name)):
            fact = f"the audit ignores {advisory}: {reason}"
            fix = f"remove it from {name} once no dependency needs it"
            if not reason:
                fact = (
                    f"the audit ignores {advisory}, and {name} does not say why"
                )
                fix = f"write the reason behind it in {name}, as a comment"
            yield Problem(fact, fix, name, number)


def _ignored(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and reason of each advisory in the table `advisories`.

    The reason is a comment behind it or on the line above, or cargo-deny's `reason`.
    """
    table, above = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        code, _, comment = line.partition("#")
        if header := TABLE.match(code):
            table = header[1]
        if not code.strip():
            # what is commented out is no reason
            above = "" if ADVISORY.search(comment) else comment.strip()
            continue
        if table == "advisories":
            said = REASON.search(line)
            reason = said[1] if said else comment.strip() or above
            for advisory in ADVISORY.findall(code):
                yield number, advisory, reason
        above = ""

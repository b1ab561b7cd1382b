"""A release or rehearsal as a page to look at, and as Markdown for a pull request."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import files, order
from release_tasks.checks.report import FINDINGS
from release_tasks.commands.status import shown_state
from release_tasks.commands.table import Row
from release_tasks.display import github, messages

ARTIFACTS = ("channel", "artifact", "state", "size", "sha256 / digest")
STEPS = ("step", "seconds", "critical path")
REQUESTS = ("registry", "host", "client", "writes")
FOUND = ("severity", "name", "place", "fact", "help")
LONGEST_LOG = 200_000  # characters of a log, its end
SPACE = "\N{NO-BREAK SPACE}"  # long checksums beside it would break a size
STYLE = """
:root { color-scheme: light dark; --line: #8886; --bar: #2f6fbf; --slow: #b3541e; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid
  var(--line); vertical-align: top; }
td.number { text-align: right; white-space: nowrap; }
td.bar { width: 45%; }
.bar div { background: var(--bar); height: .8rem; min-width: 2px; }
.bar div.critical { background: var(--slow); }
code, pre { font: .85rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow: auto; max-height: 30rem; padding: .8rem; border: 1px solid var(--line); }
summary { cursor: pointer; padding: .2rem 0; }
"""


@dataclass(frozen=True)
class ReportData:
    """What is known of one release: `status` and `timeline` as docs/json.md describes them."""

    title: str
    verdict: str  # one sentence
    status: Mapping[str, Any]
    timeline: Sequence[Mapping[str, Any]]
    stages: Sequence[Sequence[str]]  # the names of the steps
    requests: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)  # bytes, by name
    logs: Mapping[str, str] = field(default_factory=dict)  # by step
    next_command: str = ""


def read_findings(folder: Path) -> list[dict[str, Any]]:
    """Return what check has found, as it was kept beside the logs; nothing where it was not."""
    path = folder / FINDINGS
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found


def read_logs(folder: Path) -> dict[str, str]:
    """Return the log of each step, or its end where it is long."""
    found = {}
    for path in sorted(folder.glob("*.log")):
        found[path.stem] = path.read_text("utf-8", "replace")[-LONGEST_LOG:]
    return found


def read_sizes(dist: Path) -> dict[str, int]:
    """Return the size of each built file in bytes, by the name that its registry shows."""
    found = {}
    for path in sorted(dist.rglob("release.json")):
        for row in json.loads(path.read_text("utf-8"))["files"]:
            found[row["name"]] = row["size"]
    return found


def stages(c: Context) -> list[list[str]]:
    """Return the names of the steps of each stage of the project's order."""
    return [[order.name(step) for step in stage] for stage in order.of(c)]


def write(data: ReportData, path: Path) -> None:
    """Write the report: as Markdown into a file that ends with .md, else as a page."""
    text = as_markdown(data) if path.suffix == ".md" else as_html(data)
    files.write_bytes(path, text.encode())


def add_to_summary(data: ReportData) -> None:
    """Add the report to the summary of a job on GitHub, where this runs in one."""
    if summary := github.summary_file():
        files.append(Path(summary), as_markdown(data).encode())


def critical(data: ReportData) -> set[str]:
    """Return the steps that the release has waited for: the slowest of each stage."""
    seconds = {row["step"]: row["end"] - row["start"] for row in data.timeline}
    slowest = set()
    for stage in data.stages:
        if ran := [name for name in stage if name in seconds]:
            slowest.add(max(ran, key=lambda name: seconds[name]))
    return slowest


def as_html(data: ReportData) -> str:
    """Return one page that needs nothing else: no script, no font, no picture from elsewhere."""
    title = html.escape(data.title)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>{title}</h1>",
        f"<p><strong>{html.escape(data.verdict)}</strong></p>",
    ]
    if commit := data.status.get("commit"):
        parts.append(f"<p>Commit <code>{html.escape(commit)}</code></p>")
    parts += _section("Artifacts", _artifact_table(data))
    parts += _section("Order and time", _timeline_table(data))
    if data.requests:
        parts += _section("What went where", _request_table(data))
    if data.findings:
        parts += _section("Findings", _finding_table(data))
    if data.logs:
        parts += _section("Logs", _folded_logs(data))
    parts.append("</main></body></html>")
    return "\n".join(parts) + "\n"


def as_markdown(data: ReportData) -> str:
    """Return a text for a comment or the summary of a job, without the logs."""
    lines = [f"## {data.title}", "", data.verdict, ""]
    lines += markdown_table(ARTIFACTS, artifact_rows(data))
    slow = critical(data)
    steps = []
    for row in data.timeline:
        mark = "yes" if row["step"] in slow else ""
        steps.append((row["step"], _seconds(row), mark))
    lines += markdown_table(STEPS, steps)
    if data.requests:
        lines += markdown_table(REQUESTS, _request_rows(data))
    if data.findings:
        lines += markdown_table(FOUND, _finding_rows(data))
    if data.next_command:
        lines += [f"Next: `{data.next_command}`", ""]
    return "\n".join(lines)


def artifact_rows(data: ReportData) -> list[Row]:
    """Return a row for each artifact and pointer: channel, name, state, size, checksum."""
    rows: list[Row] = []
    for artifact in data.status["artifacts"]:
        checksum = artifact.get("digest") or artifact.get("sha256", "")
        size = _size(data.sizes.get(artifact["name"]))
        state = shown_state(artifact["state"])
        row = (artifact["channel"], artifact["name"], state, size, checksum)
        rows.append(row)
    for pointer in data.status["pointers"]:
        state = shown_state(pointer["state"], pointer["now"])
        target = f"points to {pointer['target']}"
        rows.append((pointer["channel"], pointer["name"], state, "", target))
    return rows


def _artifact_table(data: ReportData) -> list[str]:
    return _table(
        "What the version consists of", ARTIFACTS, artifact_rows(data)
    )


def _timeline_table(data: ReportData) -> list[str]:
    slow = critical(data)
    ends = [row["end"] for row in data.timeline]
    total = max(ends, default=0.0) or 1.0
    lines = _opening(
        "Steps in the order in which they ended; the critical path is what the "
        "whole release has waited for",
        (*STEPS, "when"),
    )
    for row in data.timeline:
        is_slow = row["step"] in slow
        left = 100 * row["start"] / total
        width = max(0.3, 100 * (row["end"] - row["start"]) / total)
        kind = ' class="critical"' if is_slow else ""
        bar = f'<div{kind} style="margin-left:{left:.1f}%;width:{width:.1f}%"></div>'
        name = html.escape(row["step"])
        lines.append(
            f'<tr><th scope="row">{name}</th><td class="number">{_seconds(row)}'
            f"</td><td>{'yes' if is_slow else ''}</td>"
            f'<td class="bar" aria-hidden="true">{bar}</td></tr>'
        )
    return [*lines, "</tbody></table></div>"]


def _request_table(data: ReportData) -> list[str]:
    return _table("Writes, by client", REQUESTS, _request_rows(data))


def _request_rows(data: ReportData) -> list[Row]:
    return [
        (row["registry"], row["host"], row["client"], str(row["writes"]))
        for row in data.requests
    ]


def _finding_table(data: ReportData) -> list[str]:
    return _table("What check has found", FOUND, _finding_rows(data))


def _finding_rows(data: ReportData) -> list[Row]:
    rows: list[Row] = []
    for finding in data.findings:
        place = "".join(messages.place(finding["file"], finding["line"]))
        texts = (finding["fact"], finding["ignored"] or finding["fix"])
        rows.append((finding["severity"], finding["name"], place, *texts))
    return rows


def _folded_logs(data: ReportData) -> list[str]:
    found = []
    for name, text in data.logs.items():
        shown = html.escape(text)
        found.append(
            f"<details><summary>{html.escape(name)}</summary>"
            f"<pre>{shown}</pre></details>"
        )
    return found


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"<section><h2>{title}</h2>", *lines, "</section>"]


def _table(caption: str, heading: Row, rows: Iterable[Row]) -> list[str]:
    lines = _opening(caption, heading)
    for first, *others in rows:
        cells = "".join(f"<td>{_cell(text)}</td>" for text in others)
        start = f'<th scope="row">{_cell(first)}</th>'
        lines.append(f"<tr>{start}{cells}</tr>")
    return [*lines, "</tbody></table></div>"]


def _opening(caption: str, heading: Row) -> list[str]:
    cells = "".join(f'<th scope="col">{title}</th>' for title in heading)
    return [
        f'<div class="scroll"><table><caption>{caption}</caption>',
        f"<thead><tr>{cells}</tr></thead><tbody>",
    ]


def _cell(text: str) -> str:
    shown = html.escape(text).replace("\n", "<br>")
    if len(text) >= 64 and " " not in text:  # a checksum
        return f"<code>{shown}</code>"
    return shown


def markdown_table(heading: Row, rows: Iterable[Row]) -> list[str]:
    """Return the lines of a Markdown table, and an empty one."""
    lines = [_markdown_row(heading), _markdown_row(["---"] * len(heading))]
    lines += [_markdown_row(row) for row in rows]
    return [*lines, ""]


def _markdown_row(cells: Iterable[str]) -> str:
    shown = []
    for cell in cells:
        lines = html.escape(cell, quote=False).splitlines()
        # a backslash before it would take the one that is put there (GFM, tables)
        text = "<br>".join(lines).replace("\\|", "&#92;|")
        shown.append(text.replace("|", "\\|"))
    return f"| {' | '.join(shown)} |"


def _seconds(row: Mapping[str, Any]) -> str:
    return f"{row['end'] - row['start']:.1f}"


def _size(size: int | None) -> str:
    if size is None:
        return ""
    if size < 100_000:
        return f"{size / 1000:.1f}{SPACE}kB"
    return f"{size / 1e6:.1f}{SPACE}MB"

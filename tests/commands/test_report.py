"""The page of a release: complete, without a network, and readable without seeing colors."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from release_tasks.commands.report import (
    ReportData,
    as_html,
    as_markdown,
    critical,
    read_logs,
)

ARTIFACT = {"channel": "crates.io", "name": "tiny", "sha256": "ab" * 32}
POINTER = {
    "channel": "GitHub",
    "name": "Latest",
    "state": "behind",
    "now": "",
    "target": "v0.2.0",
}
FINDING = {
    "severity": "warning",
    "name": "stale-version",
    "file": "README.md",
    "line": 3,
    "fact": "a <b>line</b> | with 0.1.0",
    "fix": "edit it",
    "ignored": "",
}
DATA = ReportData(
    "tiny 0.2.0: rehearsal",
    "The rehearsal passed in 9 s: 1 artifact.",
    {
        "commit": "c" * 40,
        "artifacts": [ARTIFACT | {"state": "same"}],
        "pointers": [POINTER],
    },
    [
        {"step": "check", "start": 0.0, "end": 2.0},
        {"step": "build-wheels", "start": 2.0, "end": 3.0},
        {"step": "package-crates", "start": 2.0, "end": 9.0},
    ],
    [["check"], ["package-crates", "build-wheels", "build-binaries"]],
    [
        {
            "registry": "crates",
            "host": "crates.io",
            "client": "cargo/1.95",
            "writes": 1,
        }
    ],
    [FINDING],
    {"tiny": 123_456},
    {"check": "$ nox\n  <script>alert(1)</script>\n"},
    "inv release --version 0.2.0",
)


class Page(HTMLParser):
    """The tags of a page, those that load something, and what a table has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.loads += [
            str(value) for name, value in attrs if name in ("src", "href")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.quick
def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    page = Page(as_html(DATA))
    assert page.open == []
    assert page.loads == []
    assert "script" not in page.tags
    assert "url(" not in as_html(DATA)


@pytest.mark.quick
def test_the_page_says_everything_in_words() -> None:
    page = Page(as_html(DATA))
    for fact in (
        "The rehearsal passed in 9 s",
        "c" * 40,
        "ab" * 32,
        "published",
        "missing",
        "0.1\N{NO-BREAK SPACE}MB",
        "cargo/1.95",
        "README.md:3",
        "a <b>line</b> | with 0.1.0",
        "<script>alert(1)</script>",
    ):
        assert fact in page.text, fact
    assert page.tags.count("table") == page.tags.count("caption") == 4
    assert page.tags.count("h1") == 1
    assert "details" in page.tags


@pytest.mark.quick
def test_the_critical_path_is_the_slowest_step_of_each_stage() -> None:
    assert critical(DATA) == {"check", "package-crates"}


@pytest.mark.quick
def test_markdown_has_the_same_and_keeps_its_columns() -> None:
    text = as_markdown(DATA)
    assert (
        f"| crates.io | tiny | published | 0.1\N{NO-BREAK SPACE}MB | {'ab' * 32} |"
        in text
    )
    assert "a &lt;b&gt;line&lt;/b&gt; \\| with 0.1.0" in text
    assert text.rstrip().endswith("Next: `inv release --version 0.2.0`")
    tables = re.split(r"\n\n", text)
    for table in tables:
        rows = [row for row in table.splitlines() if row.startswith("|")]
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert len(counts) <= 1, table


@pytest.mark.quick
def test_of_a_long_log_the_end_is_shown(tmp_path: Path) -> None:
    (tmp_path / "check.log").write_text("a" * 300_000 + "end")
    (log,) = read_logs(tmp_path).values()
    assert len(log) == 200_000
    assert log.endswith("end")


@pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not installed"
)
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(as_html(DATA))
    options = ["--headless", "--no-sandbox", "--disable-gpu"]
    subprocess.run(
        [
            str(shutil.which("chromium")),
            *options,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1200,1400",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert picture.stat().st_size > 10_000

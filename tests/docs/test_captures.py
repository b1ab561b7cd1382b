"""A picture of a terminal shows what the terminal showed, in its size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyte")
from manual import captures

STEPS = """
import sys
print("\\033[32mfirst\\033[0m")
print("\\u280b one\\n\\u280b two", flush=True)
sys.stdout.write("\\033[2A\\033[J")
print("last in /tmp/polyglot-x1/polyglot/dist")
"""


def test_the_busiest_screen_and_the_last_one_are_kept() -> None:
    argv = (sys.executable, "-c", STEPS)
    busiest, last = captures.captured(argv, 40, 6)
    shown = [row.plain for row in busiest]
    assert shown[:3] == ["first", "\u280b one", "\u280b two"]
    assert len(shown) == 6
    assert [row.plain for row in last][:3] == [
        "first",
        "last in polyglot/dist",
        "",
    ]
    svg = captures.drawn(last, 40)
    assert "first" in svg
    assert "40x6" in svg
    assert "@font-face" not in svg  # it would be fetched from another host


def test_a_program_that_fails_is_not_drawn() -> None:
    argv = (sys.executable, "-c", "raise SystemExit(3)")
    with pytest.raises(subprocess.CalledProcessError):
        captures.captured(argv, 40, 6)


def test_every_picture_is_in_the_documentation() -> None:
    docs = Path(__file__).parents[2] / "docs"
    text = "".join(page.read_text() for page in docs.glob("*.md"))
    for columns, rows in captures.SIZES:
        for name in ("running", "end"):
            picture = f"images/terminal-{columns}x{rows}-{name}.svg"
            assert picture in text
            assert f"{columns}x{rows}" in (docs / picture).read_text()
    assert "images/report.png" in text
    assert (docs / "images/report.png").stat().st_size > 10_000

"""The end of a rehearsal of examples/polyglot: as a picture of a terminal, and in docs/demo.md."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "rehearsal.svg"
PAGE = ROOT / "docs" / "demo.md"
COLUMNS = 100
_BLOCK = re.compile(r"```text\n.*?```", re.S)
_STATES = r"\b(published|same|present)\b"
# rich names a font on another host; whoever looks at the picture has a font of equal width
_FONT_FACES = re.compile(r"@font-face \{.*?\}", re.S)


def make() -> None:
    """Rehearse the release of the example; draw and write the end of what is printed."""
    env = os.environ | {"COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "examples/demo.py"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    lines = _end_of(done.stdout)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(lines))
    plain = [Text.from_ansi(line).plain.rstrip() for line in lines]
    text = "".join(f"{line}\n" for line in plain)
    PAGE.write_text(
        _BLOCK.sub(lambda _: f"```text\n{text}```", PAGE.read_text())
    )


def _end_of(output: str) -> list[str]:
    """Return the lines from the timeline to the next command, without kept folders."""
    lines = output.splitlines()
    first = next(i for i, line in enumerate(lines) if "█" in line)
    last = max(i for i, line in enumerate(lines) if "next:" in line)
    return [line for line in lines[first : last + 1] if "/tmp/" not in line]


def drawn(lines: list[str]) -> str:
    """Return lines as the picture of a terminal, as SVG."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True
    )
    console.print("[bold]$ inv rehearse --version 0.2.0[/]")
    console.print("[dim]...[/]")
    for line in lines:
        text = Text.from_ansi(line)
        text.highlight_regex(_STATES, "green")
        text.highlight_regex(r"█+", "cyan")
        text.highlight_regex(r"^rehearsal passed.*", "bold green")
        text.truncate(COLUMNS)
        console.print(text)
    svg = console.export_svg(title="release-tasks", theme=MONOKAI)
    return _FONT_FACES.sub("", svg)

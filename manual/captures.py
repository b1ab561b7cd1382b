"""What terminals of two sizes show of the demo, and its report in a browser, as pictures."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from manual import terminal
from release_tasks.display.lines import SPINNER

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SIZES = ((80, 24), (120, 40))  # columns and rows
REPORT_SIZE = (1200, 1500)  # pixels
DEMO = (sys.executable, "examples/demo.py", "--all")
_NAMES = {"default": None, "brown": "yellow"}  # pyte's for the colors of rich
_HEX = re.compile(r"[0-9a-f]{6}")
_BRIGHT = re.compile(r"^bright(?=[a-z])")
# the folder of the demo is another one each time
_FOLDER = re.compile(r"/tmp/(?:polyglot-|tmp)\w+/")
# rich names a font on another host; whoever looks at the picture has a font of equal width
_FONT_FACES = re.compile(r"@font-face \{.*?\}", re.S)

Rows = list[Text]


def make() -> None:
    """Run the demo in a terminal of each size, and draw it at work, at its end, and its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        for columns, rows in SIZES:
            argv = (*DEMO, "--report", str(report))
            busiest, last = captured(argv, columns, rows)
            for name, shown in (("running", busiest), ("end", last)):
                path = IMAGES / f"terminal-{columns}x{rows}-{name}.svg"
                path.write_text(drawn(shown, columns))
        photograph(report, IMAGES / "report.png")


def captured(argv: Sequence[str], columns: int, rows: int) -> tuple[Rows, Rows]:
    """Run a program in a terminal; return its screen with most running steps, and the last one.

    Raises `CalledProcessError` where the program fails.
    """
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    busiest = rows_of(screen)

    def draw(data: bytes) -> None:
        nonlocal busiest
        for line in data.splitlines(keepends=True):
            stream.feed(line)
            if _running(screen) >= max(1, _count(busiest)):
                busiest = rows_of(screen)

    code = terminal.run(argv, columns, rows, draw, cwd=ROOT)
    if code:
        raise subprocess.CalledProcessError(code, argv)
    return busiest, rows_of(screen)


def rows_of(screen: pyte.Screen) -> Rows:
    """Return what a terminal shows, with its colors."""
    found = []
    for number in range(screen.lines):
        text = Text()
        row = [
            screen.buffer[number][column] for column in range(screen.columns)
        ]
        for (color, bold), chars in groupby(
            row, lambda char: (char.fg, char.bold)
        ):
            style = Style(color=_color(color), bold=bold)
            text.append("".join(char.data for char in chars), style)
        text.rstrip()
        found.append(_without_folder(text))
    return found


def drawn(rows: Rows, columns: int) -> str:
    """Return rows as the picture of a terminal, as SVG."""
    console = Console(
        record=True,
        width=columns,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    for row in rows:
        console.print(row, no_wrap=True, crop=True)
    title = f"{columns}x{len(rows)}"
    return _FONT_FACES.sub("", console.export_svg(title=title, theme=MONOKAI))


def photograph(page: Path, picture: Path) -> None:
    """Write what a browser shows of a page as PNG. Raises `FileNotFoundError` without Chromium."""
    browser = shutil.which("chromium")
    if browser is None:
        raise FileNotFoundError("chromium draws the report: install it")
    width, height = REPORT_SIZE
    argv = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu"),
        *("--hide-scrollbars", f"--window-size={width},{height}"),
        *(f"--screenshot={picture}", page.as_uri()),
    ]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)


def _running(screen: pyte.Screen) -> int:
    return sum(line[:1] in SPINNER for line in screen.display if line.strip())


def _count(rows: Rows) -> int:
    return sum(row.plain[:1] in SPINNER for row in rows if row.plain.strip())


def _color(name: str) -> str | None:
    if name in _NAMES:
        return _NAMES[name]
    if _HEX.fullmatch(name):
        return f"#{name}"
    return _BRIGHT.sub("bright_", name)


def _without_folder(text: Text) -> Text:
    found = _FOLDER.search(text.plain)
    if found is None:
        return text
    return text[: found.start()] + text[found.end() :]

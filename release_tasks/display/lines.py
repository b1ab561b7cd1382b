"""One line for each running step, drawn again while it works, and a last one when it ends."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from release_tasks.display import amount

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

PER_SECOND = 8  # how often the lines are drawn
NAME_WIDTH = 16  # columns
SECONDS_WIDTH = 7
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
DONE, NOTHING_TO_DO, FAILED = "✓", "·", "✗"
# where stderr cannot show those
PLAIN_MARKS = {DONE: "+", NOTHING_TO_DO: "-", FAILED: "x"}
IDLE = "nothing to do"


@dataclass
class Line:
    """What is known of something that runs; `fact` is the last thing that it has said."""

    name: str
    is_step: bool
    doing: str = ""
    fact: str = ""
    began: float = field(default_factory=time.monotonic)


_lines: dict[str, Line] = {}
_lock = threading.RLock()
_live: Live | None = None


def begin(name: str) -> None:
    """Show a line for a step until `end`."""
    with _lock:
        _lines[name] = Line(name, is_step=True)
    _draw()


def end(name: str, is_well: bool) -> str:
    """Remove the line of a step, and return its last one: a mark, a fact, how long it took."""
    with _lock:
        line = _lines.pop(name)
        if _live is not None:
            _live.refresh()  # else it stays until the next one
    mark = DONE
    if not is_well:
        mark = FAILED
    elif line.fact.startswith(IDLE):
        mark = NOTHING_TO_DO
    fact = line.fact
    if not is_well:
        fact = "failed"
    return row(mark, line, fact, _width())


def is_step(name: str) -> bool:
    """Tell whether a step of this name runs, whose facts its last line has."""
    line = _lines.get(name)
    return line is not None and line.is_step


def does(name: str, text: str) -> None:
    """Show what a step or command does now."""
    if not amount.is_live():
        return
    with _lock:
        line = _lines.setdefault(name, Line(name, is_step=False))
        line.doing = text
    _draw()


def rests(name: str) -> None:
    """Show no line for a command that waits no more; a step keeps its own."""
    with _lock:
        line = _lines.get(name)
        if line is not None and not line.is_step:
            del _lines[name]


def found(name: str, fact: str) -> None:
    """Keep a fact for the last line of a step."""
    with _lock:
        if name in _lines:
            _lines[name].fact = fact


def write(text: str) -> None:
    """Write whole lines to stderr, above those that change."""
    with _lock:
        if _live is None:
            sys.stderr.write(text)
            sys.stderr.flush()
            return
        from rich.text import Text

        for line in text.splitlines():
            _live.console.print(Text.from_ansi(line), soft_wrap=True)


def stop() -> None:
    """Remove the lines, as before something else writes to the terminal."""
    global _live
    with _lock:
        live, _live = _live, None
        for name in [line.name for line in _lines.values() if not line.is_step]:
            del _lines[name]
    if live is not None:
        live.stop()


def row(mark: str, line: Line, text: str, width: int) -> str:
    """Return one line of at most `width` columns, of any length where that is 0."""
    seconds = _seconds(time.monotonic() - line.began)
    start = f"{_shown(mark)} {line.name:<{NAME_WIDTH}} "
    if not width:
        return f"{start}{text} ({seconds.strip()})"
    from rich.cells import cell_len, set_cell_size

    room = max(0, width - cell_len(start) - SECONDS_WIDTH - 1)
    if cell_len(text) > room:
        text = set_cell_size(text, max(0, room - 1)) + "…"
    return f"{start}{set_cell_size(text, room)} {seconds}"


def _draw() -> None:
    """Begin to draw the lines; a thread of rich draws them from then on."""
    global _live
    if not amount.is_live():
        return
    with _lock:
        if _live is not None:
            return
        from rich.console import Console
        from rich.live import Live

        console = Console(
            stderr=True, force_terminal=True, highlight=False, emoji=False
        )
        _live = Live(
            get_renderable=_picture,
            console=console,
            refresh_per_second=PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        _live.start()


def _picture() -> Text:
    from rich.text import Text

    frame = SPINNER[int(time.monotonic() * PER_SECOND) % len(SPINNER)]
    # without the lock: rich draws with one of its own, and others hold ours while they print
    lines = list(_lines.values())
    rows = [
        row(frame, line, line.doing or line.fact, _width()) for line in lines
    ]
    return Text("\n".join(rows), no_wrap=True, overflow="crop")


def _width() -> int:
    # some terminals wrap a full line
    return max(0, amount.width() - 1)


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s".rjust(SECONDS_WIDTH)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s".rjust(SECONDS_WIDTH)


def _shown(mark: str) -> str:
    """Return a mark as stderr can show it."""
    encoding = sys.stderr.encoding or "ascii"
    try:
        mark.encode(encoding)
    except UnicodeEncodeError:
        return PLAIN_MARKS.get(mark, "*")
    return mark

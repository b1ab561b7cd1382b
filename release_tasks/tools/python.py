"""Python programs that are installed beside us."""

from __future__ import annotations

import sys


def module(name: str) -> tuple[str, ...]:
    """Return the words that start an installed module (`python -m NAME`).

    `-P` keeps the working folder off the search path: a `build.py` of the project is not build,
    and a `rich.py` is not rich (Python docs, Command line and environment).
    """
    return (sys.executable, "-P", "-m", name)

"""How much is shown, and on what: a terminal, the log of a CI, or a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum

# the commands that a rehearsal starts show as much as it does
VARIABLE = "RELEASE_TASKS_OUTPUT"
REHEARSAL = "RELEASE_TASKS_REHEARSAL"  # set in what a rehearsal starts
NARROWEST = 40  # columns; some terminals say 0


class Amount(StrEnum):
    """How much of the programs that are run is shown."""

    QUIET = "quiet"  # nothing, unless one fails
    ECHO = "echo"  # their command lines
    VERBOSE = "verbose"  # also what they print


def wanted() -> Amount:
    """Return how much the user wants to see; an unknown value means the default."""
    try:
        return Amount(os.environ.get(VARIABLE, ""))
    except ValueError:
        return Amount.QUIET


def want(amount: Amount) -> None:
    """Show so much from now on, in this process and in those that it starts."""
    os.environ[VARIABLE] = amount


def is_ci() -> bool:
    """Tell whether this runs in a continuous integration, whose log nobody watches."""
    return _is_set("CI")


def is_github() -> bool:
    """Tell whether GitHub Actions reads what is printed."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def is_terminal() -> bool:
    """Tell whether a person sees stderr change."""
    is_dumb = os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not is_ci() and not is_dumb


def is_live() -> bool:
    """Tell whether running steps are lines that change."""
    return is_terminal() and wanted() is not Amount.VERBOSE


def shows_commands() -> bool:
    """Tell whether the command lines of programs are printed."""
    return wanted() is not Amount.QUIET or is_ci()


def shows_output() -> bool:
    """Tell whether what programs print is printed; the log of a CI folds it."""
    return wanted() is Amount.VERBOSE or is_ci()


def is_rehearsal() -> bool:
    """Tell whether this is the release of a clone that a rehearsal has started."""
    return _is_set(REHEARSAL)


def is_colored() -> bool:
    """Tell whether messages have colors (https://no-color.org, https://force-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal()


def width() -> int:
    """Return how many columns a line has; 0 where lines have no end, as in a file."""
    if not is_terminal():
        return 0
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        columns = shutil.get_terminal_size().columns
    return max(NARROWEST, columns)


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() not in ("", "0", "false")

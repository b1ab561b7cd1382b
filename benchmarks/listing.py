"""`inv --list` of this project, installed as a wheel in an environment of its own."""

from __future__ import annotations

import venv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, medians, run, scratch

ROUNDS = 30
PROJECT = Path(__file__).parent.parent


def rows() -> Iterator[Row]:
    """Measure it against invoke with an empty tasks.py, in the same environment."""
    with scratch() as folder:
        venv.create(folder / "env", with_pip=True)
        program = folder / "env" / "bin"
        pip = (program / "python", "-m", "pip", "--disable-pip-version-check")
        run(folder, *pip, "install", "--quiet", PROJECT)
        for name, text in (
            ("ours", "from release_tasks import ns\n"),
            ("empty", ""),
        ):
            (folder / name).mkdir()
            (folder / name / "tasks.py").write_text(text)
        inv_list = (program / "inv", "--list")
        ours, theirs = medians(
            ROUNDS,
            lambda: run(folder / "ours", *inv_list),
            # status 1: it has nothing to list
            lambda: run(folder / "empty", *inv_list, status=(0, 1)),
        )
        yield Row(
            "inv --list", "invoke with an empty tasks.py", 1.6, ours, theirs
        )

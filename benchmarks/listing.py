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
        run(
            folder,
            program / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PROJECT,
        )
        for name, text in (("ours", "from release_tasks import ns\n"), ("empty", "")):
            (folder / name).mkdir()
            (folder / name / "tasks.py").write_text(text)
        yield Row(
            "inv --list",
            "invoke with an empty tasks.py",
            1.6,
            *medians(
                ROUNDS,
                lambda: run(folder / "ours", program / "inv", "--list"),
                lambda: run(
                    folder / "empty", program / "inv", "--list", status=(0, 1)
                ),  # it has nothing to list
            ),
        )

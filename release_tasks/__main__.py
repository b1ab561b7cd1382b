"""The tasks of a project that has no tasks.py yet: `python -m release_tasks init`."""

from __future__ import annotations

from invoke.program import Program

from release_tasks import collection

if __name__ == "__main__":
    Program(
        namespace=collection(), name="release-tasks", binary="python -m release_tasks"
    ).run()

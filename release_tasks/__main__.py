"""`python -m release_tasks`: the command `release-tasks`, where its folder is not on PATH."""

from __future__ import annotations

from release_tasks.program import main

if __name__ == "__main__":
    main()
